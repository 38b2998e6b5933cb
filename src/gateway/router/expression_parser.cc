// The text of an expression: grammar and types. `||` binds tighter than `&&`,
// as in Kong's parser.

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include <fmt/format.h>

#include "config/diagnostics.h"
#include "gateway/router/expression.h"
#include "http/text.h"

namespace sluice {
namespace {

enum class Type : std::uint8_t { text, number, address };

struct NamedField {
  std::string_view name;
  ExpressionField field;
  Type type;
};

// net.port is what Kong called net.dst.port before 3.4.
constexpr std::array fields = {
    NamedField{"net.protocol", ExpressionField::net_protocol, Type::text},
    NamedField{"tls.sni", ExpressionField::tls_sni, Type::text},
    NamedField{"http.method", ExpressionField::http_method, Type::text},
    NamedField{"http.host", ExpressionField::http_host, Type::text},
    NamedField{"http.path", ExpressionField::http_path, Type::text},
    NamedField{"http.path.segments.len", ExpressionField::http_path_segment_count, Type::number},
    NamedField{"net.src.ip", ExpressionField::net_src_ip, Type::address},
    NamedField{"net.src.port", ExpressionField::net_src_port, Type::number},
    NamedField{"net.dst.ip", ExpressionField::net_dst_ip, Type::address},
    NamedField{"net.dst.port", ExpressionField::net_dst_port, Type::number},
    NamedField{"net.port", ExpressionField::net_dst_port, Type::number},
};

struct NamedOperator {
  std::string_view text;
  ExpressionOperator operation;
};

// Longer ones before those that they begin with.
constexpr std::array operators = {
    NamedOperator{"==", ExpressionOperator::equal},
    NamedOperator{"!=", ExpressionOperator::not_equal},
    NamedOperator{"^=", ExpressionOperator::starts_with},
    NamedOperator{"=^", ExpressionOperator::ends_with},
    NamedOperator{">=", ExpressionOperator::greater_or_equal},
    NamedOperator{"<=", ExpressionOperator::less_or_equal},
    NamedOperator{">", ExpressionOperator::greater},
    NamedOperator{"<", ExpressionOperator::less},
    NamedOperator{"~", ExpressionOperator::matches},
};

bool is_ident(char byte) {
  return http::is(byte, http::byte_class::token) &&
         (byte == '_' || byte == '.' || (http::lower(byte) >= 'a' && http::lower(byte) <= 'z') ||
          http::is(byte, http::byte_class::digit));
}

bool is_literal(char byte) {
  return http::is(byte, http::byte_class::hex) || byte == '.' || byte == ':' || byte == '/' ||
         byte == 'x' || byte == '-';
}

template <class Number>
bool parse_whole(std::string_view text, int base, Number& number) {
  const char* const end = std::to_address(text.end());
  const auto [stop, error] = std::from_chars(std::to_address(text.begin()), end, number, base);
  return error == std::errc() && stop == end && !text.empty();
}

bool has_host_bits(const Network& network) {
  const std::size_t bits = network.base.family == Address::Family::ipv4 ? 32 : 128;
  for (std::size_t bit = network.bits; bit < bits; ++bit)
    if ((network.base.ip[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  return false;
}

}  // namespace

class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text)
      : text_(text), expression_(std::make_shared<Expression>()) {
    // No literal is longer than it stands in the text: what borrows from here stays valid.
    texts_.reserve(text.size());
  }

  std::expected<std::shared_ptr<const Expression>, ExpressionProblem> run() {
    if (text_.size() > Expression::bytes_max)
      fail(0, fmt::format("must not be longer than {} bytes", Expression::bytes_max));
    else if (parse_all(0) && (skip_space(), at_ != text_.size()))
      fail(at_, fmt::format("expected && or || between two conditions, got {}", rest()));
    if (problem_) return std::unexpected(*std::move(problem_));
    expression_->nodes_.shrink_to_fit();
    expression_->predicates_.shrink_to_fit();
    own_texts();
    expression_->mark_covered();
    return expression_;
  }

 private:
  using Node = Expression::Node;

  /// Lets the expression own what its predicates have borrowed from the parser.
  void own_texts() {
    expression_->texts_ = std::make_unique_for_overwrite<char[]>(texts_.size());
    std::ranges::copy(texts_, expression_->texts_.get());
    const auto move = [&](std::string_view& text) {
      text = text.empty()
                 ? std::string_view()
                 : std::string_view(expression_->texts_.get() + (text.data() - texts_.data()),
                                    text.size());
    };
    for (ExpressionPredicate& predicate : expression_->predicates_) {
      move(predicate.name);
      move(predicate.text);
    }
  }

  std::string_view keep(std::string_view text) {
    const std::size_t begin = texts_.size();
    texts_ += text;
    return std::string_view(texts_).substr(begin);
  }

  // Each parse_ function is false after a problem.
  bool parse_all(std::size_t depth) {  // NOLINT(misc-no-recursion): counted
    return parse_list(Node::Kind::all, "&&", [&] {
      return parse_list(Node::Kind::any, "||", [&] { return parse_term(depth); });
    });
  }

  template <class Element>
  bool parse_list(Node::Kind kind, std::string_view separator, Element&& element) {
    auto& nodes = expression_->nodes_;
    const std::size_t begin = nodes.size();
    if (!element()) return false;
    bool several = false;
    while (take(separator)) {
      several = true;
      if (!element()) return false;
    }
    if (several) {
      nodes.insert(nodes.begin() + static_cast<std::ptrdiff_t>(begin), Node{kind, false, 0, 0});
      nodes[begin].size = static_cast<std::uint16_t>(nodes.size() - begin);
    }
    return true;
  }

  bool parse_term(std::size_t depth) {  // NOLINT(misc-no-recursion): counted
    skip_space();
    const std::size_t start = at_;
    const bool negates = at_ < text_.size() && text_[at_] == '!';
    if (negates) ++at_;
    if (!take("(")) {
      if (negates) return fail(at_, "expected \"(\" behind \"!\": only a group can be negated");
      return parse_predicate();
    }
    if (depth == Expression::depth_max)
      return fail(start, fmt::format("parentheses must not be nested deeper than {}",
                                     Expression::depth_max));
    const std::size_t begin = expression_->nodes_.size();
    if (negates) expression_->nodes_.push_back({Node::Kind::negation, false, 0, 0});
    if (!parse_all(depth + 1)) return false;
    if (negates)
      expression_->nodes_[begin].size =
          static_cast<std::uint16_t>(expression_->nodes_.size() - begin);
    if (!take(")")) return fail(at_, fmt::format("expected \")\", got {}", rest()));
    return true;
  }

  bool parse_predicate() {
    if (expression_->predicates_.size() == Expression::predicates_max)
      return fail(at_,
                  fmt::format("must not have more than {} conditions", Expression::predicates_max));
    ExpressionPredicate predicate;
    Type type = Type::text;
    if (!parse_left(predicate, type) || !parse_operator(predicate, type) ||
        !parse_literal(predicate, type))
      return false;
    expression_->nodes_.push_back({Node::Kind::predicate, false, 1,
                                   static_cast<std::uint16_t>(expression_->predicates_.size())});
    expression_->predicates_.push_back(std::move(predicate));
    return true;
  }

  bool parse_left(ExpressionPredicate& predicate, Type& type) {
    std::size_t open = 0;
    for (;;) {
      skip_space();
      const std::size_t start = at_;
      const std::string_view word = take_ident();
      if (word.empty()) return fail(start, fmt::format("expected a field, got {}", rest()));
      if (!take("(")) {
        if (!find_field(word, start, predicate, type)) return false;
        break;
      }
      if (word != "lower" && word != "any")
        return fail(start,
                    fmt::format("no function {}, use lower() or any()", config::in_quotes(word)));
      if (open == 2) return fail(start, "use lower() and any() once each");
      (word == "lower" ? predicate.lower : predicate.any) = true;
      ++open;
    }
    for (; open > 0; --open)
      if (!take(")")) return fail(at_, fmt::format("expected \")\", got {}", rest()));
    if (predicate.lower && type != Type::text)
      return fail(at_, "lower() takes a field that is a text");
    return true;
  }

  bool find_field(std::string_view word, std::size_t start, ExpressionPredicate& predicate,
                  Type& type) {
    constexpr std::string_view headers = "http.headers.", queries = "http.queries.",
                               segments = "http.path.segments.";
    if (const auto found = std::ranges::find(fields, word, &NamedField::name);
        found != fields.end()) {
      predicate.field = found->field;
      type = found->type;
      return true;
    }
    if (word.starts_with(headers) && word.size() > headers.size()) {
      predicate.field = ExpressionField::http_header;
      std::string name = http::lowered(word.substr(headers.size()));
      std::ranges::replace(name, '_', '-');
      predicate.name = keep(name);
      predicate.header = http::header_id(predicate.name);
      return true;
    }
    if (word.starts_with(queries) && word.size() > queries.size()) {
      predicate.field = ExpressionField::http_query;
      predicate.name = keep(word.substr(queries.size()));
      return true;
    }
    if (word.starts_with(segments))
      return find_segments(word.substr(segments.size()), start, predicate);
    std::array<std::string_view, fields.size()> names;
    std::ranges::transform(fields, names.begin(), &NamedField::name);
    return fail(start, fmt::format("no field {}{}", config::in_quotes(word),
                                   config::suggestion(word, names)));
  }

  bool find_segments(std::string_view range, std::size_t start, ExpressionPredicate& predicate) {
    const std::size_t bar = range.find('_');
    predicate.field = ExpressionField::http_path_segment;
    const bool is_valid = parse_whole(range.substr(0, bar), 10, predicate.first_segment) &&
                          (bar == std::string_view::npos ||
                           (parse_whole(range.substr(bar + 1), 10, predicate.last_segment) &&
                            predicate.last_segment > predicate.first_segment));
    if (!is_valid)
      return fail(start, fmt::format("expected http.path.segments.0, .0_2 or .len, got {}",
                                     config::in_quotes(range)));
    if (bar == std::string_view::npos) predicate.last_segment = predicate.first_segment;
    return true;
  }

  bool parse_operator(ExpressionPredicate& predicate, Type type) {
    skip_space();
    const std::size_t start = at_;
    const auto found = std::ranges::find_if(operators, [&](const NamedOperator& each) {
      return text_.substr(at_).starts_with(each.text);
    });
    if (found != operators.end()) {
      at_ += found->text.size();
      predicate.operation = found->operation;
    } else {
      const std::string_view word = take_ident();
      if (word == "in")
        predicate.operation = ExpressionOperator::in;
      else if (word == "contains")
        predicate.operation = ExpressionOperator::contains;
      else if (word == "not" && (skip_space(), take_ident() == "in"))
        predicate.operation = ExpressionOperator::not_in;
      else
        return fail(start, fmt::format("expected an operator, one of == != ~ ^= =^ > >= < <= in, "
                                       "not in, contains, got {}",
                                       word.empty() ? rest() : config::in_quotes(word)));
    }
    return check_operator(predicate.operation, type, start);
  }

  bool check_operator(ExpressionOperator operation, Type type, std::size_t start) {
    using enum ExpressionOperator;
    switch (operation) {
      case equal:
      case not_equal:
        return true;
      case matches:
      case starts_with:
      case ends_with:
      case contains:
        return type == Type::text || fail(start, "this operator compares texts; use == or != here");
      case in:
      case not_in:
        return type == Type::address || fail(start,
                                             "in and not in take an IP address and a network; for "
                                             "a text use contains");
      default:
        return type == Type::number || fail(start, "this operator compares numbers");
    }
  }

  bool parse_literal(ExpressionPredicate& predicate, Type type) {
    skip_space();
    const std::size_t start = at_;
    const std::string_view left = text_.substr(at_);
    const bool is_text = left.starts_with('"') || left.starts_with("r#\"");
    if (is_text) {
      if (type != Type::text)
        return fail(start, type == Type::number ? "expected a number, got a text"
                                                : "expected an IP address without quotes");
      std::string literal;
      return (left.starts_with('"') ? parse_quoted(literal) : parse_raw(literal)) &&
             finish_text(predicate, literal, start);
    }
    while (at_ < text_.size() && is_literal(text_[at_]))
      ++at_;
    const std::string_view word = text_.substr(start, at_ - start);
    if (word.empty()) return fail(start, fmt::format("expected a value, got {}", rest()));
    if (type == Type::text)
      return fail(start,
                  fmt::format("expected a text in double quotes, got {}", config::in_quotes(word)));
    return type == Type::number ? parse_number(word, start, predicate.number)
                                : parse_network(word, start, predicate);
  }

  bool parse_quoted(std::string& to) {
    const std::size_t start = at_++;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\') {
        to += text_[at_];
        continue;
      }
      if (++at_ == text_.size()) break;
      constexpr std::string_view from = "nrt\\\"", meaning = "\n\r\t\\\"";
      const std::size_t known = from.find(text_[at_]);
      if (known == std::string_view::npos)
        return fail(at_ - 1, fmt::format("no escape {}, use \\n \\r \\t \\\\ \\\" or a "
                                         "raw text r#\"...\"#",
                                         config::in_quotes(text_.substr(at_ - 1, 2))));
      to += meaning[known];
    }
    if (at_ >= text_.size()) return fail(start, "this text has no end: \" is missing");
    ++at_;
    return true;
  }

  bool parse_raw(std::string& to) {
    const std::size_t start = at_;
    const std::size_t end = text_.find("\"#", start + 3);
    if (end == std::string_view::npos)
      return fail(start, "this raw text has no end: \"# is missing");
    to = text_.substr(start + 3, end - start - 3);
    at_ = end + 2;
    return true;
  }

  bool finish_text(ExpressionPredicate& predicate, std::string_view literal, std::size_t start) {
    if (predicate.operation != ExpressionOperator::matches) {
      // Hosts are compared in lower case, whatever the client and the configuration write.
      const bool is_host = predicate.field == ExpressionField::http_host;
      predicate.text = keep(is_host ? http::lowered(literal) : std::string(literal));
      return true;
    }
    const bool is_anchored = literal.starts_with('^');
    auto regex = Regex::compile(literal.substr(is_anchored ? 1 : 0),
                                is_anchored ? Regex::Anchor::at_start : Regex::Anchor::anywhere);
    if (!regex) return fail(start, "not a regular expression: " + regex.error());
    predicate.regex = *std::move(regex);
    predicate.at_start = is_anchored;
    return true;
  }

  bool parse_number(std::string_view word, std::size_t start, std::int64_t& number) {
    std::string_view digits = word;
    const bool is_negative = digits.starts_with('-');
    if (is_negative) digits.remove_prefix(1);
    int base = 10;
    if (digits.starts_with("0x")) {
      base = 16;
      digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits.starts_with('0')) {
      base = 8;
    }
    if (digits.starts_with('-') || !parse_whole(digits, base, number))
      return fail(start, fmt::format("expected a whole number, got {}", config::in_quotes(word)));
    if (is_negative) number = -number;
    return true;
  }

  bool parse_network(std::string_view word, std::size_t start, ExpressionPredicate& predicate) {
    const auto network = Network::parse(word);
    const bool is_network = word.contains('/');
    if (!network)
      return fail(start, fmt::format("expected an IP address, got {}", config::in_quotes(word)));
    const bool wants_network = predicate.operation == ExpressionOperator::in ||
                               predicate.operation == ExpressionOperator::not_in;
    if (is_network != wants_network)
      return fail(start, wants_network ? "in and not in take a network such as 10.0.0.0/8"
                                       : "== and != take an address; for a network use in");
    if (has_host_bits(*network))
      return fail(start, fmt::format("the bits behind the prefix of {} must be zero",
                                     config::in_quotes(word)));
    predicate.network = std::make_unique<const Network>(*network);
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_]))
      ++at_;
  }

  bool take(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  std::string_view take_ident() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_ident(text_[at_]))
      ++at_;
    return text_.substr(start, at_ - start);
  }

  /// What stands where something else was expected.
  std::string rest() const {
    return at_ == text_.size() ? "the end" : config::in_quotes(text_.substr(at_, 12));
  }

  bool fail(std::size_t offset, std::string message) {
    if (!problem_) problem_ = {offset, std::move(message)};
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string texts_;  ///< that predicates borrow until the end
  std::shared_ptr<Expression> expression_;
  std::optional<ExpressionProblem> problem_;
};

std::expected<std::shared_ptr<const Expression>, ExpressionProblem> Expression::compile(
    std::string_view text) {
  return ExpressionParser(text).run();
}

}  // namespace sluice
