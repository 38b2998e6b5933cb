#pragma once
// Compiles matchers into the tables of a Router, all of them or what changed.

#include <cstdint>
#include <forward_list>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gateway/router/router.h"

namespace sluice {

class RouterBuilder {
 public:
  RouterBuilder(Router& router, std::vector<RouteProblem>& problems)
      : router_(router), problems_(problems) {}

  void build(std::vector<RouteMatch> routes, const Router* previous);
  void change(const Router& previous, RouterChanges changes);

 private:
  using Key = HostRoutes::Key;

  /// A pattern of `hosts`, or that a route has none.
  struct HostName {
    enum class Kind : std::uint8_t { exact, suffix, prefix, any };

    Kind kind = Kind::any;
    std::string text;

    bool operator==(const HostName&) const = default;
  };

  struct HashOfName {
    std::size_t operator()(const HostName& name) const noexcept {
      return std::hash<std::string>()(name.text) * 4 + static_cast<std::size_t>(name.kind);
    }
  };

  static HostName::Kind kind_of(const HostPattern& pattern) noexcept {
    switch (pattern.kind) {
      case HostPattern::Kind::suffix:
        return HostName::Kind::suffix;
      case HostPattern::Kind::prefix:
        return HostName::Kind::prefix;
      default:
        return HostName::Kind::exact;
    }
  }

  using KeysByHost = std::unordered_map<HostName, std::vector<Key>, HashOfName>;

  /// Calls `add` with each host of the route, and a key for it. Keys borrow from the route.
  template <class Add>
  void each_key(const CompiledRoute& route, Add&& add);
  template <class Add>
  void each_key_of_expression(const CompiledRoute& route, Add&& add);

  using Routes = std::vector<std::shared_ptr<const CompiledRoute>>;

  void replace(const Router& previous, const std::vector<config::Uuid>& removed, const Routes& put,
               std::unordered_set<const CompiledRoute*>& gone);
  /// The keys that stay of the hosts that are in `hosts`.
  void keep_keys(const std::unordered_set<const CompiledRoute*>& gone, KeysByHost& hosts);
  void put(const HostName& name, std::vector<Key> keys);
  const HostRoutes* find(const HostName& name) const;
  HostTable& table(HostName::Kind kind) const;

  Router& router_;
  std::vector<RouteProblem>& problems_;
  std::forward_list<std::string> texts_;  ///< that keys borrow
};

}  // namespace sluice
