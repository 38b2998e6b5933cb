// Takes a declared file apart: flat lists, derived ids, references as indices, and no name twice.

#include "config/resolve.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "config/resolver.h"

namespace sluice::config {

LoadedFile Resolver::run(File file) {
  loaded_.gateway = std::move(file.gateway);
  passwords_are_hashed_ = !file.transform;
  plugin_configs_ = std::move(file.plugin_configs);
  std::size_t routes_count = file.routes.size();
  for (const Service& service : file.services)
    routes_count += service.routes.size();
  loaded_.routes.reserve(routes_count);
  routes_.reserve(routes_count);
  services_.reserve(file.services.size());
  consumers_.reserve(file.consumers.size());
  // What others refer to comes before them.
  take_ca_certificates(std::move(file.ca_certificates));
  resolve_listeners();
  take_certificates(std::move(file.certificates), std::move(file.snis));
  take_upstreams(std::move(file.upstreams));
  take_services(std::move(file.services));
  take_keys(std::move(file.key_sets), std::move(file.keys));
  take_vaults(std::move(file.vaults));
  take_consumer_groups(file);
  take_consumers(std::move(file.consumers));
  take_memberships(file);
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
  add_tags(file.info.select_tags);
  loaded_.document = std::move(document_);
  return std::move(loaded_);
}

void Resolver::add_tags(const std::vector<std::string>& tags) {
  if (tags.empty()) return;
  const auto add = [&](auto&... lists) {
    const auto to_one = [&](std::vector<std::string>& own) {
      for (const std::string& tag : tags)
        if (std::ranges::find(own, tag) == own.end()) own.push_back(tag);
    };
    const auto to_all = [&](auto& list) {
      for (auto& entity : list)
        to_one(entity.tags);
    };
    (to_all(lists), ...);
  };
  add(loaded_.services, loaded_.routes, loaded_.upstreams, loaded_.targets, loaded_.plugins,
      loaded_.consumers, loaded_.consumer_groups, loaded_.keyauth_credentials,
      loaded_.basicauth_credentials, loaded_.hmacauth_credentials, loaded_.jwt_secrets,
      loaded_.oauth2_credentials, loaded_.acls, loaded_.mtls_auth_credentials, loaded_.certificates,
      loaded_.snis, loaded_.ca_certificates, loaded_.key_sets, loaded_.keys, loaded_.vaults);
}

void Resolver::take_upstreams(std::vector<Upstream> upstreams) {
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    const Path list("upstreams");
    const Path path(list, i);
    const auto index = static_cast<std::uint32_t>(i);
    Upstream& upstream = upstreams[i];
    identify(upstreams_, upstream.id, upstream.place, upstream.name, path);
    upstreams_.add_name("name", upstream.name, path);
    upstream.client_certificate_index =
        find(certificates_, upstream.client_certificate, "client_certificate", path);
    std::vector<Target> targets = std::exchange(upstream.targets, {});
    for (std::size_t j = 0; j < targets.size(); ++j) {
      const Path nested(path, "targets");
      take_target(std::move(targets[j]), Path(nested, j), Parent{"upstream", index, upstream.id});
    }
  }
  loaded_.upstreams = std::move(upstreams);
}

void Resolver::take_services(std::vector<Service> services) {
  for (std::size_t i = 0; i < services.size(); ++i) {
    const Path list("services");
    const Path path(list, i);
    const auto index = static_cast<std::uint32_t>(i);
    Service& service = services[i];
    identify(services_, service.id, service.place, service.name.value_or(path.text()), path);
    services_.add_name("name", service.name.value_or(""), path);
    service.upstream_index = upstreams_.find(service.host);
    service.client_certificate_index =
        find(certificates_, service.client_certificate, "client_certificate", path);
    service.ca_certificate_indices = find_authorities(service.ca_certificates, path);
    const Parent parent{"service", index, service.id};
    std::vector<Route> routes = std::exchange(service.routes, {});
    const Path nested(path, "routes");
    for (std::size_t j = 0; j < routes.size(); ++j)
      take_route(std::move(routes[j]), Path(nested, j), parent, j);
    take_plugins(std::exchange(service.plugins, {}), path, parent);
  }
  loaded_.services = std::move(services);
}

void Resolver::take_route(Route route, const Path& path, const std::optional<Parent>& parent,
                          std::size_t place_in_list) {
  const auto index = static_cast<std::uint32_t>(loaded_.routes.size());
  const auto key_without_name = [&] {
    const std::string within = parent ? parent->id.text() + ":" : std::string();
    return fmt::format("{}routes[{}]", within, place_in_list);
  };
  const std::string key = route.name ? *route.name : key_without_name();
  identify(routes_, route.id, route.place, key, path);
  routes_.add_name("name", route.name.value_or(""), path);
  if (parent) {
    route.service_index = parent->index;
    refuse_nested(route.service, *parent, path);
  } else {
    route.service_index = find(services_, route.service, "service", path);
  }
  take_plugins(std::exchange(route.plugins, {}), path, Parent{"route", index, route.id});
  warn_of_grpc_without_http2(route, path);
  loaded_.routes.push_back(std::move(route));
}

void Resolver::take_target(Target target, const Path& path, const std::optional<Parent>& parent) {
  target.upstream_index = owner_of(target.upstream, target.place, "upstream", path, parent);
  const std::string owner = parent ? parent->id.text() : target.upstream.key;
  identify(targets_, target.id, target.place, target.target + ":" + owner, path);
  // One that could not be read is refused already, and no other's double.
  if (!target.target.empty())
    targets_.add_unique("target", fmt::format("{} {}", target.target, target.upstream_index),
                        target.target, path);
  loaded_.targets.push_back(std::move(target));
}

bool Resolver::resolve(std::optional<std::uint32_t>& index, const Directory& directory,
                       const Reference& reference, std::string_view field, const Path& path) {
  if (reference.empty()) return true;
  index = find(directory, reference, field, path);
  return index.has_value();
}

/// Gives an entity its id where the file does not, and a number among its kind.
void Resolver::identify(Directory& directory, Uuid& id, Place place, const std::string& key,
                        const Path& path) {
  directory.enter(place);
  if (!id.is_nil()) return directory.add_id(id, path);
  id = directory.derive(key);
  directory.add_derived_id(id);
}

void Resolver::refuse_nested(const Reference& reference, const Parent& parent, const Path& path) {
  if (reference.empty()) return;
  diagnostics_.error(reference.place, Path(path, parent.field),
                     fmt::format("must not be given inside a {}", parent.field));
}

std::optional<std::uint32_t> Resolver::find(const Directory& directory, const Reference& reference,
                                            std::string_view field, const Path& path) {
  if (reference.empty()) return {};
  return find_in_list(directory, reference, Path(path, field));
}

std::optional<std::uint32_t> Resolver::find_in_list(const Directory& directory,
                                                    const Reference& reference, const Path& path) {
  const auto found = reference.empty() ? std::nullopt : directory.find(reference.key);
  if (!found && !reference.empty())
    diagnostics_.error(
        reference.place, path,
        fmt::format("no {} has the name or id {}{}", directory.noun(), in_quotes(reference.key),
                    diagnostics_.is_full() ? "" : directory.suggestion_for(reference.key)));
  return found;
}

const Directory& Resolver::directory_of(std::string_view field) const {
  if (field == "route") return routes_;
  if (field == "service") return services_;
  if (field == "upstream") return upstreams_;
  if (field == "certificate") return certificates_;
  return field == "consumer" ? consumers_ : consumer_groups_;
}

std::uint32_t Resolver::owner_of(const Reference& reference, Place place, std::string_view field,
                                 const Path& path, const std::optional<Parent>& parent) {
  if (parent) {
    refuse_nested(reference, *parent, path);
    return parent->index;
  }
  const Directory& directory = directory_of(field);
  if (!reference.empty()) return find(directory, reference, field, path).value_or(0);
  const std::string_view article = field == "upstream" ? "an" : "a";
  diagnostics_.error(
      place, path,
      fmt::format("field \"{}\" is required outside of {} {}", field, article, directory.noun()));
  return 0;
}

LoadedFile resolve(File file, Diagnostics& diagnostics) {
  return Resolver(diagnostics).run(std::move(file));
}

}  // namespace sluice::config
