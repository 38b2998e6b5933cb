#include "gateway/router/shadows.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "http/text.h"

namespace sluice {
namespace {

// For one path: how many candidates that might come first are compared. More share their host and
// the beginning of their path only in files that were made to.
constexpr std::size_t rivals_max = 256;

/// Every host that `inner` admits is one that `outer` admits.
bool covers(const HostPattern& outer, const HostPattern& inner) {
  if (outer.port != 0 && outer.port != inner.port) return false;
  if (inner.kind == HostPattern::Kind::exact) return outer.matches(inner.text);
  if (outer.kind != inner.kind) return false;
  return outer.kind == HostPattern::Kind::suffix ? inner.text.ends_with(outer.text)
                                                 : inner.text.starts_with(outer.text);
}

bool covers(const EndpointMatch& outer, const EndpointMatch& inner) {
  if (outer.port != 0 && outer.port != inner.port) return false;
  if (!outer.network) return true;
  return inner.network && inner.network->bits >= outer.network->bits &&
         inner.network->base.family == outer.network->base.family &&
         outer.network->contains(inner.network->base);
}

/// Each element of `inner` is covered by one of `outer`. An empty list admits everything.
template <class List, class Covers>
bool covers_all(const List& outer, const List& inner, Covers&& covers_one) {
  if (outer.empty()) return true;
  return !inner.empty() && std::ranges::all_of(inner, [&](const auto& each) {
    return std::ranges::any_of(outer, [&](const auto& other) { return covers_one(other, each); });
  });
}

bool covers_host(const std::string& outer, const std::string& inner) {
  return covers(parse_host_pattern(outer), parse_host_pattern(inner));
}

/// Server names without the last dot of a FQDN; they have no ports.
bool covers_sni(std::string_view outer, std::string_view inner) {
  if (outer.size() > 1 && outer.ends_with('.')) outer.remove_suffix(1);
  if (inner.size() > 1 && inner.ends_with('.')) inner.remove_suffix(1);
  return covers(parse_host_pattern(outer), parse_host_pattern(inner));
}

using NamedValues = std::pair<std::string, std::vector<std::string>>;

/// Whoever has one of the inner values has one of the outer ones.
bool covers_header(const NamedValues& outer, const NamedValues& inner) {
  const auto canonical = [](std::string_view name) {
    std::string text = http::lowered(name);
    std::ranges::replace(text, '_', '-');
    return text;
  };
  return canonical(outer.first) == canonical(inner.first) && !inner.second.empty() &&
         std::ranges::all_of(inner.second, [&](const std::string& value) {
           return std::ranges::any_of(outer.second, [&](const std::string& other) {
             return http::equal_ignoring_case(value, other);
           });
         });
}

/// All but the path.
bool covers_rest(const RouteMatch& outer, const RouteMatch& inner) {
  const auto equal = [](const auto& left, const auto& right) { return left == right; };
  const auto endpoint = [](const EndpointMatch& left, const EndpointMatch& right) {
    return covers(left, right);
  };
  return outer.expression == nullptr && (outer.http || !inner.http) &&
         (outer.https || !inner.https) && covers_all(outer.methods, inner.methods, equal) &&
         covers_all(outer.hosts, inner.hosts, covers_host) &&
         covers_all(outer.snis, inner.snis, covers_sni) &&
         covers_all(outer.sources, inner.sources, endpoint) &&
         covers_all(outer.destinations, inner.destinations, endpoint) &&
         std::ranges::all_of(outer.headers, [&](const NamedValues& wanted) {
           return std::ranges::any_of(inner.headers, [&](const NamedValues& given) {
             return covers_header(wanted, given);
           });
         });
}

/// A host that the pattern admits, for looking up who else does.
std::string host_like(const HostPattern& pattern) {
  switch (pattern.kind) {
    case HostPattern::Kind::suffix:
      return "x" + pattern.text;
    case HostPattern::Kind::prefix:
      return pattern.text + "x";
    default:
      return pattern.text;
  }
}

/// What every path that the configured one admits begins with.
std::string_view beginning_of(std::string_view path, const Regex* regex) {
  return regex == nullptr ? path : std::string_view(regex->literal_prefix());
}

class ShadowSearch {
 public:
  explicit ShadowSearch(const Router& router) : router_(router) {
    for (std::uint32_t i = 0; i < router.candidates().size(); ++i) {
      const Candidate& candidate = router.candidates()[i];
      ranks_.emplace(std::pair(&router.compiled(candidate.route), candidate.priority), i);
    }
  }

  std::vector<Shadow> run() {
    for (std::uint32_t i = 0; i < router_.candidates().size(); ++i) {
      const Candidate& candidate = router_.candidates()[i];
      const CompiledRoute& route = router_.compiled(candidate.route);
      if (route.match.expression != nullptr) {
        look_at_expression(i, route);
        continue;
      }
      const std::vector<std::uint32_t> paths = paths_of(route.match, candidate);
      if (paths.empty()) look_at(i, route, std::nullopt);
      for (const std::uint32_t path : paths)
        look_at(i, route, path);
    }
    return std::move(shadows_);
  }

 private:
  using Entry = HostRoutes::Entry;

  void look_at(std::uint32_t rank, const CompiledRoute& route, std::optional<std::uint32_t> path) {
    const RouteMatch& match = route.match;
    const std::string host =
        match.hosts.empty() ? std::string() : host_like(parse_host_pattern(match.hosts.front()));
    const std::string_view own_path = path ? std::string_view(match.paths[*path]) : "";
    const Regex* regex = path ? route.regex(*path) : nullptr;
    std::size_t seen = 0;
    std::uint32_t best = rank;
    for (const HostRoutes* routes : router_.routes_of_host(host))
      routes->walk(beginning_of(own_path, regex), [&](std::span<const Entry> entries) {
        for (const Entry& entry : entries) {
          if (++seen > rivals_max) return;
          if (entry.compiled == &route || !takes_path(entry, own_path)) continue;
          const std::uint32_t rival = rank_of(entry);
          if (rival < best && covers_rest(entry.compiled->match, match)) best = rival;
        }
      });
    if (best != rank) shadows_.push_back({rank, path, best});
  }

  /// Only other expressions come first.
  void look_at_expression(std::uint32_t rank, const CompiledRoute& route) {
    const Expression::Keys keys = route.match.expression->keys();
    const std::string host = keys.hosts ? host_like(keys.hosts->front()) : std::string();
    std::size_t seen = 0;
    std::uint32_t best = rank;
    for (const HostRoutes* routes : router_.routes_of_host(host))
      routes->walk(keys.paths ? keys.paths->front() : "", [&](std::span<const Entry> entries) {
        for (const Entry& entry : entries) {
          const RouteMatch& rival = entry.compiled->match;
          if (rival.expression == nullptr || entry.compiled == &route || ++seen > rivals_max)
            continue;
          const std::uint32_t place = rank_of(entry);
          if (place < best && (rival.https || !route.match.https) &&
              route.match.expression->implies(*rival.expression))
            best = place;
        }
      });
    if (best != rank) shadows_.push_back({rank, std::nullopt, best});
  }

  /// Whether the entry admits every path that the configured one does. Its plain prefix was walked
  /// to.
  static bool takes_path(const Entry& entry, std::string_view path) {
    if (entry.compiled->match.expression != nullptr) return false;
    if (entry.regex == nullptr) return true;
    return is_regex_path(path) && entry.regex->pattern() == path.substr(1);
  }

  /// Behind all others where it is none of this router's.
  std::uint32_t rank_of(const Entry& entry) const {
    const auto found = ranks_.find(std::pair(entry.compiled, entry.priority));
    return found == ranks_.end() ? UINT32_MAX : found->second;
  }

  const Router& router_;
  std::map<std::pair<const CompiledRoute*, std::uint64_t>, std::uint32_t> ranks_;
  std::vector<Shadow> shadows_;
};

}  // namespace

std::vector<Shadow> find_shadows(const Router& router) {
  return ShadowSearch(router).run();
}

}  // namespace sluice
