#pragma once
// One step of a route's pipeline. Three hooks, for every plugin; one file each in plugins/.

#include <memory>
#include <span>
#include <string_view>

#include "http/message.h"

namespace sluice::config {
class Diagnostics;
class Node;
class Path;
struct Type;
}  // namespace sluice::config

namespace sluice {

struct Exchange;
class Plugin;

/// One plugin name of a pipeline, with the configuration that is most specific for the route.
struct Step {
  const Plugin* plugin = nullptr;
};

/// What comes after a step: the further steps, then the proxy or a refusal.
struct Next {
  http::ResponseTask operator()(Exchange& exchange) const;
  std::span<const Step> rest;
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
};

/// What a plugin is made from, beside its configuration.
struct PluginDeps {
  std::string_view id;  ///< of the plugin entity: the key of its node state
};

/// A line of the catalog: plugins/catalog.cc.
struct PluginType {
  std::string_view name;
  int priority;  ///< Kong's: higher runs first, in every hook
  std::string_view summary;
  bool without_route;  ///< also runs where no route matched (logs, metrics, ids; never
                       ///< authentication or limits)
  /// Null, and diagnostics at `path`, when the configuration is wrong. `config` may be null: all
  /// defaults.
  std::unique_ptr<Plugin> (*make)(const config::Node* config, const config::Path& path,
                                  const PluginDeps& deps, config::Diagnostics& diagnostics);
  const config::Type* (*settings)();  ///< the declaration of its settings: schema and reference
};

using PluginCatalog = std::span<const PluginType* const>;

}  // namespace sluice
