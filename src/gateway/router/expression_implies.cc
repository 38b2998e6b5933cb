// Whether one expression admits all that another does: for pointing out routes that never match.

#include <algorithm>

#include "gateway/router/expression.h"

namespace sluice {
namespace {

using enum ExpressionOperator;

// What is built on purpose would take for ever: each level of parentheses doubles the work.
constexpr int steps_max = 10'000;

bool is_same(const ExpressionPredicate& left, const ExpressionPredicate& right) {
  const bool has_same_network =
      left.network == nullptr || right.network == nullptr
          ? left.network == right.network
          : left.network->bits == right.network->bits && left.network->base == right.network->base;
  const bool has_same_regex =
      left.regex == nullptr || right.regex == nullptr
          ? left.regex == right.regex
          : left.regex->pattern() == right.regex->pattern() && left.at_start == right.at_start;
  return left.operation == right.operation && left.any == right.any && left.text == right.text &&
         left.number == right.number && has_same_network && has_same_regex;
}

/// Whether both are about the same values.
bool has_same_subject(const ExpressionPredicate& left, const ExpressionPredicate& right) {
  return left.field == right.field && left.lower == right.lower && left.name == right.name &&
         left.first_segment == right.first_segment && left.last_segment == right.last_segment;
}

/// Whether a field has one value at most, so that all() and any() are one.
bool is_single(ExpressionField field) {
  return field != ExpressionField::http_header && field != ExpressionField::http_query;
}

/// Every text for which the first holds, the second holds for.
bool text_implies(const ExpressionPredicate& left, const ExpressionPredicate& right) {
  const std::string_view known = left.text;
  switch (right.operation) {
    case starts_with:
      return (left.operation == equal || left.operation == starts_with) &&
             known.starts_with(right.text);
    case ends_with:
      return (left.operation == equal || left.operation == ends_with) &&
             known.ends_with(right.text);
    case contains:
      return (left.operation == equal || left.operation == starts_with ||
              left.operation == ends_with || left.operation == contains) &&
             known.find(right.text) != std::string_view::npos;
    case not_equal:
      return left.operation == equal && known != right.text;
    case matches:
      return left.operation == equal && right.regex->matches(known);
    default:
      return false;
  }
}

bool predicate_implies(const ExpressionPredicate& left, const ExpressionPredicate& right) {
  if (!has_same_subject(left, right)) return false;
  if (is_same(left, right)) return true;
  const bool is_text = left.network == nullptr && right.network == nullptr &&
                       (left.regex == nullptr || right.regex == nullptr) &&
                       left.field < ExpressionField::http_path_segment_count;
  return is_text && is_single(left.field) && left.regex == nullptr && text_implies(left, right);
}

}  // namespace

bool Expression::implies(const Expression& other) const {
  int steps = steps_max;
  return node_implies({this, 0}, {&other, 0}, steps);
}

// Not deeper than the parentheses of both texts: depth_max each.
bool Expression::node_implies(Condition from, Condition to,  // NOLINT(misc-no-recursion)
                              int& steps) {
  if (--steps < 0) return false;
  const auto each_of = [](Condition of, auto&& holds, bool wanted) {
    const std::vector<Node>& nodes = of.expression->nodes_;
    for (std::uint32_t child = of.node + 1; child < of.node + nodes[of.node].size;
         child += nodes[child].size)
      if (holds(Condition{of.expression, child}) == wanted) return wanted;
    return !wanted;
  };
  const Node& from_node = from.expression->nodes_[from.node];
  const Node& to_node = to.expression->nodes_[to.node];
  using enum Node::Kind;
  const auto from_here = [&](Condition child) { return node_implies(from, child, steps); };
  const auto to_there = [&](Condition child) { return node_implies(child, to, steps); };
  if (to_node.kind == all) return each_of(to, from_here, false);
  if (from_node.kind == any) return each_of(from, to_there, false);
  if (to_node.kind == any && each_of(to, from_here, true)) return true;
  if (from_node.kind == all) return each_of(from, to_there, true);
  if (from_node.kind == negation && to_node.kind == negation)
    return node_implies({to.expression, to.node + 1}, {from.expression, from.node + 1}, steps);
  return from_node.kind == predicate && to_node.kind == predicate &&
         predicate_implies(from.expression->predicates_[from_node.predicate],
                           to.expression->predicates_[to_node.predicate]);
}

}  // namespace sluice
