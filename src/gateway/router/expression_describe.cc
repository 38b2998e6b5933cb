// Predicates of an expression as text, for whoever explains why a route does not match.

#include <array>
#include <utility>

#include <fmt/format.h>

#include "config/effective.h"
#include "gateway/router/expression.h"
#include "gateway/secrets.h"

namespace sluice {
namespace {

std::string field_text(const ExpressionPredicate& predicate) {
  // In the order of ExpressionField.
  static constexpr std::array<std::string_view, 13> names = {
      "net.protocol",  "tls.sni",       "http.method",
      "http.host",     "http.path",     "http.path.segments.",
      "http.headers.", "http.queries.", "http.path.segments.len",
      "net.src.port",  "net.dst.port",  "net.src.ip",
      "net.dst.ip"};
  std::string text(names[std::to_underlying(predicate.field)]);
  if (predicate.field == ExpressionField::http_path_segment) {
    text += fmt::format("{}", predicate.first_segment);
    if (predicate.last_segment != predicate.first_segment)
      text += fmt::format("_{}", predicate.last_segment);
  } else if (predicate.field == ExpressionField::http_header) {
    for (const char byte : predicate.name)
      text += byte == '-' ? '_' : byte;
  } else {
    text += predicate.name;
  }
  if (predicate.lower) text = "lower(" + text + ")";
  if (predicate.any) text = "any(" + text + ")";
  return text;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') result += '\\';
    result += byte;
  }
  return result + "\"";
}

std::string literal_text(const ExpressionPredicate& predicate) {
  switch (predicate.field) {
    case ExpressionField::net_src_ip:
    case ExpressionField::net_dst_ip: {
      const std::string ip = predicate.network->base.ip_text();
      const bool is_network = predicate.operation == ExpressionOperator::in ||
                              predicate.operation == ExpressionOperator::not_in;
      return is_network ? fmt::format("{}/{}", ip, predicate.network->bits) : ip;
    }
    case ExpressionField::net_src_port:
    case ExpressionField::net_dst_port:
    case ExpressionField::http_path_segment_count:
      return fmt::format("{}", predicate.number);
    default:
      if (predicate.regex == nullptr) return quoted(predicate.text);
      return quoted((predicate.at_start ? "^" : "") + predicate.regex->pattern());
  }
}

}  // namespace

bool is_secret(const ExpressionPredicate& predicate, std::span<const std::string> secrets) {
  return (predicate.field == ExpressionField::http_header ||
          predicate.field == ExpressionField::http_query) &&
         (is_secret_field(predicate.name, secrets) || config::is_credential_name(predicate.name));
}

std::string Expression::text_without_secrets(std::span<const std::string> secrets) const {
  return text_of(0, secrets);
}

std::string Expression::text_of(std::uint32_t at,  // NOLINT(misc-no-recursion): depth_max
                                std::span<const std::string> secrets) const {
  const Node& node = nodes_[at];
  if (node.kind == Node::Kind::predicate) {
    const ExpressionPredicate& predicate = predicates_[node.predicate];
    return describe(predicate, is_secret(predicate, secrets));
  }
  if (node.kind == Node::Kind::negation) return "!(" + text_of(at + 1, secrets) + ")";
  std::string list;
  for (std::uint32_t child = at + 1; child < at + node.size; child += nodes_[child].size) {
    const Node::Kind kind = nodes_[child].kind;
    // Also where || binds tighter anyway: few readers expect that.
    const bool needs_group = kind == Node::Kind::all || kind == Node::Kind::any;
    if (!list.empty()) list += node.kind == Node::Kind::all ? " && " : " || ";
    list += needs_group ? "(" + text_of(child, secrets) + ")" : text_of(child, secrets);
  }
  return list;
}

std::string describe(const ExpressionPredicate& predicate, bool is_secret) {
  // In the order of ExpressionOperator.
  static constexpr std::array<std::string_view, 12> operators = {
      "==", "!=", "~", "^=", "=^", ">=", ">", "<=", "<", "in", "not in", "contains"};
  return fmt::format("{} {} {}", field_text(predicate),
                     operators[std::to_underlying(predicate.operation)],
                     is_secret ? std::string(redacted_value) : literal_text(predicate));
}

}  // namespace sluice
