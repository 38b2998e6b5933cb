#include "gateway/router/expression.h"

#include <algorithm>

namespace sluice {
namespace {

using Kind = ExpressionField;

template <class Key>
using Keys = std::optional<std::vector<Key>>;

/// More than this many alternatives are no help to an index.
constexpr std::size_t keys_max = 32;

/// Both conditions hold: the shorter list says more.
template <class Key>
void narrow(Keys<Key>& keys, Keys<Key> other) {
  if (!other) return;
  if (!keys || other->size() < keys->size()) keys = std::move(other);
}

/// Either condition holds.
template <class Key>
void widen(Keys<Key>& keys, const Keys<Key>& other) {
  if (!keys) return;
  if (!other || keys->size() + other->size() > keys_max) {
    keys.reset();
    return;
  }
  for (const Key& key : *other)
    if (std::ranges::find(*keys, key) == keys->end()) keys->push_back(key);
}

Expression::Keys keys_of_predicate(const ExpressionPredicate& predicate) {
  using enum ExpressionOperator;
  Expression::Keys keys;
  if (predicate.lower) return keys;
  const ExpressionOperator operation = predicate.operation;
  if (predicate.field == ExpressionField::http_host) {
    using enum HostPattern::Kind;
    const HostPattern same{exact, predicate.text, 0};
    if (operation == equal) keys.hosts = {same};
    // As *.a.com and a.* are found, but that nothing has to stand for the asterisk.
    if (operation == ends_with && predicate.text.starts_with('.'))
      keys.hosts = {same, {suffix, predicate.text, 0}};
    if (operation == starts_with && predicate.text.ends_with('.'))
      keys.hosts = {same, {prefix, predicate.text, 0}};
  }
  if (predicate.field == ExpressionField::http_path) {
    if (operation == equal || operation == starts_with) keys.paths = {predicate.text};
    if (operation == matches && !predicate.regex->literal_prefix().empty())
      keys.paths = {predicate.regex->literal_prefix()};
    if (operation == matches) keys.regex = predicate.regex.get();
  }
  return keys;
}

}  // namespace

bool Expression::admits(const Question& question, PathMatch& path) const noexcept {
  return evaluate(0, question, path);
}

bool Expression::admits_found(const Question& question, PathMatch& path) const noexcept {
  if (nodes_[0].kind != Node::Kind::all) return nodes_[0].is_key || evaluate(0, question, path);
  for (std::uint32_t child = 1; child < nodes_[0].size; child += nodes_[child].size)
    if (!nodes_[child].is_key && !evaluate(child, question, path)) return false;
  return true;
}

/// Finds the conditions that keys() say whole: of those that all have to hold, one host and one
/// path.
void Expression::mark_keys() {
  using enum ExpressionOperator;
  const auto is_about_path = [](const ExpressionPredicate& predicate) {
    return predicate.field == ExpressionField::http_path &&
           (predicate.operation == equal || predicate.operation == starts_with ||
            predicate.operation == matches);
  };
  // What of the path is matched, the last of several says.
  const bool has_one_path = std::ranges::count_if(predicates_, is_about_path) == 1;
  const Keys found = keys();
  is_all_keys_ = true;
  const auto mark = [&](Node& node) {
    if (node.kind != Node::Kind::predicate) {
      is_all_keys_ = false;
      return;
    }
    const ExpressionPredicate& predicate = predicates_[node.predicate];
    const Keys own = keys_of_predicate(predicate);
    const bool is_host = predicate.operation == equal && own.hosts && own.hosts == found.hosts;
    const bool is_prefix =
        predicate.operation == starts_with && own.paths && own.paths == found.paths;
    const bool is_regex = own.regex != nullptr && own.regex == found.regex;
    const bool is_path = has_one_path && (is_prefix || is_regex);
    node.is_key = is_host || is_path;
    is_path_key_ = is_path_key_ || is_path;
    is_all_keys_ = is_all_keys_ && node.is_key;
  };
  if (nodes_[0].kind != Node::Kind::all) return mark(nodes_[0]);
  for (std::uint32_t child = 1; child < nodes_[0].size; child += nodes_[child].size)
    mark(nodes_[child]);
}

// Not deeper than the parentheses of the text, and those are counted: depth_max.
bool Expression::evaluate(std::uint32_t at,
                          const Question& question,  // NOLINT(misc-no-recursion)
                          PathMatch& path) const noexcept {
  const Node& node = nodes_[at];
  switch (node.kind) {
    case Node::Kind::predicate:
      return holds(predicates_[node.predicate], question, path);
    case Node::Kind::negation:
      return !evaluate(at + 1, question, path);
    default:
      break;
  }
  const bool decides = node.kind == Node::Kind::any;
  for (std::uint32_t child = at + 1; child < at + node.size; child += nodes_[child].size)
    if (evaluate(child, question, path) == decides) return decides;
  return !decides;
}

std::vector<Expression::Unmet> Expression::unmet(const Question& question) const {
  std::vector<Unmet> found;
  collect_unmet(0, true, question, found);
  return found;
}

/// What keeps the node from being `wanted`.
void Expression::collect_unmet(std::uint32_t at, bool wanted,  // NOLINT(misc-no-recursion)
                               const Question& question, std::vector<Unmet>& found) const {
  PathMatch path;
  if (evaluate(at, question, path) == wanted) return;
  const Node& node = nodes_[at];
  if (node.kind == Node::Kind::predicate) {
    found.push_back({&predicates_[node.predicate], !wanted});
    return;
  }
  if (node.kind == Node::Kind::negation) return collect_unmet(at + 1, !wanted, question, found);
  for (std::uint32_t child = at + 1; child < at + node.size; child += nodes_[child].size)
    collect_unmet(child, wanted, question, found);
}

Expression::Keys Expression::keys_of(std::uint32_t at) const {  // NOLINT(misc-no-recursion)
  const Node& node = nodes_[at];
  if (node.kind == Node::Kind::predicate) return keys_of_predicate(predicates_[node.predicate]);
  if (node.kind == Node::Kind::negation) return {};
  Keys keys = keys_of(at + 1);
  for (std::uint32_t child = at + 1 + nodes_[at + 1].size; child < at + node.size;
       child += nodes_[child].size) {
    Keys other = keys_of(child);
    if (node.kind == Node::Kind::all) {
      narrow(keys.hosts, std::move(other.hosts));
      narrow(keys.paths, std::move(other.paths));
      if (keys.regex == nullptr) keys.regex = other.regex;
    } else {
      keys.regex = nullptr;
      widen(keys.hosts, other.hosts);
      widen(keys.paths, other.paths);
    }
  }
  return keys;
}

}  // namespace sluice
