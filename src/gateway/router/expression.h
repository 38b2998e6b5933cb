#pragma once
// Kong's expression language (ATC; kong.md §2.6), compiled: one evaluator
// without allocation for all threads.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "gateway/router/question.h"
#include "gateway/router/ranking.h"
#include "http/header_id.h"

namespace sluice {

/// What is wrong with an expression, and at which byte.
struct ExpressionProblem {
  std::size_t offset = 0;
  std::string message;  ///< lower case, no period, with what to do
};

enum class ExpressionField : std::uint8_t {
  net_protocol,
  tls_sni,
  http_method,
  http_host,
  http_path,
  http_path_segment,
  http_header,
  http_query,
  http_path_segment_count,
  net_src_port,
  net_dst_port,
  net_src_ip,
  net_dst_ip,
};

enum class ExpressionOperator : std::uint8_t {
  equal,
  not_equal,
  matches,
  starts_with,
  ends_with,
  greater_or_equal,
  greater,
  less_or_equal,
  less,
  in,
  not_in,
  contains,
};

/// A field compared with a literal.
struct ExpressionPredicate {
  ExpressionField field = ExpressionField::http_path;
  ExpressionOperator operation = ExpressionOperator::equal;
  bool lower = false;     ///< lower(field)
  bool any = false;       ///< any(field): one value is enough; else all have to agree
  bool at_start = false;  ///< the regular expression is behind a "^"
  http::HeaderId header = http::HeaderId::other;
  std::uint32_t first_segment = 0;
  std::uint32_t last_segment = 0;
  std::string_view name;  ///< of the header (lower case, with '-') or the query parameter
  std::string_view text;  ///< both borrow from the expression
  std::int64_t number = 0;
  std::unique_ptr<const Network> network;
  std::shared_ptr<const Regex> regex;
};

/// Immutable.
class Expression {
 public:
  static constexpr std::size_t bytes_max = 16 * 1024;
  static constexpr std::size_t depth_max = 64;  ///< of parentheses
  static constexpr std::size_t predicates_max = 1024;

  static std::expected<std::shared_ptr<const Expression>, ExpressionProblem> compile(
      std::string_view text);

  /// `path` becomes what the last predicate on http.path matched.
  bool admits(const Question& question, PathMatch& path) const noexcept;

  /// Hosts and path prefixes of which every request that is admitted has one; empty where the
  /// expression does not say. For indexes. Borrows from the expression.
  struct Keys {
    std::optional<std::vector<HostPattern>> hosts;
    std::optional<std::vector<std::string_view>> paths;
    /// What the path of every request that is admitted matches; null where the expression does not
    /// say.
    const Regex* regex = nullptr;
  };

  Keys keys() const { return keys_of(0); }

  /// What a route without an expression can ask as well: every request that is admitted has one of
  /// the methods, if there are any, and of each header one of its values, in any case. Borrows from
  /// the expression.
  struct Matchers {
    struct Header {
      std::string_view name;
      std::vector<std::string_view> values;  ///< lower case
    };

    std::vector<std::string_view> methods;
    std::vector<Header> headers;
  };

  Matchers matchers() const;

  /// For who has found a request by keys(), with its path if is_path_key(), and has asked the
  /// matchers(): whether it also holds what they do not say whole.
  bool admits_found(const Question& question, PathMatch& path) const noexcept;

  /// Whether what of a path matches is said by keys() alone, its prefix or its regular expression.
  bool is_path_key() const noexcept { return is_path_key_; }

  /// Whether there is nothing that keys() and matchers() do not say.
  bool is_covered() const noexcept { return is_covered_; }

  /// Whether `other` admits every request that this admits, as far as the conditions show one by
  /// one; false where that is not certain.
  bool implies(const Expression& other) const;

  /// As it stands in a configuration, without the literals of credentials; `secrets` are names of
  /// fields and arguments that hold some, beside those that always do.
  std::string text_without_secrets(std::span<const std::string> secrets) const;

  /// A predicate because of which a request is not admitted.
  struct Unmet {
    const ExpressionPredicate* predicate;
    bool holds;  ///< it holds, and stands behind a "!"
  };

  /// Precondition: not admitted. In the order of the text; of conditions that must all hold, those
  /// that do not.
  std::vector<Unmet> unmet(const Question& question) const;

 private:
  friend class ExpressionParser;

  struct Node {
    enum class Kind : std::uint8_t { all, any, negation, predicate };

    Kind kind = Kind::predicate;
    bool is_covered = false;  ///< holds where keys() and matchers() do
    std::uint16_t size = 1;   ///< nodes of the whole subtree, which come in a row
    std::uint16_t predicate = 0;
  };

  // Each node takes a byte of the text or more.
  static_assert(bytes_max <= UINT16_MAX);

  bool evaluate(std::uint32_t node, const Question& question, PathMatch& path) const noexcept;
  Keys keys_of(std::uint32_t node) const;
  std::string text_of(std::uint32_t node, std::span<const std::string> secrets) const;
  /// Calls `visit` with each of the conditions that all have to hold.
  template <class Visitor>
  void each_condition(Visitor&& visit) const;
  /// The predicates of a condition that is one or a list of alternatives; empty for another.
  std::span<const ExpressionPredicate> alternatives_of(std::uint32_t node) const;

  /// A node and all below it.
  struct Condition {
    const Expression* expression;
    std::uint32_t node;
  };

  /// False, too, once no step is left.
  static bool node_implies(Condition from, Condition to, int& steps);
  bool covers_by_key(std::uint32_t node, const Keys& keys);
  void mark_covered();
  void collect_unmet(std::uint32_t node, bool wanted, const Question& question,
                     std::vector<Unmet>& found) const;

  std::vector<Node> nodes_;
  std::vector<ExpressionPredicate> predicates_;
  std::unique_ptr<char[]> texts_;  ///< names and texts of the predicates
  bool is_path_key_ = false;
  bool is_covered_ = false;
};

/// Whether the predicate holds; `path` as in Expression::admits.
bool holds(const ExpressionPredicate& predicate, const Question& question,
           PathMatch& path) noexcept;

/// Whether the value that a predicate is about is a credential; `secrets` as above.
bool is_secret(const ExpressionPredicate& predicate, std::span<const std::string> secrets);

/// As it stands in a configuration: `http.path ^= "/a"`; without the literal where it is a secret.
std::string describe(const ExpressionPredicate& predicate, bool is_secret);

/// What the request has for the field of a predicate, several values with commas; empty for none.
std::string value_of(const ExpressionPredicate& predicate, const Question& question);

}  // namespace sluice
