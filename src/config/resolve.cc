// Takes a declared file apart: flat lists, derived ids, references as indices, and no name twice.

#include "config/resolve.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
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
  Directory(std::string_view kind, std::string_view noun, Diagnostics& diagnostics)
      : space_(entity_space(kind)), noun_(noun), diagnostics_(diagnostics) {}

  Uuid derive(std::string_view key) const { return uuid_v5(space_, key); }

  std::string_view noun() const noexcept { return noun_; }

  void reserve(std::size_t count) {
    places_.reserve(count);
    names_.reserve(count);
    ids_.reserve(count);
  }

  /// What is added from here on belongs to the next entity.
  void enter(Place place) { places_.push_back(place); }

  /// Both places are in the message where the name is taken. An empty name adds nothing.
  void add_name(std::string_view what, const std::string& name, const Path& path) {
    if (!name.empty()) add(names_, what, name, name, path);
  }

  /// An id that the file gives. One that is derived is as unique as what it is derived from.
  void add_id(const Uuid& id, const Path& path) {
    const auto [taken, fresh] = ids_.emplace(id, last());
    if (!fresh) report("id", id.text(), taken->second, path);
  }

  void add_derived_id(const Uuid& id) { ids_.emplace(id, last()); }

  /// A further unique text, by which nobody refers to the entity.
  void add_unique(std::string_view what, const std::string& key, const std::string& shown,
                  const Path& path) {
    if (!shown.empty()) add(unique_, what, key, shown, path);
  }

  /// By name, else by id.
  std::optional<std::uint32_t> find(const std::string& key) const {
    if (const auto found = names_.find(key); found != names_.end()) return found->second;
    const auto id = parse_uuid(key);
    const auto found = id ? ids_.find(*id) : ids_.end();
    if (found == ids_.end()) return {};
    return found->second;
  }

  std::string suggestion_for(std::string_view key) const {
    // A search through a large file's names costs more than its hint is worth.
    constexpr std::size_t searched_max = 20'000;
    std::vector<std::string_view> names;
    for (const auto& [name, index] : names_) {
      if (names.size() == searched_max) break;
      names.push_back(name);
    }
    std::ranges::sort(names);
    return suggestion(key, names);
  }

 private:
  using Index = std::unordered_map<std::string, std::uint32_t>;

  struct HashOfId {
    // The bytes of a version 5 identifier are a hash already.
    std::size_t operator()(const Uuid& id) const noexcept {
      std::size_t hash = 0;
      std::memcpy(&hash, id.bytes.data(), sizeof hash);
      return hash;
    }
  };

  std::uint32_t last() const { return static_cast<std::uint32_t>(places_.size() - 1); }

  void add(Index& index, std::string_view what, const std::string& key, const std::string& shown,
           const Path& path) {
    const auto [taken, fresh] = index.emplace(key, last());
    if (!fresh) report(what, shown, taken->second, path);
  }

  void report(std::string_view what, std::string_view shown, std::uint32_t taken,
              const Path& path) const {
    const Place first = places_[taken];
    diagnostics_.error(places_.back(), path,
                       fmt::format("{} {} is already used by the {} at line {}, column {}", what,
                                   in_quotes(shown), noun_, first.line, first.column));
  }

  Uuid space_;
  std::string_view noun_;
  Diagnostics& diagnostics_;
  std::vector<Place> places_;
  Index names_;
  std::unordered_map<Uuid, std::uint32_t, HashOfId> ids_;
  Index unique_;
};

class Resolver {
 public:
  explicit Resolver(Diagnostics& diagnostics)
      : diagnostics_(diagnostics), document_(std::make_shared<Document>()) {}

  LoadedFile run(File file) {
    loaded_.gateway = std::move(file.gateway);
    std::size_t routes_count = file.routes.size();
    for (const Service& service : file.services)
      routes_count += service.routes.size();
    loaded_.routes.reserve(routes_count);
    routes_.reserve(routes_count);
    services_.reserve(file.services.size());
    consumers_.reserve(file.consumers.size());
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
      identify(upstreams_, upstream.id, upstream.place, upstream.name, path);
      upstreams_.add_name("name", upstream.name, path);
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
      identify(services_, service.id, service.place, service.name.value_or(path.text()), path);
      services_.add_name("name", service.name.value_or(""), path);
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
    const std::string within = parent ? parent->id.text() + ":" : std::string();
    const std::string key =
        route.name ? *route.name : fmt::format("{}routes[{}]", within, place_in_list);
    identify(routes_, route.id, route.place, key, path);
    routes_.add_name("name", route.name.value_or(""), path);
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
      const std::string key = consumer.username
                                  ? *consumer.username
                                  : "custom_id:" + consumer.custom_id.value_or(path.text());
      identify(consumers_, consumer.id, consumer.place, key, path);
      consumers_.add_name("username", consumer.username.value_or(""), path);
      const std::string custom_id = consumer.custom_id.value_or("");
      consumers_.add_unique("custom_id", custom_id, custom_id, path);
      take_plugins(std::exchange(consumer.plugins, {}), path,
                   Parent{"consumer", index, consumer.id});
    }
    loaded_.consumers = std::move(consumers);
  }

  void take_target(Target target, const Path& path, const std::optional<Parent>& parent) {
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
    identify(targets_, target.id, target.place, target.target + ":" + owner, path);
    targets_.add_unique("target", fmt::format("{} {}", target.target, target.upstream_index),
                        target.target, path);
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
    identify(plugins_, plugin.id, plugin.place, key_of(plugin, parent), path);
    plugins_.add_name("instance_name", plugin.instance_name.value_or(""), path);
    if (parent) {
      Reference& reference = field_of(plugin, parent->field);
      refuse_nested(reference, *parent, path);
      index_of(plugin, parent->field) = parent->index;
      reference = {};
    }
    loaded_.plugins.push_back(std::move(plugin));
  }

  /// Kong's key of a plugin: its instance name, or its name and the scope as the file states it.
  static std::string key_of(const Plugin& plugin, const std::optional<Parent>& parent) {
    if (plugin.instance_name) return *plugin.instance_name;
    const auto scope = [&](std::string_view field, const Reference& reference) {
      return parent && parent->field == field ? parent->id.text() : reference.key;
    };
    return fmt::format("plugins:{}:{}:{}:{}", plugin.name, scope("route", plugin.route),
                       scope("service", plugin.service), scope("consumer", plugin.consumer));
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
      const bool is_resolved =
          resolve(plugin.service_index, services_, plugin.service, "service", path) &&
          resolve(plugin.route_index, routes_, plugin.route, "route", path) &&
          resolve(plugin.consumer_index, consumers_, plugin.consumer, "consumer", path);
      if (!is_resolved || plugin.name.empty()) continue;
      const auto text = [](const std::optional<std::uint32_t>& index) {
        return index ? fmt::format("{}", *index) : std::string("-");
      };
      const auto [taken, fresh] =
          scopes.emplace(fmt::format("{} {} {} {}", plugin.name, text(plugin.service_index),
                                     text(plugin.route_index), text(plugin.consumer_index)),
                         i);
      if (fresh) continue;
      const Place first = loaded_.plugins[taken->second].place;
      diagnostics_.error(
          plugin.place, path,
          fmt::format("plugin {} is already used in this scope at line {}, column {}",
                      in_quotes(plugin.name), first.line, first.column));
    }
  }

  /// False where the reference names nothing that exists.
  bool resolve(std::optional<std::uint32_t>& index, const Directory& directory,
               const Reference& reference, std::string_view field, const Path& path) {
    if (reference.empty()) return true;
    index = find(directory, reference, field, path);
    return index.has_value();
  }

  /// Gives an entity its id where the file does not, and a number among its kind.
  void identify(Directory& directory, Uuid& id, Place place, const std::string& key,
                const Path& path) {
    directory.enter(place);
    if (!id.is_nil()) return directory.add_id(id, path);
    id = directory.derive(key);
    directory.add_derived_id(id);
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
          fmt::format("no {} has the name or id {}{}", directory.noun(), in_quotes(reference.key),
                      diagnostics_.is_full() ? "" : directory.suggestion_for(reference.key)));
    return found;
  }

  Diagnostics& diagnostics_;
  std::shared_ptr<Document> document_;
  LoadedFile loaded_;
  Directory services_{"services", "service", diagnostics_};
  Directory routes_{"routes", "route", diagnostics_};
  Directory upstreams_{"upstreams", "upstream", diagnostics_};
  Directory targets_{"targets", "target", diagnostics_};
  Directory plugins_{"plugins", "plugin", diagnostics_};
  Directory consumers_{"consumers", "consumer", diagnostics_};
};

}  // namespace

LoadedFile resolve(File file, Diagnostics& diagnostics) {
  return Resolver(diagnostics).run(std::move(file));
}

}  // namespace sluice::config
