#include "gateway/router/expression.h"

namespace sluice {

bool Expression::admits(const Question& question, PathMatch& path) const noexcept {
  return evaluate(0, question, path);
}

bool Expression::admits_found(const Question& question, PathMatch& path) const noexcept {
  if (nodes_[0].kind != Node::Kind::all) return nodes_[0].is_covered || evaluate(0, question, path);
  for (std::uint32_t child = 1; child < nodes_[0].size; child += nodes_[child].size)
    if (!nodes_[child].is_covered && !evaluate(child, question, path)) return false;
  return true;
}

// Not deeper than the parentheses of the text, and those are counted: depth_max.
bool Expression::evaluate(std::uint32_t at,  // NOLINT(misc-no-recursion)
                          const Question& question, PathMatch& path) const noexcept {
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

}  // namespace sluice
