#include "gateway/router/compiled_route.h"

#include <algorithm>

#include "http/text.h"

namespace sluice {
namespace {

/// Where a sni is a FQDN, its last dot is no part of the name that a client sends.
std::string_view without_last_dot(std::string_view sni) {
  return sni.size() > 1 && sni.ends_with('.') ? sni.substr(0, sni.size() - 1) : sni;
}

class RouteCompiler {
 public:
  RouteCompiler(CompiledRoute& route, std::size_t index, SharedRegexes& regexes,
                std::vector<RouteProblem>& problems)
      : route_(route), index_(index), regexes_(regexes), problems_(problems) {}

  void run() {
    const RouteMatch& match = route_.match;
    Conditions conditions;
    for (const std::string& method : match.methods)
      add_method(method, conditions);
    for (std::size_t i = 0; i < match.headers.size(); ++i)
      conditions.headers.push_back(compile_header(i));
    for (const std::string& sni : match.snis)
      conditions.snis.push_back(parse_host_pattern(without_last_dot(sni)));
    conditions.sources = match.sources;
    conditions.destinations = match.destinations;
    if (match.expression != nullptr) compile_expression(conditions);
    conditions.scheme = match.scheme;
    compile_paths();
    if (!conditions.empty())
      route_.conditions = std::make_unique<const Conditions>(std::move(conditions));
  }

 private:
  void add_method(std::string_view method, Conditions& conditions) {
    const MethodBits bit = bit_of_method(method);
    route_.methods |= bit;
    if (bit == other_method) conditions.other_methods.emplace_back(method);
  }

  static HeaderCondition condition_of(std::string_view name) {
    HeaderCondition condition;
    condition.name = http::lowered(name);
    std::ranges::replace(condition.name, '_', '-');
    condition.id = http::header_id(condition.name);
    return condition;
  }

  /// What other routes have too is asked as theirs is, and the expression only for the rest.
  void compile_expression(Conditions& conditions) {
    const Expression& expression = *route_.match.expression;
    const Expression::Matchers matchers = expression.matchers();
    for (const std::string_view method : matchers.methods)
      add_method(method, conditions);
    for (const auto& [name, values] : matchers.headers) {
      HeaderCondition& condition = conditions.headers.emplace_back(condition_of(name));
      for (const std::string_view value : values)
        condition.values.append(value).push_back('\0');
    }
    if (!expression.is_covered()) conditions.expression = route_.match.expression;
  }

  HeaderCondition compile_header(std::size_t index) {
    const auto& [name, values] = route_.match.headers[index];
    HeaderCondition condition = condition_of(name);
    for (const std::string& value : values) {
      const std::string text = http::lowered(value);
      if (!text.starts_with("~*")) {
        condition.values.append(text).push_back('\0');
        continue;
      }
      // Kong compares two lower-case texts, the pattern being one of them.
      auto regex = Regex::compile("(?i)" + text.substr(2), Regex::Anchor::anywhere);
      if (regex)
        condition.regexes.push_back(*std::move(regex));
      else
        fail(RouteProblem::Field::header, index, std::move(regex).error());
    }
    return condition;
  }

  void compile_paths() {
    const std::vector<std::string>& paths = route_.match.paths;
    if (std::ranges::none_of(paths, is_regex_path)) return;
    route_.regexes.resize(paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i)
      if (is_regex_path(paths[i])) route_.regexes[i] = path_regex(i);
  }

  std::shared_ptr<const Regex> path_regex(std::size_t index) {
    const std::string_view pattern = std::string_view(route_.match.paths[index]).substr(1);
    if (const auto known = regexes_.find(pattern); known != regexes_.end()) return known->second;
    auto made = Regex::compile(pattern, Regex::Anchor::at_start);
    if (!made) {
      fail(RouteProblem::Field::path, index, std::move(made).error());
      return nullptr;
    }
    regexes_.emplace((*made)->pattern(), *made);
    return *std::move(made);
  }

  void fail(RouteProblem::Field field, std::size_t index, std::string message) {
    problems_.push_back({index_, field, index, std::move(message)});
    route_.is_broken = true;
  }

  CompiledRoute& route_;
  std::size_t index_;
  SharedRegexes& regexes_;
  std::vector<RouteProblem>& problems_;
};

}  // namespace

const config::Uuid& CompiledRoute::part_id(std::uint64_t priority) const noexcept {
  for (const Candidate& part : parts)
    if (part.priority == priority) return part.id;
  return match.id;
}

std::shared_ptr<const CompiledRoute> compile_route(RouteMatch match, std::size_t index,
                                                   SharedRegexes& regexes,
                                                   std::vector<RouteProblem>& problems) {
  auto route = std::make_shared<CompiledRoute>();
  route->match = std::move(match);
  if (route->match.paths.size() > 1) route->parts = candidates_of(route->match, 0);
  RouteCompiler(*route, index, regexes, problems).run();
  return route;
}

}  // namespace sluice
