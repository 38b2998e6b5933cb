#include "gateway/router/builder.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace sluice {
namespace {

constexpr std::uint32_t no_place = UINT32_MAX;

HostRoutes::Entry entry_of(const CompiledRoute& route, std::uint64_t priority) {
  HostRoutes::Entry entry;
  entry.priority = priority;
  entry.route = route.match.route.get();
  entry.compiled = &route;
  entry.methods = route.methods;
  entry.conditions = route.conditions.get();
  return entry;
}

/// The regular expression, and what to ask before it.
void set_regex(HostRoutes::Key& key, const Regex* regex) {
  using Check = HostRoutes::Entry::Check;
  key.entry.regex = regex;
  key.check = regex->runs();
  key.entry.check = Check::runs;
  if (key.check.empty() && !regex->literal_prefix().contains(regex->literal())) {
    key.check = regex->literal();
    key.entry.check = Check::literal;
  }
  if (key.check.empty()) key.entry.check = Check::none;
  key.entry.check_size = static_cast<std::uint16_t>(key.check.size());
}

bool precedes(const Candidate& left, const Candidate& right) {
  return left.precedes(right);
}

void append_candidates(const CompiledRoute& route, std::size_t index, std::vector<Candidate>& to) {
  if (route.is_broken) return;
  for (const Candidate& candidate : candidates_of(route.match, static_cast<std::uint32_t>(index)))
    to.push_back(candidate);
}

}  // namespace

void RouterBuilder::build(std::vector<RouteMatch> routes, const Router* previous) {
  SharedRegexes regexes;
  if (previous != nullptr)
    for (const auto& route : previous->routes_)
      for (const auto& regex : route->regexes)
        if (regex != nullptr) regexes.emplace(regex->pattern(), regex);

  router_.routes_.reserve(routes.size());
  for (std::size_t i = 0; i < routes.size(); ++i) {
    router_.routes_.push_back(compile_route(std::move(routes[i]), i, regexes, problems_));
    append_candidates(*router_.routes_.back(), i, router_.candidates_);
  }
  std::ranges::sort(router_.candidates_, precedes);
  router_.candidates_.shrink_to_fit();

  // Only now: what is given back soon must not lie between what stays.
  KeysByHost hosts;
  for (const auto& route : router_.routes_)
    each_key(*route, [&](HostName name, const Key& key) { hosts[std::move(name)].push_back(key); });
  router_.exact_hosts_.reserve(static_cast<std::size_t>(std::ranges::count(
      hosts, HostName::Kind::exact, [](const auto& host) { return host.first.kind; })));
  for (auto& [name, keys] : hosts)
    put(name, std::move(keys));
}

void RouterBuilder::change(const Router& previous, RouterChanges changes) {
  router_.exact_hosts_ = previous.exact_hosts_;
  router_.suffixes_ = previous.suffixes_;
  router_.prefixes_ = previous.prefixes_;
  router_.any_host_ = previous.any_host_;

  Routes put;
  SharedRegexes regexes;
  for (std::size_t i = 0; i < changes.put.size(); ++i)
    put.push_back(compile_route(std::move(changes.put[i]), i, regexes, problems_));
  std::unordered_set<const CompiledRoute*> gone;
  replace(previous, changes.removed, put, gone);

  KeysByHost hosts;
  const auto touch = [&](const CompiledRoute& route) {
    each_key(route, [&](HostName name, const Key&) { hosts.try_emplace(std::move(name)); });
  };
  for (const CompiledRoute* route : gone)
    touch(*route);
  for (const auto& route : put)
    touch(*route);
  keep_keys(gone, hosts);
  for (const auto& route : put)
    each_key(*route, [&](HostName name, const Key& key) { hosts[std::move(name)].push_back(key); });
  for (auto& [name, keys] : hosts)
    this->put(name, std::move(keys));
}

/// Fills routes and candidates. A route that is put keeps its place, so that lists keep their
/// order.
void RouterBuilder::replace(const Router& previous, const std::vector<config::Uuid>& removed,
                            const Routes& put, std::unordered_set<const CompiledRoute*>& gone) {
  constexpr std::size_t nothing = SIZE_MAX;
  std::map<config::Uuid, std::size_t> coming;  // an index of `put`
  for (const config::Uuid& id : removed)
    coming[id] = nothing;
  for (std::size_t i = 0; i < put.size(); ++i)
    coming[put[i]->match.id] = i;

  std::vector<bool> is_placed(put.size());
  std::vector<std::uint32_t> places(previous.routes_.size(), no_place);
  router_.routes_.reserve(previous.routes_.size() + put.size());
  std::vector<Candidate> fresh;
  const auto place = [&](const std::shared_ptr<const CompiledRoute>& route) {
    append_candidates(*route, router_.routes_.size(), fresh);
    router_.routes_.push_back(route);
  };
  for (std::size_t i = 0; i < previous.routes_.size(); ++i) {
    const auto& route = previous.routes_[i];
    const auto found = coming.find(route->match.id);
    if (found == coming.end()) {
      places[i] = static_cast<std::uint32_t>(router_.routes_.size());
      router_.routes_.push_back(route);
      continue;
    }
    gone.insert(route.get());
    if (found->second == nothing) continue;
    is_placed[found->second] = true;
    place(put[found->second]);
  }
  for (std::size_t i = 0; i < put.size(); ++i)
    if (!is_placed[i]) place(put[i]);

  std::vector<Candidate> kept;
  kept.reserve(previous.candidates_.size());
  for (const Candidate& candidate : previous.candidates_)
    if (places[candidate.route] != no_place)
      kept.push_back(candidate.of_route(places[candidate.route]));
  std::ranges::sort(fresh, precedes);
  router_.candidates_.reserve(kept.size() + fresh.size());
  std::ranges::merge(kept, fresh, std::back_inserter(router_.candidates_), precedes);
}

void RouterBuilder::keep_keys(const std::unordered_set<const CompiledRoute*>& gone,
                              KeysByHost& hosts) {
  for (auto& [name, keys] : hosts) {
    const HostRoutes* const routes = find(name);
    if (routes == nullptr) continue;
    keys.reserve(routes->entry_count() + 1);
    routes->each_prefix([&](std::string_view prefix, std::span<const HostRoutes::Entry> entries) {
      const std::string& path = texts_.emplace_front(prefix);
      for (const HostRoutes::Entry& entry : entries)
        if (!gone.contains(entry.compiled)) keys.push_back({path, entry, routes->check_of(entry)});
    });
  }
}

template <class Add>
void RouterBuilder::each_key(const CompiledRoute& route, Add&& add) {
  if (route.is_broken) return;
  if (route.match.expression != nullptr) return each_key_of_expression(route, add);
  const RouteMatch& match = route.match;
  std::vector<std::pair<HostName, std::uint16_t>> hosts;  // with their ports
  if (match.hosts.empty()) hosts.emplace_back();
  for (const std::string& host : match.hosts) {
    HostPattern pattern = parse_host_pattern(host);
    hosts.emplace_back(HostName{kind_of(pattern), std::move(pattern.text)}, pattern.port);
  }
  const auto add_all = [&](Key key) {
    for (const auto& [name, port] : hosts) {
      key.entry.port = port;
      add(name, key);
    }
  };
  for (const Candidate& candidate : candidates_of(match, 0)) {
    Key key{{}, entry_of(route, candidate.priority), {}};
    if (match.paths.empty()) add_all(key);
    for (const std::uint32_t path : paths_of(match, candidate)) {
      key.entry.path = path;
      if (const Regex* regex = route.regex(path); regex != nullptr) {
        key.path = regex->literal_prefix();
        set_regex(key, regex);
      } else {
        key.path = match.paths[path];
        key.entry.prefix_size = static_cast<std::uint32_t>(key.path.size());
      }
      add_all(key);
    }
  }
}

template <class Add>
void RouterBuilder::each_key_of_expression(const CompiledRoute& route, Add&& add) {
  const Expression& expression = *route.match.expression;
  const Expression::Keys found = expression.keys();
  Key key{{}, entry_of(route, candidates_of(route.match, 0).front().priority), {}};
  if (found.regex != nullptr) set_regex(key, found.regex);
  // The regular expression is only known to be asked for, not to say what of the path is matched.
  if (!expression.is_path_key()) key.entry.regex = nullptr;
  const auto add_paths = [&](const HostName& name) {
    if (!found.paths) return add(name, key);
    for (const std::string_view path : *found.paths) {
      Key with_path = key;
      with_path.path = path;
      if (expression.is_path_key() && key.entry.regex == nullptr)
        with_path.entry.prefix_size = static_cast<std::uint32_t>(path.size());
      add(name, with_path);
    }
  };
  if (!found.hosts) return add_paths(HostName());
  for (const HostPattern& host : *found.hosts)
    add_paths(HostName{kind_of(host), host.text});
}

HostTable& RouterBuilder::table(HostName::Kind kind) const {
  return kind == HostName::Kind::exact    ? router_.exact_hosts_
         : kind == HostName::Kind::suffix ? router_.suffixes_
                                          : router_.prefixes_;
}

const HostRoutes* RouterBuilder::find(const HostName& name) const {
  return name.kind == HostName::Kind::any ? router_.any_host_.get()
                                          : table(name.kind).find(name.text);
}

void RouterBuilder::put(const HostName& name, std::vector<Key> keys) {
  const HostRoutes* const old = find(name);
  if (keys.empty() && old == nullptr) return;
  auto routes = keys.empty() ? nullptr : HostRoutes::build(name.text, std::move(keys));
  if (name.kind == HostName::Kind::any)
    router_.any_host_ = std::move(routes);
  else if (routes == nullptr)
    table(name.kind).remove(old);
  else
    table(name.kind).put(old, std::move(routes));
}

}  // namespace sluice
