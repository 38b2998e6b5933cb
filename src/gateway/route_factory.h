#pragma once
// Routes of a configuration as the router and the proxy take them, and what is wrong with their
// matchers.

#include <memory>
#include <span>
#include <vector>

#include "config/diagnostics.h"
#include "config/entities.h"
#include "config/gateway_settings.h"
#include "gateway/route.h"
#include "gateway/router/compiled_route.h"

namespace sluice {

class RouteFactory {
 public:
  RouteFactory(std::span<const std::unique_ptr<const Service>> services,
               config::RouterFlavor flavor, config::Diagnostics& diagnostics)
      : services_(services), flavor_(flavor), diagnostics_(diagnostics) {}

  bool failed() const noexcept { return failed_; }

  /// Keeps what the router may find to be wrong apart by the order of these calls. `plugins`: of
  /// the pipeline, where they are the route's own.
  void add(const config::Route& from, Pipeline pipeline,
           std::shared_ptr<const CompiledPlugins> plugins);

  /// Says what is wrong with the matchers of a route that the router does not get.
  void check(const config::Route& route);

  std::vector<RouteMatch> take_matches() { return std::move(matches_); }

  /// What the router found: `route` counts what take_matches() gave.
  void report(const std::vector<RouteProblem>& problems);

 private:
  /// False where there is no such route.
  bool set_matchers(const config::Route& from, RouteMatch& match);
  void compile_endpoints(const config::Route& from, RouteMatch& match);
  bool compile_expression(const config::Route& from, RouteMatch& match);
  void report(const config::Route& route, const RouteProblem& problem);

  std::span<const std::unique_ptr<const Service>> services_;
  config::RouterFlavor flavor_;
  config::Diagnostics& diagnostics_;
  std::vector<RouteMatch> matches_;
  std::vector<const config::Route*> entities_;  ///< of matches_
  bool failed_ = false;
};

}  // namespace sluice
