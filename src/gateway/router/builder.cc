#include "gateway/router/builder.h"

#include <algorithm>

#include "http/text.h"

namespace sluice {
namespace {

/// Where a sni is a FQDN, its last dot is no part of the name that a client sends.
std::string_view without_last_dot(std::string_view sni) {
  return sni.size() > 1 && sni.ends_with('.') ? sni.substr(0, sni.size() - 1) : sni;
}

}  // namespace

void RouterBuilder::build() {
  std::vector<Compiled> compiled;
  compiled.reserve(router_.routes_.size());
  for (std::size_t i = 0; i < router_.routes_.size(); ++i)
    compiled.push_back(compile(router_.routes_[i], i));

  for (std::uint32_t i = 0; i < router_.routes_.size(); ++i)
    if (!compiled[i].failed)
      for (Candidate& candidate : candidates_of(router_.routes_[i], i))
        router_.candidates_.push_back(std::move(candidate));
  std::ranges::sort(router_.candidates_, [](const Candidate& left, const Candidate& right) {
    return left.precedes(right);
  });
  for (std::uint32_t i = 0; i < router_.candidates_.size(); ++i)
    add_ways(router_.candidates_[i], i, compiled[router_.candidates_[i].route]);

  router_.paths_ = PathTree(roots_, std::move(keys_));
  router_.candidates_.shrink_to_fit();
  router_.ways_.shrink_to_fit();
  router_.conditions_.shrink_to_fit();
  for (TextTable* table : {&router_.exact_hosts_, &router_.suffixes_, &router_.prefixes_})
    table->shrink();
}

RouterBuilder::Compiled RouterBuilder::compile(const RouteMatch& match, std::size_t index) {
  failed_ = false;
  Conditions conditions;
  Compiled compiled;
  for (const std::string& method : match.methods) {
    const MethodBits bit = bit_of_method(method);
    compiled.methods |= bit;
    if (bit == other_method) conditions.other_methods.push_back(method);
  }
  for (std::size_t i = 0; i < match.headers.size(); ++i)
    conditions.headers.push_back(compile_header(match.headers[i], index, i));
  for (const std::string& sni : match.snis)
    conditions.snis.push_back(parse_host_pattern(without_last_dot(sni)));
  conditions.expression = match.expression;
  conditions.http_only = !match.https;
  conditions.sources = match.sources;
  conditions.destinations = match.destinations;
  for (std::size_t i = 0; i < match.paths.size(); ++i)
    if (is_regex_path(match.paths[i])) path_regex(match.paths[i], index, i);
  if (!conditions.empty()) {
    router_.conditions_.push_back(std::make_unique<const Conditions>(std::move(conditions)));
    compiled.conditions = router_.conditions_.back().get();
  }
  compiled.failed = failed_;
  return compiled;
}

HeaderCondition RouterBuilder::compile_header(
    const std::pair<std::string, std::vector<std::string>>& header, std::size_t route,
    std::size_t index) {
  HeaderCondition condition;
  condition.name = http::lowered(header.first);
  std::ranges::replace(condition.name, '_', '-');
  condition.id = http::header_id(condition.name);
  for (const std::string& value : header.second) {
    const std::string text = http::lowered(value);
    if (!text.starts_with("~*")) {
      condition.values.push_back(text);
      continue;
    }
    // Kong compares two lower-case texts, the pattern being one of them.
    auto regex = Regex::compile("(?i)" + text.substr(2), Regex::Anchor::anywhere);
    if (regex) {
      condition.regexes.push_back(*std::move(regex));
    } else {
      problems_.push_back({route, RouteProblem::Field::header, index, regex.error()});
      failed_ = true;
    }
  }
  return condition;
}

std::shared_ptr<const Regex> RouterBuilder::path_regex(std::string_view path, std::size_t route,
                                                       std::size_t index) {
  const std::string_view pattern = path.substr(1);
  if (const auto known = router_.path_regexes_.find(pattern); known != router_.path_regexes_.end())
    return known->second;
  std::shared_ptr<const Regex> regex;
  if (previous_ != nullptr)
    if (const auto old = previous_->path_regexes_.find(pattern);
        old != previous_->path_regexes_.end())
      regex = old->second;
  if (regex == nullptr) {
    auto made = Regex::compile(pattern, Regex::Anchor::at_start);
    if (!made) {
      problems_.push_back({route, RouteProblem::Field::path, index, made.error()});
      failed_ = true;
      return nullptr;
    }
    regex = *std::move(made);
  }
  router_.path_regexes_.emplace(pattern, regex);
  return regex;
}

void RouterBuilder::add_ways(const Candidate& candidate, std::uint32_t index,
                             const Compiled& compiled) {
  const RouteMatch& match = router_.routes_[candidate.route];
  Router::Way way{compiled.conditions, nullptr, index, 0, compiled.methods};
  if (match.expression != nullptr) {
    router_.ways_.push_back(way);
    add_keys(match.expression->keys());
    return;
  }
  if (candidate.paths.empty()) {
    router_.ways_.push_back(way);
    add_keys(match, {});
  }
  for (const std::uint32_t at : candidate.paths) {
    const std::string& path = match.paths[at];
    if (is_regex_path(path)) {
      way.regex = path_regex(path, candidate.route, at).get();
      router_.ways_.push_back(way);
      add_keys(match, way.regex->literal_prefix());
    } else {
      way.prefix_size = static_cast<std::uint32_t>(path.size());
      router_.ways_.push_back(way);
      add_keys(match, path);
    }
  }
}

void RouterBuilder::add_keys(const RouteMatch& match, std::string_view prefix) {
  const auto way = static_cast<std::uint32_t>(router_.ways_.size() - 1);
  if (match.hosts.empty()) keys_.push_back({Router::any_host, prefix, {way, 0}});
  for (const std::string& host : match.hosts) {
    const HostPattern pattern = parse_host_pattern(host);
    keys_.push_back({root_of(pattern), prefix, {way, pattern.port}});
  }
}

void RouterBuilder::add_keys(const Expression::Keys& keys) {
  const auto way = static_cast<std::uint32_t>(router_.ways_.size() - 1);
  const auto add = [&](std::uint32_t root) {
    if (!keys.paths) keys_.push_back({root, {}, {way, 0}});
    for (const std::string& path : keys.paths.value_or(std::vector<std::string>()))
      keys_.push_back({root, texts_.emplace_front(path), {way, 0}});
  };
  if (!keys.hosts) add(Router::any_host);
  for (const std::string& host : keys.hosts.value_or(std::vector<std::string>()))
    add(root_of({HostPattern::Kind::exact, host, 0}));
}

std::uint32_t RouterBuilder::root_of(const HostPattern& pattern) {
  TextTable& table = pattern.kind == HostPattern::Kind::exact    ? router_.exact_hosts_
                     : pattern.kind == HostPattern::Kind::suffix ? router_.suffixes_
                                                                 : router_.prefixes_;
  const std::uint32_t root = table.insert(pattern.text, roots_);
  if (root == roots_) ++roots_;
  return root;
}

}  // namespace sluice
