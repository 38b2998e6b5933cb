#pragma once
// Which route a request belongs to: Kong's traditional_compatible order
// (kong.md §2). Immutable, shared by all workers; what two routers have in
// common, they share.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/router/compiled_route.h"
#include "gateway/router/host_table.h"
#include "gateway/router/question.h"
#include "gateway/router/ranking.h"
#include "gateway/router/route_match.h"

namespace sluice {

/// What is different from the router before.
struct RouterChanges {
  std::vector<RouteMatch> put;        ///< new, or instead of the route with that id; each id once
  std::vector<config::Uuid> removed;  ///< unknown ones do no harm; what is put is not removed
};

class Router {
 public:
  /// A route for which there is a problem matches nothing. Regular expressions that `previous` has
  /// are shared with it: compiling them is most of the work.
  Router(std::vector<RouteMatch> routes, std::vector<RouteProblem>& problems,
         const Router* previous = nullptr);

  /// The routes of `previous` with changes. Only the hosts of what changed are built anew; all else
  /// is shared. A problem's `route` is the index in `put`.
  Router(const Router& previous, RouterChanges changes, std::vector<RouteProblem>& problems);

  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// The first route in the order of evaluation that admits the request. No allocation, no lock.
  Answer match(const Question& question) const noexcept;

  std::size_t size() const noexcept { return routes_.size(); }

  /// The matchers of all routes, as they were given.
  auto routes() const noexcept {
    return std::views::transform(
        routes_, [](const auto& route) -> const RouteMatch& { return route->match; });
  }

  const CompiledRoute& compiled(std::size_t route) const noexcept { return *routes_[route]; }

  /// What host patterns lead a host to. For people; match() does the same without a list.
  std::vector<const HostRoutes*> routes_of_host(std::string_view host) const;

  /// In the order of evaluation.
  std::span<const Candidate> candidates() const noexcept { return candidates_; }

 private:
  friend class RouterBuilder;
  friend class RouterInspector;
  class Search;

  /// Calls `visit` with the routes of each wildcard that `host` fits.
  template <class Visitor>
  void visit_wildcards(std::string_view host, Visitor&& visit) const;

  std::vector<std::shared_ptr<const CompiledRoute>> routes_;
  std::vector<Candidate> candidates_;
  HostTable exact_hosts_;
  HostTable suffixes_;  ///< ".a.com" of *.a.com
  HostTable prefixes_;  ///< "a." of a.*
  std::shared_ptr<const HostRoutes> any_host_;
};

template <class Visitor>
void Router::visit_wildcards(std::string_view host, Visitor&& visit) const {
  const auto look_up = [&](const HostTable& table, std::string_view text) {
    if (const HostRoutes* routes = table.find(text); routes != nullptr) visit(*routes);
  };
  // At least one character stands for the asterisk.
  if (!suffixes_.empty())
    for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos;
         dot = host.find('.', dot + 1))
      look_up(suffixes_, host.substr(dot));
  if (!prefixes_.empty())
    for (std::size_t dot = host.find('.'); dot != std::string_view::npos && dot + 1 < host.size();
         dot = host.find('.', dot + 1))
      look_up(prefixes_, host.substr(0, dot + 1));
}

}  // namespace sluice
