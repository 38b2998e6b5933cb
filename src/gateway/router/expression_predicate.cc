// One predicate of an expression against one request: what values a field has, and how each is
// compared.

#include <array>
#include <optional>
#include <string>

#include "gateway/router/expression.h"
#include "http/query.h"
#include "http/text.h"

namespace sluice {
namespace {

using enum ExpressionOperator;

/// A copy of a text for comparing, on the stack where it is short.
class Scratch {
 public:
  std::string_view lowered(std::string_view text) {
    char* const to = room(text.size());
    for (std::size_t i = 0; i < text.size(); ++i)
      to[i] = http::lower(text[i]);
    return {to, text.size()};
  }

 private:
  char* room(std::size_t size) {
    if (size <= near_.size()) return near_.data();
    far_.resize(size);
    return far_.data();
  }

  std::array<char, 512> near_;
  std::string far_;
};

/// Kong counts "/a/b" as a and b, "/a/" as a and an empty one, and "/" as none.
std::uint32_t segment_count(std::string_view path) noexcept {
  if (path.size() <= 1) return 0;
  std::uint32_t count = 0;
  for (const char byte : path)
    count += byte == '/' ? 1U : 0U;
  return count;
}

/// Segments `first` to `last` with what stands between them; nothing where one is missing.
std::optional<std::string_view> segments_of(std::string_view path, std::uint32_t first,
                                            std::uint32_t last) noexcept {
  if (segment_count(path) <= last) return std::nullopt;
  std::size_t begin = 0;
  for (std::uint32_t i = 0; i < first; ++i)
    begin = path.find('/', begin + 1);
  std::size_t end = begin;
  for (std::uint32_t i = first; i <= last; ++i)
    end = std::min(path.find('/', end + 1), path.size());
  return path.substr(begin + 1, end - begin - 1);
}

class Evaluation {
 public:
  Evaluation(const ExpressionPredicate& predicate, const Question& question, PathMatch& path)
      : predicate_(predicate), question_(question), path_(path) {}

  bool run() {
    switch (predicate_.field) {
      case ExpressionField::net_protocol:
        return compare(question_.scheme);
      case ExpressionField::tls_sni:
        return !question_.sni.empty() && compare(question_.sni);
      case ExpressionField::http_method:
        return compare(question_.method);
      case ExpressionField::http_host:
        return compare(question_.host);
      case ExpressionField::http_path:
        return compare(question_.path);
      case ExpressionField::http_path_segment: {
        const auto text =
            segments_of(question_.path, predicate_.first_segment, predicate_.last_segment);
        return text && compare(*text);
      }
      case ExpressionField::http_header:
        return headers();
      case ExpressionField::http_query:
        return queries();
      case ExpressionField::http_path_segment_count:
        return number(segment_count(question_.path));
      case ExpressionField::net_src_port:
        return port(question_.source);
      case ExpressionField::net_dst_port:
        return number(question_.port);  // as in Kong, where it stands for a port in hosts, too
      case ExpressionField::net_src_ip:
        return address(question_.source);
      case ExpressionField::net_dst_ip:
        return address(question_.destination);
    }
    return false;
  }

  /// What is compared, for people.
  std::string values() const {
    switch (predicate_.field) {
      case ExpressionField::net_protocol:
        return std::string(question_.scheme);
      case ExpressionField::tls_sni:
        return std::string(question_.sni);
      case ExpressionField::http_method:
        return std::string(question_.method);
      case ExpressionField::http_host:
        return std::string(question_.host);
      case ExpressionField::http_path:
        return std::string(question_.path);
      case ExpressionField::http_path_segment:
        return std::string(
            segments_of(question_.path, predicate_.first_segment, predicate_.last_segment)
                .value_or(""));
      case ExpressionField::http_header:
        return header_values();
      case ExpressionField::http_query:
        return query_values();
      case ExpressionField::http_path_segment_count:
        return std::to_string(segment_count(question_.path));
      case ExpressionField::net_src_port:
      case ExpressionField::net_src_ip:
        return endpoint_value(question_.source);
      case ExpressionField::net_dst_port:
        return std::to_string(question_.port);
      case ExpressionField::net_dst_ip:
        return endpoint_value(question_.destination);
    }
    return {};
  }

 private:
  bool is_meant(const http::Headers::Field& field) const {
    return predicate_.header != http::HeaderId::other ? field.id == predicate_.header
                                                      : is_name(field.name());
  }

  static void append(std::string& list, std::string_view value) {
    if (!list.empty()) list += ", ";
    list += value;
  }

  std::string header_values() const {
    std::string list;
    for (const http::Headers::Field& field : question_.headers.fields())
      if (is_meant(field)) append(list, field.value());
    return list;
  }

  std::string query_values() const {
    std::string list;
    std::string_view rest = question_.query;
    while (const auto parameter = http::next_query_parameter(rest))
      if (http::query_decodes_to(parameter->name, predicate_.name))
        append(list, http::decode_query(parameter->value));
    return list;
  }

  std::string endpoint_value(const Address* of) const {
    if (of == nullptr) return {};
    const bool is_port = predicate_.field == ExpressionField::net_src_port;
    return is_port ? std::to_string(of->port) : of->ip_text();
  }

  /// Takes the next value of a list; true once the outcome is certain, which then is outcome_.
  bool settles(std::string_view value) {
    const bool agrees = compare(value);
    outcome_ = agrees;
    return agrees == predicate_.any;
  }

  bool headers() {
    for (const http::Headers::Field& field : question_.headers.fields())
      if (is_meant(field) && settles(field.value())) break;
    return outcome_;
  }

  bool is_name(std::string_view name) const {
    if (name.size() != predicate_.name.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i)
      if ((name[i] == '_' ? '-' : http::lower(name[i])) != predicate_.name[i]) return false;
    return true;
  }

  bool queries() {
    std::string_view rest = question_.query;
    while (const auto parameter = http::next_query_parameter(rest)) {
      if (!http::query_decodes_to(parameter->name, predicate_.name)) continue;
      const bool is_plain = parameter->value.find_first_of("%+") == std::string_view::npos;
      if (!is_plain) decoded_ = http::decode_query(parameter->value);
      if (settles(is_plain ? parameter->value : std::string_view(decoded_))) break;
    }
    return outcome_;
  }

  bool port(const Address* of) { return of != nullptr && number(of->port); }

  bool number(std::int64_t value) const {
    switch (predicate_.operation) {
      case equal:
        return value == predicate_.number;
      case not_equal:
        return value != predicate_.number;
      case greater:
        return value > predicate_.number;
      case greater_or_equal:
        return value >= predicate_.number;
      case less:
        return value < predicate_.number;
      case less_or_equal:
        return value <= predicate_.number;
      default:
        return false;
    }
  }

  bool address(const Address* of) const {
    if (of == nullptr) return false;
    const bool is_in = predicate_.network->contains(*of);
    return predicate_.operation == equal || predicate_.operation == in ? is_in : !is_in;
  }

  bool compare(std::string_view value) {
    if (predicate_.lower) value = scratch_.lowered(value);
    const std::string_view text = predicate_.text;
    switch (predicate_.operation) {
      case equal:
        return value == text && matched(text.size());
      case not_equal:
        return value != text;
      case starts_with:
        return value.starts_with(text) && matched(text.size());
      case ends_with:
        return value.ends_with(text);
      case contains:
        return value.find(text) != std::string_view::npos;
      case matches: {
        const auto found = predicate_.regex->find(value);
        return found && matched(found->size());
      }
      default:
        return false;
    }
  }

  bool matched(std::size_t size) {
    if (predicate_.field == ExpressionField::http_path) path_ = {size, predicate_.regex.get()};
    return true;
  }

  const ExpressionPredicate& predicate_;
  const Question& question_;
  PathMatch& path_;
  bool outcome_ = false;  ///< a field that is absent satisfies nothing
  Scratch scratch_;
  std::string decoded_;
};

}  // namespace

bool holds(const ExpressionPredicate& predicate, const Question& question,
           PathMatch& path) noexcept {
  return Evaluation(predicate, question, path).run();
}

std::string value_of(const ExpressionPredicate& predicate, const Question& question) {
  PathMatch path;
  return Evaluation(predicate, question, path).values();
}

}  // namespace sluice
