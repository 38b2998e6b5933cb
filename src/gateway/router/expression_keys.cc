// What of an expression the router's tables can say: hosts and paths for the index, methods and
// headers as other routes have them. All that they say needs no evaluation.

#include <algorithm>

#include "gateway/router/expression.h"

namespace sluice {
namespace {

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
    const HostPattern same{exact, std::string(predicate.text), 0};
    if (operation == equal) keys.hosts = {same};
    // As *.a.com and a.* are found, but that nothing has to stand for the asterisk.
    if (operation == ends_with && predicate.text.starts_with('.'))
      keys.hosts = {same, {suffix, std::string(predicate.text), 0}};
    if (operation == starts_with && predicate.text.ends_with('.'))
      keys.hosts = {same, {prefix, std::string(predicate.text), 0}};
  }
  if (predicate.field == ExpressionField::http_path) {
    if (operation == equal || operation == starts_with) keys.paths = {predicate.text};
    if (operation == matches && !predicate.regex->literal_prefix().empty())
      keys.paths = {std::string_view(predicate.regex->literal_prefix())};
    if (operation == matches) keys.regex = predicate.regex.get();
  }
  return keys;
}

bool is_about(const ExpressionPredicate& predicate, ExpressionField field) {
  return predicate.field == field && predicate.operation == ExpressionOperator::equal;
}

/// Whether a header matcher says the same: one value is enough, in any case.
bool is_header_matcher(const ExpressionPredicate& predicate) {
  return is_about(predicate, ExpressionField::http_header) && predicate.any && predicate.lower &&
         std::ranges::none_of(predicate.text, [](char byte) {
           return byte == '\0' || (byte >= 'A' && byte <= 'Z');
         });
}

bool is_method_matcher(const ExpressionPredicate& predicate) {
  return is_about(predicate, ExpressionField::http_method) && !predicate.lower;
}

}  // namespace

template <class Visitor>
void Expression::each_condition(Visitor&& visit) const {
  if (nodes_[0].kind != Node::Kind::all) return visit(0U);
  for (std::uint32_t child = 1; child < nodes_[0].size; child += nodes_[child].size)
    visit(child);
}

std::span<const ExpressionPredicate> Expression::alternatives_of(std::uint32_t at) const {
  const Node& node = nodes_[at];
  if (node.kind == Node::Kind::predicate) return {&predicates_[node.predicate], 1};
  const auto is_predicate = [](const Node& each) { return each.kind == Node::Kind::predicate; };
  if (node.kind != Node::Kind::any ||
      !std::ranges::all_of(std::span(nodes_).subspan(at + 1, node.size - 1U), is_predicate))
    return {};
  // Predicates come in the order of the text, as their nodes do.
  return {&predicates_[nodes_[at + 1].predicate], node.size - 1U};
}

Expression::Matchers Expression::matchers() const {
  Matchers found;
  each_condition([&](std::uint32_t node) {
    if (!nodes_[node].is_covered) return;
    const auto alternatives = alternatives_of(node);
    if (is_method_matcher(alternatives.front())) {
      for (const ExpressionPredicate& predicate : alternatives)
        found.methods.push_back(predicate.text);
    } else if (is_header_matcher(alternatives.front())) {
      Matchers::Header& header = found.headers.emplace_back();
      header.name = alternatives.front().name;
      for (const ExpressionPredicate& predicate : alternatives)
        header.values.push_back(predicate.text);
    }
  });
  return found;
}

/// Whether the condition is the one host, or the one path, that `keys` consist of.
bool Expression::covers_by_key(std::uint32_t at, const Keys& keys) {
  using enum ExpressionOperator;
  if (nodes_[at].kind != Node::Kind::predicate) return false;
  const ExpressionPredicate& predicate = predicates_[nodes_[at].predicate];
  const Keys own = keys_of_predicate(predicate);
  if (predicate.operation == equal && own.hosts && own.hosts == keys.hosts) return true;
  const bool is_prefix = predicate.operation == starts_with && own.paths && own.paths == keys.paths;
  const bool is_regex = own.regex != nullptr && own.regex == keys.regex;
  // What of the path is matched, the last of several says.
  const auto is_about_path = [](const ExpressionPredicate& each) {
    return each.field == ExpressionField::http_path &&
           (each.operation == equal || each.operation == starts_with || each.operation == matches);
  };
  if ((!is_prefix && !is_regex) || std::ranges::count_if(predicates_, is_about_path) != 1)
    return false;
  is_path_key_ = true;
  return true;
}

void Expression::mark_covered() {
  const Keys found = keys();
  bool has_methods = false;
  is_covered_ = true;
  each_condition([&](std::uint32_t at) {
    const auto alternatives = alternatives_of(at);
    Node& node = nodes_[at];
    if (!alternatives.empty() && !has_methods &&
        std::ranges::all_of(alternatives, is_method_matcher)) {
      node.is_covered = has_methods = true;
    } else if (!alternatives.empty() && std::ranges::all_of(alternatives, is_header_matcher)) {
      node.is_covered =
          std::ranges::all_of(alternatives, [&](const ExpressionPredicate& predicate) {
            return predicate.name == alternatives.front().name;
          });
    } else {
      node.is_covered = covers_by_key(at, found);
    }
    is_covered_ = is_covered_ && node.is_covered;
  });
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
