// Takes a declared file apart: flat lists, derived ids, references as indices, and no name twice.

#include "config/resolve.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace sluice::config {
namespace {

/// The entities of one kind by what others call them.
class Directory {
 public:
  Directory(std::string_view kind, std::string_view noun)
      : space_(entity_space(kind)), noun_(noun) {}

  Uuid derive(std::string_view key) const { return uuid_v5(space_, key); }

  std::string_view noun() const noexcept { return noun_; }

  /// `name` may be empty. Both places are in the message where the id or the name is taken.
  void add(std::uint32_t index, std::string_view name, const Uuid& id, Place place,
           const Path& path, Diagnostics& diagnostics) {
    places_.push_back(place);
    if (!name.empty()) add("name", std::string(name), index, path, diagnostics);
    add("id", id.text(), index, path, diagnostics);
  }

  /// Keeps the numbering of an entity that is not to be found.
  void skip(Place place) { places_.push_back(place); }

  /// A further unique text, apart from names and ids.
  void add_alias(std::string_view what, const std::string& text, std::uint32_t index,
                 const Path& path, Diagnostics& diagnostics) {
    const auto [taken, fresh] = aliases_.emplace(text, index);
    if (!fresh) report(what, text, taken->second, index, path, diagnostics);
  }

  std::optional<std::uint32_t> find(const std::string& key) const {
    const auto found = entities_.find(key);
    if (found == entities_.end()) return {};
    return found->second;
  }

  std::string suggestion_for(std::string_view key) const {
    // A search through a large file's names costs more than its hint is worth.
    constexpr std::size_t searched_max = 20'000;
    std::vector<std::string_view> names;
    for (const auto& [name, index] : entities_) {
      if (names.size() == searched_max) break;
      if (!parse_uuid(name)) names.push_back(name);
    }
    std::ranges::sort(names);
    return suggestion(key, names);
  }

 private:
  void add(std::string_view what, std::string text, std::uint32_t index, const Path& path,
           Diagnostics& diagnostics) {
    const auto [taken, fresh] = entities_.emplace(std::move(text), index);
    if (!fresh && taken->second != index)
      report(what, taken->first, taken->second, index, path, diagnostics);
  }

  void report(std::string_view what, std::string_view text, std::uint32_t first,
              std::uint32_t index, const Path& path, Diagnostics& diagnostics) {
    const Place place = places_[first];
    diagnostics.error(places_[index], path,
                      fmt::format("{} {} is already used by the {} at line {}, column {}", what,
                                  quoted(text), noun_, place.line, place.column));
  }

  Uuid space_;
  std::string_view noun_;
  std::vector<Place> places_;
  std::unordered_map<std::string, std::uint32_t> entities_;
  std::unordered_map<std::string, std::uint32_t> aliases_;
};

class Resolver {
 public:
  explicit Resolver(Diagnostics& diagnostics)
      : diagnostics_(diagnostics), document_(std::make_shared<Document>()) {}

  LoadedFile run(File file) {
    loaded_.gateway = std::move(file.gateway);
    take_upstreams(std::move(file.upstreams));
    take_services(std::move(file.services));
    take_consumers(std::move(file.consumers));
    const Path routes("routes");
    const Path targets("targets");
    const Path plugins("plugins");
    for (std::size_t i = 0; i < file.routes.size(); ++i)
      take_route(std::move(file.routes[i]), Path(routes, i), {}, i);
    for (std::size_t i = 0; i < file.targets.size(); ++i)
      take_target(std::move(file.targets[i]), Path(targets, i), {});
    for (std::size_t i = 0; i < file.plugins.size(); ++i)
      take_plugin(std::move(file.plugins[i]), Path(plugins, i), {});
    resolve_plugins();
    loaded_.document = std::move(document_);
    return std::move(loaded_);
  }

 private:
  /// The entity that a child is nested in.
  struct Parent {
    std::string_view field;  ///< the child's field that would name it
    std::uint32_t index = 0;
    Uuid id;
  };

  void take_upstreams(std::vector<Upstream> upstreams) {
    for (std::size_t i = 0; i < upstreams.size(); ++i) {
      const Path list("upstreams");
      const Path path(list, i);
      const auto index = static_cast<std::uint32_t>(i);
      Upstream& upstream = upstreams[i];
      if (upstream.id.is_nil()) upstream.id = upstreams_.derive(upstream.name);
      upstreams_.add(index, upstream.name, upstream.id, upstream.place, path, diagnostics_);
      if (upstream.healthchecks != nullptr)
        upstream.healthchecks = document_->keep(*upstream.healthchecks);
      std::vector<Target> targets = std::exchange(upstream.targets, {});
      for (std::size_t j = 0; j < targets.size(); ++j) {
        const Path nested(path, "targets");
        take_target(std::move(targets[j]), Path(nested, j), Parent{"upstream", index, upstream.id});
      }
    }
    loaded_.upstreams = std::move(upstreams);
  }

  void take_services(std::vector<Service> services) {
    for (std::size_t i = 0; i < services.size(); ++i) {
      const Path list("services");
      const Path path(list, i);
      const auto index = static_cast<std::uint32_t>(i);
      Service& service = services[i];
      if (service.id.is_nil()) service.id = services_.derive(service.name.value_or(path.text()));
      services_.add(index, service.name.value_or(""), service.id, service.place, path,
                    diagnostics_);
      service.upstream_index = upstreams_.find(service.host);
      const Parent parent{"service", index, service.id};
      std::vector<Route> routes = std::exchange(service.routes, {});
      const Path nested(path, "routes");
      for (std::size_t j = 0; j < routes.size(); ++j)
        take_route(std::move(routes[j]), Path(nested, j), parent, j);
      take_plugins(std::exchange(service.plugins, {}), path, parent);
    }
    loaded_.services = std::move(services);
  }

  void take_route(Route route, const Path& path, const std::optional<Parent>& parent,
                  std::size_t place_in_list) {
    const auto index = static_cast<std::uint32_t>(loaded_.routes.size());
    if (route.id.is_nil()) {
      const std::string within = parent ? parent->id.text() + ":" : std::string();
      route.id = routes_.derive(route.name ? *route.name
                                           : fmt::format("{}routes[{}]", within, place_in_list));
    }
    routes_.add(index, route.name.value_or(""), route.id, route.place, path, diagnostics_);
    if (parent) {
      route.service_index = parent->index;
      refuse_nested(route.service, *parent, path);
    } else {
      route.service_index = find(services_, route.service, "service", path);
    }
    take_plugins(std::exchange(route.plugins, {}), path, Parent{"route", index, route.id});
    loaded_.routes.push_back(std::move(route));
  }

  void take_consumers(std::vector<Consumer> consumers) {
    for (std::size_t i = 0; i < consumers.size(); ++i) {
      const Path list("consumers");
      const Path path(list, i);
      const auto index = static_cast<std::uint32_t>(i);
      Consumer& consumer = consumers[i];
      if (consumer.id.is_nil())
        consumer.id = consumers_.derive(
            consumer.username ? *consumer.username
                              : "custom_id:" + consumer.custom_id.value_or(path.text()));
      consumers_.add(index, consumer.username.value_or(""), consumer.id, consumer.place, path,
                     diagnostics_);
      if (consumer.custom_id)
        consumers_.add_alias("custom_id", *consumer.custom_id, index, path, diagnostics_);
      take_plugins(std::exchange(consumer.plugins, {}), path,
                   Parent{"consumer", index, consumer.id});
    }
    loaded_.consumers = std::move(consumers);
  }

  void take_target(Target target, const Path& path, const std::optional<Parent>& parent) {
    const auto index = static_cast<std::uint32_t>(loaded_.targets.size());
    if (parent) {
      target.upstream_index = parent->index;
      refuse_nested(target.upstream, *parent, path);
    } else if (target.upstream.empty()) {
      diagnostics_.error(target.place, path,
                         "field \"upstream\" is required outside of an upstream");
    } else {
      target.upstream_index = find(upstreams_, target.upstream, "upstream", path).value_or(0);
    }
    const std::string owner = parent ? parent->id.text() : target.upstream.key;
    if (target.id.is_nil()) target.id = targets_.derive(target.target + ":" + owner);
    targets_.add(index, {}, target.id, target.place, path, diagnostics_);
    loaded_.targets.push_back(std::move(target));
  }

  void take_plugins(std::vector<Plugin> plugins, const Path& parent_path, const Parent& parent) {
    const Path list(parent_path, "plugins");
    for (std::size_t i = 0; i < plugins.size(); ++i)
      take_plugin(std::move(plugins[i]), Path(list, i), parent);
  }

  void take_plugin(Plugin plugin, const Path& path, const std::optional<Parent>& parent) {
    plugin.path = path.text();
    if (plugin.config != nullptr) plugin.config = document_->keep(*plugin.config);
    if (plugin.id.is_nil()) plugin.id = derive(plugin, parent);
    if (parent) {
      Reference& reference = field_of(plugin, parent->field);
      refuse_nested(reference, *parent, path);
      index_of(plugin, parent->field) = parent->index;
      reference = {};
    }
    loaded_.plugins.push_back(std::move(plugin));
  }

  /// Kong's key of a plugin: its instance name, or its name and the scope as the file states it.
  Uuid derive(const Plugin& plugin, const std::optional<Parent>& parent) const {
    if (plugin.instance_name) return plugins_.derive(*plugin.instance_name);
    const auto scope = [&](std::string_view field, const Reference& reference) {
      return parent && parent->field == field ? parent->id.text() : reference.key;
    };
    return plugins_.derive(
        fmt::format("plugins:{}:{}:{}:{}", plugin.name, scope("route", plugin.route),
                    scope("service", plugin.service), scope("consumer", plugin.consumer)));
  }

  static Reference& field_of(Plugin& plugin, std::string_view field) {
    if (field == "service") return plugin.service;
    return field == "route" ? plugin.route : plugin.consumer;
  }

  static std::optional<std::uint32_t>& index_of(Plugin& plugin, std::string_view field) {
    if (field == "service") return plugin.service_index;
    return field == "route" ? plugin.route_index : plugin.consumer_index;
  }

  /// Last, since a plugin may name what stands below it in the file.
  void resolve_plugins() {
    std::unordered_map<std::string, std::uint32_t> scopes;
    for (std::uint32_t i = 0; i < loaded_.plugins.size(); ++i) {
      Plugin& plugin = loaded_.plugins[i];
      const Path path(plugin.path);
      if (!plugin.service.empty())
        plugin.service_index = find(services_, plugin.service, "service", path);
      if (!plugin.route.empty()) plugin.route_index = find(routes_, plugin.route, "route", path);
      if (!plugin.consumer.empty())
        plugin.consumer_index = find(consumers_, plugin.consumer, "consumer", path);
      const auto text = [](const std::optional<std::uint32_t>& index) {
        return index ? fmt::format("{}", *index) : std::string("-");
      };
      const auto [taken, fresh] =
          scopes.emplace(fmt::format("{} {} {} {}", plugin.name, text(plugin.service_index),
                                     text(plugin.route_index), text(plugin.consumer_index)),
                         i);
      if (fresh) {
        plugins_.add(i, plugin.instance_name.value_or(""), plugin.id, plugin.place, path,
                     diagnostics_);
        continue;
      }
      const Place first = loaded_.plugins[taken->second].place;
      plugins_.skip(plugin.place);
      diagnostics_.error(
          plugin.place, path,
          fmt::format("plugin {} is already used in this scope at line {}, column {}",
                      quoted(plugin.name), first.line, first.column));
    }
  }

  void refuse_nested(const Reference& reference, const Parent& parent, const Path& path) {
    if (reference.empty()) return;
    diagnostics_.error(reference.place, Path(path, parent.field),
                       fmt::format("must not be given inside a {}", parent.field));
  }

  std::optional<std::uint32_t> find(const Directory& directory, const Reference& reference,
                                    std::string_view field, const Path& path) {
    if (reference.empty()) return {};
    const auto found = directory.find(reference.key);
    if (!found)
      diagnostics_.error(
          reference.place, Path(path, field),
          fmt::format("no {} has the name or id {}{}", directory.noun(), quoted(reference.key),
                      directory.suggestion_for(reference.key)));
    return found;
  }

  Diagnostics& diagnostics_;
  std::shared_ptr<Document> document_;
  LoadedFile loaded_;
  Directory services_{"services", "service"};
  Directory routes_{"routes", "route"};
  Directory upstreams_{"upstreams", "upstream"};
  Directory targets_{"targets", "target"};
  Directory plugins_{"plugins", "plugin"};
  Directory consumers_{"consumers", "consumer"};
};

}  // namespace

LoadedFile resolve(File file, Diagnostics& diagnostics) {
  return Resolver(diagnostics).run(std::move(file));
}

}  // namespace sluice::config
