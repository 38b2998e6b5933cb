// Expressions against a naive evaluation of what they were written from, in the order of their
// priorities, on random routes, requests and changes. SLUICE_ROUTER_SEED=N plays one seed alone.

#include <algorithm>
#include <map>
#include <regex>

#include <gtest/gtest.h>

#include "http/query.h"
#include "http/text.h"
#include "support/router_world.h"

namespace sluice {
namespace {

using testing::Chance;
using testing::World;

/// A condition, as a tree before it is a text.
struct Condition {
  enum class Kind { all, any, negation, predicate };

  Kind kind = Kind::predicate;
  std::vector<Condition> parts;
  std::string field, operation, literal;  // of a predicate
  bool lower = false, any = false;

  /// `||` binds tighter than `&&`.
  std::string text() const {
    switch (kind) {
      case Kind::all:
      case Kind::any: {
        std::string list;
        for (const Condition& part : parts) {
          if (!list.empty()) list += kind == Kind::all ? " && " : " || ";
          const bool needs_group = part.kind == Kind::all || part.kind == kind;
          list += needs_group ? "(" + part.text() + ")" : part.text();
        }
        return list;
      }
      case Kind::negation:
        return "!(" + parts[0].text() + ")";
      default: {
        std::string left = lower ? "lower(" + field + ")" : field;
        if (any) left = "any(" + left + ")";
        return left + " " + operation + " " + literal;
      }
    }
  }
};

/// What the expressions of the current seed were written from, by their texts.
std::map<std::string, Condition>& written() {
  static std::map<std::string, Condition> all;
  return all;
}

// ---- the naive evaluation

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  if (path.size() <= 1) return segments;
  std::size_t begin = 1;
  for (std::size_t at = 1; at <= path.size(); ++at)
    if (at == path.size() || path[at] == '/') {
      segments.emplace_back(path.substr(begin, at - begin));
      begin = at + 1;
    }
  return segments;
}

std::vector<std::string> texts_of(const std::string& field, const Question& question) {
  if (field == "http.path") return {std::string(question.path)};
  if (field == "http.host") return {std::string(question.host)};
  if (field == "http.method") return {std::string(question.method)};
  if (field == "net.protocol") return {std::string(question.scheme)};
  if (field == "tls.sni")
    return question.sni.empty() ? std::vector<std::string>()
                                : std::vector<std::string>{std::string(question.sni)};
  std::vector<std::string> texts;
  if (field.starts_with("http.headers.")) {
    for (const http::Headers::Field& each : question.headers.fields()) {
      std::string name = http::lowered(each.name());
      std::ranges::replace(name, '-', '_');
      if ("http.headers." + name == field) texts.emplace_back(each.value());
    }
  } else if (field.starts_with("http.queries.")) {
    std::string_view rest = question.query;
    while (const auto parameter = http::next_query_parameter(rest))
      if ("http.queries." + http::decode_query(parameter->name) == field)
        texts.push_back(http::decode_query(parameter->value));
  } else if (field == "http.path.segments.0" || field == "http.path.segments.1") {
    const std::size_t index = field.back() == '0' ? 0 : 1;
    const auto segments = segments_of(question.path);
    if (index < segments.size()) texts.push_back(segments[index]);
  } else if (field == "http.path.segments.0_1") {
    const auto segments = segments_of(question.path);
    if (segments.size() > 1) texts.push_back(segments[0] + "/" + segments[1]);
  }
  return texts;
}

/// The whole text of a literal in quotes.
std::string plain(const std::string& literal) {
  return literal.substr(1, literal.size() - 2);
}

/// `matched` becomes what of the path a predicate matched, if it is about the path.
bool compares(const Condition& condition, std::string text, std::size_t& matched) {
  std::string wanted = plain(condition.literal);
  if (condition.field == "http.host") wanted = http::lowered(wanted);
  if (condition.lower) text = http::lowered(text);
  const auto match = [&](std::size_t size) {
    if (condition.field == "http.path") matched = size;
    return true;
  };
  if (condition.operation == "==") return text == wanted && match(wanted.size());
  if (condition.operation == "!=") return text != wanted;
  if (condition.operation == "^=") return text.starts_with(wanted) && match(wanted.size());
  if (condition.operation == "=^") return text.ends_with(wanted);
  if (condition.operation == "contains") return text.contains(wanted);
  std::smatch found;
  return std::regex_search(text, found, std::regex(wanted)) &&
         match(static_cast<std::size_t>(found.length(0)));
}

bool compares_number(const Condition& condition, std::int64_t number) {
  const auto wanted = static_cast<std::int64_t>(testing::number_of(condition.literal));
  if (condition.operation == "==") return number == wanted;
  if (condition.operation == "!=") return number != wanted;
  if (condition.operation == ">") return number > wanted;
  if (condition.operation == ">=") return number >= wanted;
  return condition.operation == "<" ? number < wanted : number <= wanted;
}

bool holds_naively(const Condition& condition, const Question& question, std::size_t& matched) {
  const std::string& field = condition.field;
  const Address* const address =
      field.starts_with("net.src") ? question.source : question.destination;
  if (field == "net.dst.port") return compares_number(condition, question.port);
  if (field.ends_with(".port"))
    return address != nullptr && compares_number(condition, address->port);
  if (field.ends_with(".len"))
    return compares_number(condition, static_cast<std::int64_t>(segments_of(question.path).size()));
  if (field.ends_with(".ip")) {
    const bool is_in = address != nullptr && Network::parse(condition.literal)->contains(*address);
    return address != nullptr &&
           (condition.operation == "==" || condition.operation == "in" ? is_in : !is_in);
  }
  bool holds = false;
  for (const std::string& text : texts_of(field, question)) {
    holds = compares(condition, text, matched);
    if (holds == condition.any) break;
  }
  return holds;
}

bool evaluate(const Condition& condition, const Question& question, std::size_t& matched) {
  switch (condition.kind) {
    case Condition::Kind::all:
      return std::ranges::all_of(condition.parts, [&](const Condition& part) {
        return evaluate(part, question, matched);
      });
    case Condition::Kind::any:
      return std::ranges::any_of(condition.parts, [&](const Condition& part) {
        return evaluate(part, question, matched);
      });
    case Condition::Kind::negation:
      return !evaluate(condition.parts[0], question, matched);
    default:
      return holds_naively(condition, question, matched);
  }
}

std::string naive_answer(const std::vector<RouteMatch>& routes, const Question& question) {
  std::vector<const RouteMatch*> ordered;
  for (const RouteMatch& route : routes)
    ordered.push_back(&route);
  std::ranges::sort(ordered, [](const RouteMatch* left, const RouteMatch* right) {
    return std::tie(left->priority, left->id) > std::tie(right->priority, right->id);
  });
  for (const RouteMatch* route : ordered) {
    std::size_t matched = 0;
    if (!evaluate(written().at(route->route->name), question, matched)) continue;
    if (!route->https && question.scheme == "https") continue;
    return fmt::format("{}@{}", route->route->name, question.path.substr(0, matched));
  }
  return "-";
}

// ---- random conditions

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

Condition random_text_predicate(Chance& chance) {
  Condition predicate;
  predicate.field = chance.of(
      {"http.path", "http.path", "http.path", "http.host", "http.host", "http.method",
       "net.protocol", "tls.sni", "http.headers.x_a", "http.headers.x_b", "http.queries.q",
       "http.queries.p", "http.path.segments.0", "http.path.segments.1", "http.path.segments.0_1"});
  predicate.operation = chance.of({"==", "==", "!=", "^=", "^=", "=^", "contains", "~"});
  predicate.lower = chance.one_in(8);
  predicate.any = chance.one_in(4);
  if (predicate.field.starts_with("http.headers.") && chance.one_in(2)) {
    // As matchers of other routes compare.
    predicate.lower = predicate.any = true;
    predicate.operation = "==";
  }
  if (predicate.operation == "~")
    predicate.literal =
        quoted(chance.of({"^/a", "^/a[ab]/", "[0-9]", "b$", "^/(a|b)+", "^x", "/a/b", "^/b1*a",
                          "com$", ".", "^/a|b", "aa?b", "/b/1+"}));
  else if (predicate.field == "http.path")
    predicate.literal = quoted(chance.path());
  else if (predicate.field == "http.host")
    predicate.literal =
        quoted(chance.of({"a.com", "x.a.com", ".a.com", "x.", "a.", "com", "A.com", ".com"}));
  else if (predicate.field == "http.method")
    predicate.literal = quoted(chance.of({"GET", "POST", "P", "PURGE"}));
  else if (predicate.field == "net.protocol")
    predicate.literal = quoted(chance.of({"http", "https"}));
  else
    predicate.literal = quoted(chance.of({"1", "2", "a", "b", "", "A", "a/b", "a.com", "a b"}));
  return predicate;
}

Condition random_predicate(Chance& chance) {
  Condition predicate;
  switch (chance.below(8)) {
    case 0:
      predicate.field = chance.of({"net.src.port", "net.dst.port", "http.path.segments.len"});
      predicate.operation = chance.of({"==", "!=", "<", "<=", ">", ">="});
      predicate.literal = chance.of({"1", "2", "80", "81", "99"});
      return predicate;
    case 1: {
      predicate.field = chance.of({"net.src.ip", "net.dst.ip"});
      const bool is_network = chance.one_in(2);
      predicate.operation = is_network ? chance.of({"in", "not in"}) : chance.of({"==", "!="});
      predicate.literal = is_network
                              ? chance.of({"10.0.0.0/8", "10.0.0.0/24", "0.0.0.0/0", "127.0.0.0/8"})
                              : chance.of({"10.0.0.1", "127.0.0.1", "11.0.0.1"});
      return predicate;
    }
    default:
      return random_text_predicate(chance);
  }
}

Condition random_all(Chance& chance, std::size_t depth);

Condition random_term(Chance& chance, std::size_t depth) {
  if (depth == 0 || !chance.one_in(4)) return random_predicate(chance);
  Condition inner = random_all(chance, depth - 1);
  if (chance.one_in(2)) return inner;
  Condition negation;
  negation.kind = Condition::Kind::negation;
  negation.parts.push_back(std::move(inner));
  return negation;
}

Condition random_list(Condition::Kind kind, std::vector<Condition> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  Condition list;
  list.kind = kind;
  list.parts = std::move(parts);
  return list;
}

Condition random_all(Chance& chance, std::size_t depth) {
  std::vector<Condition> all;
  for (std::size_t i = 1 + chance.below(3); i > 0; --i) {
    std::vector<Condition> any;
    for (std::size_t j = chance.one_in(3) ? 2 : 1; j > 0; --j)
      any.push_back(random_term(chance, depth));
    all.push_back(random_list(Condition::Kind::any, std::move(any)));
  }
  return random_list(Condition::Kind::all, std::move(all));
}

std::string random_route(Chance& chance, std::size_t number) {
  const std::string name = fmt::format("r{}", number);
  Condition condition = random_all(chance, 2);
  std::string line =
      fmt::format("{} id={} pr={}", name, 1 + chance.below(1'000'000), chance.below(4));
  if (chance.one_in(4)) line += " proto=" + chance.of({"http", "https"});
  line += " x=" + condition.text();
  written()[name] = std::move(condition);
  return line;
}

TEST(RandomExpressions, AnswerAsWhatTheyWereWrittenFrom) {
  for (const std::uint64_t seed : testing::router_seeds(150)) {
    written().clear();
    World world(seed, random_route);
    world.build();
    for (std::size_t round = 0; round < 4; ++round) {
      for (std::size_t i = 0; i < 12; ++i)
        ASSERT_NO_FATAL_FAILURE(
            world.expect_answer(naive_answer, testing::random_request(world.chance())));
      world.change();
    }
  }
}

}  // namespace
}  // namespace sluice
