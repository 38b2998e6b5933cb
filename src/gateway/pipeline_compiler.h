#pragma once
// From plugin entities in their scopes to the pipeline of each route.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/load.h"
#include "gateway/pipeline.h"

namespace sluice {

/// All plugins of a configuration, immutable and owned here, in the snapshot, with the tables that
/// steps refer to.
struct CompiledPlugins {
  std::vector<std::unique_ptr<const Plugin>> plugins;
  std::vector<std::unique_ptr<const ScopeTable>> tables;
  std::vector<std::unique_ptr<const Overlay>> overlays;
};

/// By the references that the entity has.
Specificity specificity_of(const config::Plugin& plugin);

/// The configurations of plugins by what they are for, without those of single routes: what a route
/// that comes later is compiled with. Immutable once all plugins are added.
struct PluginScopes {
  struct Configured {
    const Plugin* plugin;
    Specificity specificity;
    std::optional<std::uint32_t> service;  ///< its index
    std::optional<std::uint32_t> consumer;
    std::optional<std::uint32_t> consumer_group;
  };

  /// What one scope of route and service holds of one plugin name.
  struct Scope {
    std::vector<Configured> for_all;
    std::vector<Configured> for_some;   ///< of a consumer or a group
    const ScopeTable* table = nullptr;  ///< of for_some, where it is the same for all routes
  };

  using ByType = std::map<const PluginType*, Scope>;

  ByType global;
  std::map<std::uint32_t, ByType> by_service;
};

class PipelineCompiler {
 public:
  /// Makes all plugins; what is wrong is in `diagnostics`. `into` outlives the pipelines. Fills
  /// `scopes`.
  PipelineCompiler(std::span<const config::Plugin> plugins, PluginCatalog catalog,
                   const PluginDeps& deps, config::Diagnostics& diagnostics, CompiledPlugins& into,
                   PluginScopes& scopes);

  /// For routes that come later, with all `plugins` of their own; `scopes` outlives the pipelines,
  /// too.
  PipelineCompiler(std::span<const config::Plugin> plugins, PluginCatalog catalog,
                   const PluginDeps& deps, config::Diagnostics& diagnostics, CompiledPlugins& into,
                   const PluginScopes& scopes);

  bool failed() const noexcept { return failed_; }

  /// One step a plugin name, by priority.
  Pipeline for_route(const config::Route& route, std::uint32_t index);
  /// The global plugins that also run where no route matched.
  Pipeline without_route() const;
  /// Adds the secret names of the plugins that were made here: a client that missed its route may
  /// have sent its key all the same.
  void add_secret_names_to(Pipeline& pipeline) const;

 private:
  using Configured = PluginScopes::Configured;
  using Scope = PluginScopes::Scope;
  using ByType = PluginScopes::ByType;
  /// The scopes of one plugin name that reach a route: its own, its service's, everywhere; null
  /// where there is none.
  using Reaching = std::array<const Scope*, 3>;

  void compile(const config::Plugin& entity, PluginCatalog catalog, const PluginDeps& deps,
               PluginScopes* scopes);
  void unsupported(const config::Plugin& entity, std::string message);
  void make_tables(ByType& scopes, std::optional<std::uint32_t> service);
  std::map<const PluginType*, Reaching> reaching(const config::Route& route,
                                                 std::uint32_t index) const;
  Step base_step(const Reaching& scopes, const config::Route& route, Specificity& best) const;
  const Overlay* overlay_for(const Reaching& scopes, const config::Route& route, Specificity base);
  const ScopeTable* make_table(const std::vector<Configured>& plugins,
                               std::optional<std::uint32_t> service);

  config::Diagnostics& diagnostics_;
  CompiledPlugins& into_;
  const PluginScopes& scopes_;
  std::map<std::uint32_t, ByType> by_route_;
  bool failed_ = false;
};

}  // namespace sluice
