#pragma once
// One step of a route's pipeline. Three hooks, for every plugin; one file each in plugins/.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "config/diagnostics.h"
#include "config/plugins/known.h"
#include "http/message.h"
#include "upstream/balancer.h"

namespace sluice::config {
class Node;
struct Type;
}  // namespace sluice::config

namespace sluice {

struct Exchange;
struct Overlay;
class Consumers;
class Plugin;

/// One plugin name of a pipeline, with the configuration that is most specific for the route.
struct Step {
  const Plugin* plugin = nullptr;    ///< null: nothing, but for the consumers of the overlay
  const Overlay* overlay = nullptr;  ///< null where no consumer has a configuration of its own
};

/// What comes after a step: the further steps, then the proxy or a refusal.
struct Next {
  http::ResponseTask operator()(Exchange& exchange) const;
  std::span<const Step> rest;
};

/// How specific a configuration is: the smallest one wins. Consumer groups stand where Kong
/// Enterprise puts them (kong.md §6).
enum class Specificity : std::uint8_t {
  consumer_route_service,
  group_route_service,
  consumer_route,
  consumer_service,
  group_route,
  group_service,
  route_service,
  consumer,
  group,
  route,
  service,
  global,
  nothing,
};

/// "route", "consumer and service": for people.
std::string_view name_of(Specificity specificity) noexcept;

/// The plugin entity that a step was made from.
struct PluginOrigin {
  std::string_view name;  ///< of the plugin; lives as long as the process
  std::string id;
  std::string instance_name;  ///< empty for none
  Specificity scope = Specificity::nothing;
  config::Place place;
};

/// Immutable, shared by all workers: no mutable members. What changes is node state under the
/// entity's id.
class Plugin {
 public:
  virtual ~Plugin() = default;

  /// Decides: answers, or returns next(exchange), around which it may change both. Not reached when
  /// an earlier step answered. An Error never lets the request through.
  virtual http::ResponseTask handle(Exchange& exchange, Next next) const { return next(exchange); }

  /// Dresses every head before it leaves, whoever made it (upstream, plugin, error, 404): in Kong's
  /// order, after all handle.
  virtual void on_response(Exchange&, http::Response&) const {}

  /// Records, once, after the last byte or the abort. Never waits; ships through bounded queues.
  virtual void on_end(const Exchange&) const noexcept {}

  /// Names of header fields and query arguments that hold credentials: never logged.
  virtual std::span<const std::string> secret_names() const { return {}; }

  const PluginOrigin& origin() const noexcept { return origin_; }

  /// Once, by whoever made it, before it is shared.
  void set_origin(PluginOrigin origin) { origin_ = std::move(origin); }

 private:
  PluginOrigin origin_;
};

using TargetGroups = std::map<std::string, upstream::TargetGroup, std::less<>>;

/// What a plugin is made from, beside its configuration.
struct PluginDeps {
  const Consumers& consumers;
  const TargetGroups& upstreams;  ///< by name
  std::string_view id;            ///< of the plugin entity: the key of its node state
  config::Place place{};          ///< where the file declares it
};

/// A line of the catalog: plugins/catalog.cc.
struct PluginType {
  std::string_view name;
  int priority;  ///< Kong's: higher runs first, in every hook
  std::string_view summary;
  bool without_route;  ///< also runs where no route matched (logs, metrics, ids; never
                       ///< authentication or limits)
  bool authenticates;  ///< says who the consumer is
  config::AllowedScopes scopes;
  config::AllowedStreams streams;
  /// Null, and diagnostics at `path`, when the configuration is wrong. `config` may be null: all
  /// defaults.
  std::unique_ptr<Plugin> (*make)(const config::Node* config, const config::Path& path,
                                  const PluginDeps& deps, config::Diagnostics& diagnostics);
  const config::Type* (*settings)();  ///< the declaration of its settings: schema and reference
};

using PluginCatalog = std::span<const PluginType* const>;

}  // namespace sluice
