#include "gateway/pipeline_compiler.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "gateway/plugin_check.h"

namespace sluice {
namespace {

/// Kong's priorities; equal ones by name.
bool runs_before(const PluginType* left, const PluginType* right) {
  return left->priority != right->priority ? left->priority > right->priority
                                           : left->name < right->name;
}

}  // namespace

Specificity specificity_of(const config::Plugin& plugin) {
  using enum Specificity;
  const bool in_route = plugin.route_index.has_value();
  const bool in_service = plugin.service_index.has_value();
  const auto one_of = [&](Specificity both, Specificity of_route, Specificity of_service,
                          Specificity alone) {
    if (in_route) return in_service ? both : of_route;
    return in_service ? of_service : alone;
  };
  if (plugin.consumer_index)
    return one_of(consumer_route_service, consumer_route, consumer_service, consumer);
  if (plugin.consumer_group_index)
    return one_of(group_route_service, group_route, group_service, group);
  return one_of(route_service, route, service, global);
}

namespace {

void add_secret_names(Pipeline& pipeline, const Plugin* plugin) {
  if (plugin == nullptr) return;
  for (const std::string& name : plugin->secret_names())
    if (std::ranges::find(pipeline.secret_names, name) == pipeline.secret_names.end())
      pipeline.secret_names.push_back(name);
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): what it reads, and where what it makes goes
PipelineCompiler::PipelineCompiler(std::span<const config::Plugin> plugins, PluginCatalog catalog,
                                   const PluginDeps& deps, config::Diagnostics& diagnostics,
                                   CompiledPlugins& into, PluginScopes& scopes)
    : diagnostics_(diagnostics), into_(into), scopes_(scopes) {
  for (const config::Plugin& entity : plugins)
    compile(entity, catalog, deps, &scopes);
  make_tables(scopes.global, std::nullopt);
  for (auto& [service, by_type] : scopes.by_service)
    make_tables(by_type, service);
}

// NOLINTNEXTLINE(readability-function-size): the same
PipelineCompiler::PipelineCompiler(std::span<const config::Plugin> plugins, PluginCatalog catalog,
                                   const PluginDeps& deps, config::Diagnostics& diagnostics,
                                   CompiledPlugins& into, const PluginScopes& scopes)
    : diagnostics_(diagnostics), into_(into), scopes_(scopes) {
  for (const config::Plugin& entity : plugins)
    if (entity.route_index) compile(entity, catalog, deps, nullptr);
}

void PipelineCompiler::compile(const config::Plugin& entity, PluginCatalog catalog,
                               const PluginDeps& deps, PluginScopes* scopes) {
  const auto found = std::ranges::find(catalog, std::string_view(entity.name),
                                       [](const PluginType* each) { return each->name; });
  if (found == catalog.end() || !entity.enabled) {
    const std::size_t errors = diagnostics_.error_count();
    check_plugin(entity, catalog, diagnostics_);
    failed_ = failed_ || diagnostics_.error_count() > errors;
    return;
  }
  if (entity.ordering) unsupported(entity, "the ordering of plugins is not supported yet");
  const PluginType* type = *found;
  const std::size_t before = diagnostics_.error_count();
  check_scope(entity, type->scopes, diagnostics_);
  check_protocols(entity, type->streams, diagnostics_);
  const std::string id = entity.id.text();
  PluginDeps own = deps;
  own.id = id;
  own.place = entity.place;
  auto plugin = type->make(entity.config, config::Path(entity.path), own, diagnostics_);
  if (plugin == nullptr || diagnostics_.error_count() > before) {
    failed_ = true;
    return;
  }
  plugin->set_origin(
      {type->name, id, entity.instance_name.value_or(""), specificity_of(entity), entity.place});
  const Configured configured{plugin.get(), specificity_of(entity), entity.service_index,
                              entity.consumer_index, entity.consumer_group_index};
  into_.plugins.push_back(std::move(plugin));
  if (!runs_for_http(entity)) return;
  ByType& by_type = entity.route_index     ? by_route_[*entity.route_index]
                    : entity.service_index ? scopes->by_service[*entity.service_index]
                                           : scopes->global;
  Scope& scope = by_type[type];
  const bool for_some = entity.consumer_index || entity.consumer_group_index;
  (for_some ? scope.for_some : scope.for_all).push_back(configured);
}

/// Only a route's own table depends on which service the route has.
void PipelineCompiler::make_tables(ByType& scopes, std::optional<std::uint32_t> service) {
  for (auto& [type, scope] : scopes)
    if (!scope.for_some.empty()) scope.table = make_table(scope.for_some, service);
}

void PipelineCompiler::unsupported(const config::Plugin& entity, std::string message) {
  const std::size_t before = diagnostics_.error_count();
  diagnostics_.unsupported(entity.place, config::Path(entity.path), std::move(message));
  failed_ = failed_ || diagnostics_.error_count() > before;
}

std::map<const PluginType*, PipelineCompiler::Reaching> PipelineCompiler::reaching(
    const config::Route& route, std::uint32_t index) const {
  std::map<const PluginType*, Reaching> result;
  const auto add = [&](const ByType& scopes, std::size_t place) {
    for (const auto& [type, scope] : scopes)
      result[type][place] = &scope;
  };
  if (const auto found = by_route_.find(index); found != by_route_.end()) add(found->second, 0);
  if (route.service_index)
    if (const auto found = scopes_.by_service.find(*route.service_index);
        found != scopes_.by_service.end())
      add(found->second, 1);
  add(scopes_.global, 2);
  return result;
}

/// What the step is as long as no consumer is known.
Step PipelineCompiler::base_step(const Reaching& scopes, const config::Route& route,
                                 Specificity& best) const {
  Step step;
  best = Specificity::nothing;
  for (const Scope* scope : scopes) {
    if (scope == nullptr) continue;
    for (const Configured& candidate : scope->for_all) {
      if (candidate.service && candidate.service != route.service_index) continue;
      if (candidate.specificity >= best) continue;
      best = candidate.specificity;
      step.plugin = candidate.plugin;
    }
  }
  return step;
}

const ScopeTable* PipelineCompiler::make_table(const std::vector<Configured>& plugins,
                                               std::optional<std::uint32_t> service) {
  auto table = std::make_unique<ScopeTable>();
  for (const Configured& each : plugins) {
    if (each.service && each.service != service) continue;
    const ScopeTable::Entry entry{each.consumer ? *each.consumer : *each.consumer_group,
                                  each.specificity, each.plugin};
    (each.consumer ? table->consumers : table->groups).push_back(entry);
  }
  std::ranges::sort(table->consumers, {}, &ScopeTable::Entry::owner);
  std::ranges::sort(table->groups, {}, &ScopeTable::Entry::owner);
  if (table->consumers.empty() && table->groups.empty()) return nullptr;
  into_.tables.push_back(std::move(table));
  return into_.tables.back().get();
}

const Overlay* PipelineCompiler::overlay_for(const Reaching& scopes, const config::Route& route,
                                             Specificity base) {
  auto overlay = std::make_unique<Overlay>();
  overlay->base = base;
  bool has_any = false;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    const Scope* scope = scopes[i];
    if (scope == nullptr || scope->for_some.empty()) continue;
    overlay->tables[i] =
        scope->table != nullptr ? scope->table : make_table(scope->for_some, route.service_index);
    has_any = has_any || overlay->tables[i] != nullptr;
  }
  if (!has_any) return nullptr;
  into_.overlays.push_back(std::move(overlay));
  return into_.overlays.back().get();
}

Pipeline PipelineCompiler::for_route(const config::Route& route, std::uint32_t index) {
  struct Candidate {
    const PluginType* type;
    Step step;
    Specificity base;
  };

  auto by_type = reaching(route, index);
  std::vector<Candidate> steps;
  bool may_know_consumer = false;
  for (const auto& [type, scopes] : by_type) {
    Specificity base{};
    const Step step = base_step(scopes, route, base);
    may_know_consumer = may_know_consumer || (type->authenticates && step.plugin != nullptr);
    steps.push_back({type, step, base});
  }
  Pipeline pipeline;
  std::ranges::sort(steps, runs_before, &Candidate::type);
  for (auto& [type, step, base] : steps) {
    // Where nobody authenticates, what is for some consumers only is for nobody.
    if (may_know_consumer) step.overlay = overlay_for(by_type[type], route, base);
    if (step.plugin == nullptr && step.overlay == nullptr) continue;
    add_secret_names(pipeline, step.plugin);
    pipeline.steps.push_back(step);
  }
  pipeline.steps.shrink_to_fit();
  return pipeline;
}

Pipeline PipelineCompiler::without_route() const {
  Pipeline pipeline;
  std::vector<std::pair<const PluginType*, Step>> steps;
  for (const auto& [type, scope] : scopes_.global)
    if (type->without_route)
      for (const Configured& configured : scope.for_all)
        steps.emplace_back(type, Step{configured.plugin});
  std::ranges::sort(steps, runs_before, [](const auto& entry) { return entry.first; });
  for (const auto& [type, step] : steps)
    pipeline.steps.push_back(step);
  add_secret_names_to(pipeline);
  return pipeline;
}

void PipelineCompiler::add_secret_names_to(Pipeline& pipeline) const {
  for (const auto& plugin : into_.plugins)
    add_secret_names(pipeline, plugin.get());
}

}  // namespace sluice
