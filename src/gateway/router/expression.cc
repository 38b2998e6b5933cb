#include "gateway/router/expression.h"

#include <algorithm>

namespace sluice {
namespace {

using Kind = ExpressionField;
using Texts = std::optional<std::vector<std::string>>;

/// More than this many alternatives are no help to an index.
constexpr std::size_t keys_max = 32;

/// Both conditions hold: the shorter list says more.
void narrow(Texts& keys, Texts other) {
  if (!other) return;
  if (!keys || other->size() < keys->size()) keys = std::move(other);
}

/// Either condition holds.
void widen(Texts& keys, const Texts& other) {
  if (!keys) return;
  if (!other || keys->size() + other->size() > keys_max) {
    keys.reset();
    return;
  }
  for (const std::string& key : *other)
    if (std::ranges::find(*keys, key) == keys->end()) keys->push_back(key);
}

Expression::Keys keys_of_predicate(const ExpressionPredicate& predicate) {
  using enum ExpressionOperator;
  Expression::Keys keys;
  if (predicate.lower) return keys;
  const ExpressionOperator operation = predicate.operation;
  if (predicate.field == ExpressionField::http_host && operation == equal)
    keys.hosts = {predicate.text};
  if (predicate.field == ExpressionField::http_path) {
    if (operation == equal || operation == starts_with) keys.paths = {predicate.text};
    if (operation == matches && !predicate.regex->literal_prefix().empty())
      keys.paths = {predicate.regex->literal_prefix()};
  }
  return keys;
}

}  // namespace

bool Expression::admits(const Question& question, PathMatch& path) const noexcept {
  return evaluate(0, question, path);
}

// Not deeper than the parentheses of the text, and those are counted: depth_max.
bool Expression::evaluate(std::uint32_t at, const Question& question,  // NOLINT(misc-no-recursion)
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
    } else {
      widen(keys.hosts, other.hosts);
      widen(keys.paths, other.paths);
    }
  }
  return keys;
}

}  // namespace sluice
