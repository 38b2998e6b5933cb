#pragma once
// From plugin entities in their scopes to the pipeline of each route.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
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

class PipelineCompiler {
 public:
  /// Makes all plugins; what is wrong is in `diagnostics`. `into` outlives the pipelines.
  PipelineCompiler(const config::LoadedFile& file, PluginCatalog catalog, const PluginDeps& deps,
                   config::Diagnostics& diagnostics, CompiledPlugins& into);

  bool failed() const noexcept { return failed_; }

  /// One step a plugin name, by priority.
  Pipeline for_route(const config::Route& route, std::uint32_t index);
  /// The global plugins that also run where no route matched.
  Pipeline without_route() const;

 private:
  struct Configured {
    const config::Plugin* entity;
    const PluginType* type;
    const Plugin* plugin;
  };

  /// What one scope of route and service holds of one plugin name.
  struct Scope {
    std::vector<Configured> for_all;
    std::vector<Configured> for_some;   ///< of a consumer or a group
    const ScopeTable* table = nullptr;  ///< of for_some, where it is the same for all routes
  };

  using Scopes = std::map<const PluginType*, Scope>;
  /// The scopes of one plugin name that reach a route: its own, its service's, everywhere; null
  /// where there is none.
  using Reaching = std::array<Scope*, 3>;

  void compile(const config::Plugin& entity, PluginCatalog catalog, const PluginDeps& deps);
  void unsupported(const config::Plugin& entity, std::string message);
  std::map<const PluginType*, Reaching> reaching(const config::Route& route, std::uint32_t index);
  Step base_step(const Reaching& scopes, const config::Route& route, Specificity& best) const;
  const Overlay* overlay_for(const Reaching& scopes, const config::Route& route, Specificity base);
  const ScopeTable* make_table(const std::vector<Configured>& plugins,
                               std::optional<std::uint32_t> service_index);

  config::Diagnostics& diagnostics_;
  CompiledPlugins& into_;
  Scopes global_;
  std::map<std::uint32_t, Scopes> by_service_;
  std::map<std::uint32_t, Scopes> by_route_;
  bool failed_ = false;
};

}  // namespace sluice
