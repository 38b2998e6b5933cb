#include "gateway/snapshot.h"

#include <algorithm>
#include <map>
#include <string>

#include "http/text.h"
#include "telemetry/json.h"

namespace sluice {
namespace {

using telemetry::JsonWriter;

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  json.key(name).begin_list();
  for (const std::string& value : values)
    json.text(value);
  json.end_list();
}

std::string service_log(const config::Service& service) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("id").text(service.id.text());
  if (service.name) json.key("name").text(*service.name);
  json.key("protocol").text("http").key("host").text(service.host).key("port").number(service.port);
  if (service.path) json.key("path").text(*service.path);
  json.key("retries").number(service.retries);
  json.key("connect_timeout").number(service.connect_timeout.count());
  json.key("read_timeout").number(service.read_timeout.count());
  json.key("write_timeout").number(service.write_timeout.count());
  json.key("enabled").boolean(service.enabled);
  write_texts(json, "tags", service.tags);
  json.end_object();
  return text;
}

std::string route_log(const config::Route& route, const config::Service* service) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("id").text(route.id.text());
  if (route.name) json.key("name").text(*route.name);
  write_texts(json, "methods", route.methods);
  write_texts(json, "hosts", route.hosts);
  write_texts(json, "paths", route.paths);
  json.key("strip_path")
      .boolean(route.strip_path)
      .key("preserve_host")
      .boolean(route.preserve_host);
  if (service != nullptr)
    json.key("service").begin_object().key("id").text(service->id.text()).end_object();
  write_texts(json, "tags", route.tags);
  json.end_object();
  return text;
}

upstream::Target compile_target(std::string_view host, std::uint16_t port, std::uint32_t weight) {
  upstream::Target target{std::string(host), port, weight, std::nullopt};
  if (auto address = Address::from_ip(host, port)) target.address = *address;
  return target;
}

ErrorFormat format_of(std::string_view type) {
  if (type == "application/json") return ErrorFormat::json;
  if (type == "text/html") return ErrorFormat::html;
  if (type == "application/xml") return ErrorFormat::xml;
  return ErrorFormat::plain;
}

Settings compile_settings(const config::Gateway& gateway) {
  Settings settings;
  http::ServerSettings& server = settings.server;
  server.limits = {gateway.limits.uri_bytes, gateway.limits.header_bytes,
                   gateway.limits.header_count, gateway.limits.chunk_extension_bytes};
  server.body_bytes = gateway.limits.body_bytes;
  server.requests_per_connection = gateway.limits.requests_per_connection;
  server.informational_responses = gateway.limits.informational_responses;
  server.header_timeout = gateway.timeouts.header;
  server.body_idle_timeout = gateway.timeouts.body_idle;
  server.keep_alive_timeout = gateway.timeouts.keep_alive;
  server.write_idle_timeout = gateway.timeouts.write_idle;
  server.tunnel_idle_timeout = gateway.timeouts.tunnel_idle;
  server.linger_timeout = gateway.timeouts.linger;
  settings.client = {server.limits, gateway.limits.informational_responses,
                     gateway.timeouts.tunnel_idle};
  settings.pool = {gateway.upstream.keepalive_pool_size,
                   gateway.upstream.keepalive_max_requests == 0
                       ? UINT32_MAX
                       : gateway.upstream.keepalive_max_requests,
                   gateway.upstream.keepalive_idle_timeout.count() == 0
                       ? milliseconds(std::chrono::years(1))
                       : gateway.upstream.keepalive_idle_timeout};
  settings.worker_memory = gateway.limits.worker_memory;
  for (const std::string& text : gateway.trusted_ips) {
    if (text == "unix:")
      settings.trusts_unix = true;
    else if (auto network = Network::parse(text))
      settings.trusted_networks.push_back(*network);
  }
  settings.real_ip_header = gateway.real_ip_header;
  settings.real_ip_recursive = gateway.real_ip_recursive;
  settings.error_default = format_of(gateway.error_default_type);

  using Header = config::ResponseHeader;
  const auto has = [&](auto... any) {
    return (... || (std::ranges::find(gateway.headers, any) != gateway.headers.end()));
  };
  settings.add_via = has(Header::server_tokens, Header::via);
  settings.add_server = has(Header::server_tokens, Header::server);
  settings.add_request_id = has(Header::request_id);
  settings.add_proxy_latency = has(Header::latency_tokens, Header::proxy_latency);
  settings.add_upstream_latency = has(Header::latency_tokens, Header::upstream_latency);
  settings.add_response_latency = has(Header::latency_tokens, Header::response_latency);
  settings.add_upstream_status = has(Header::upstream_status);
  settings.has_default_headers = settings.add_via && settings.add_server &&
                                 settings.add_request_id && settings.add_proxy_latency &&
                                 settings.add_upstream_latency && settings.add_response_latency &&
                                 !settings.add_upstream_status;
  return settings;
}

}  // namespace

class SnapshotCompiler {
 public:
  SnapshotCompiler(const config::LoadedFile& file, PluginCatalog catalog,
                   config::Diagnostics& diagnostics)
      : file_(file), catalog_(catalog), diagnostics_(diagnostics), snapshot_(new Snapshot) {}

  std::shared_ptr<const Snapshot> run() {
    snapshot_->settings_ = compile_settings(file_.gateway);
    compile_plugins();
    compile_services();
    std::vector<RouteMatch> matches;
    for (const config::Route& route : file_.routes)
      compile_route(route, matches);
    compile_router(std::move(matches));
    snapshot_->without_route_ = pipeline_for(nullptr, std::nullopt, std::nullopt);
    if (failed_) return nullptr;
    return snapshot_;
  }

 private:
  struct Configured {
    const config::Plugin* entity;
    const PluginType* type;
    const Plugin* plugin;
  };

  void compile_plugins() {
    for (const config::Plugin& entity : file_.plugins) {
      if (!entity.enabled) continue;
      const auto type = std::ranges::find(catalog_, std::string_view(entity.name),
                                          [](const PluginType* each) { return each->name; });
      if (type == catalog_.end()) {
        unsupported(entity, "plugin \"" + entity.name + "\" is not supported yet");
        continue;
      }
      if (entity.consumer_index) {
        unsupported(entity, "plugins of a consumer are not supported yet");
        continue;
      }
      const std::size_t before = diagnostics_.error_count();
      auto plugin =
          (*type)->make(entity.config, config::Path(entity.path), {entity.id.text()}, diagnostics_);
      if (plugin == nullptr || diagnostics_.error_count() > before) {
        failed_ = true;
        continue;
      }
      const Configured configured{&entity, *type, plugin.get()};
      snapshot_->plugins_.push_back(std::move(plugin));
      if (entity.route_index)
        by_route_[*entity.route_index].push_back(configured);
      else if (entity.service_index)
        by_service_[*entity.service_index].push_back(configured);
      else
        global_.push_back(configured);
    }
  }

  void unsupported(const config::Plugin& entity, std::string message) {
    const std::size_t before = diagnostics_.error_count();
    diagnostics_.unsupported(entity.place, config::Path(entity.path), std::move(message));
    failed_ = failed_ || diagnostics_.error_count() > before;
  }

  /// One step a plugin name, the most specific configuration of it (kong.md §6), by priority.
  Pipeline pipeline_for(const config::Route* route, std::optional<std::uint32_t> route_index,
                        std::optional<std::uint32_t> service_index) {
    std::map<std::string_view, std::pair<int, Configured>> chosen;
    const auto offer = [&](const Configured& candidate, int specificity) {
      if (route != nullptr && !shares_protocol(*route, *candidate.entity)) return;
      if (route == nullptr && !candidate.type->without_route) return;
      auto& [best, configured] =
          chosen.try_emplace(candidate.type->name, -1, candidate).first->second;
      if (specificity > best) {
        best = specificity;
        configured = candidate;
      }
    };
    for (const Configured& candidate : global_)
      offer(candidate, 0);
    if (service_index)
      for (const Configured& candidate : by_service_[*service_index])
        offer(candidate, 1);
    if (route_index)
      for (const Configured& candidate : by_route_[*route_index]) {
        const auto service = candidate.entity->service_index;
        if (!service || service == service_index) offer(candidate, service ? 3 : 2);
      }
    std::vector<Configured> order;
    for (const auto& [name, entry] : chosen)
      order.push_back(entry.second);
    std::ranges::sort(order, [](const Configured& left, const Configured& right) {
      return left.type->priority != right.type->priority
                 ? left.type->priority > right.type->priority
                 : left.type->name < right.type->name;
    });
    Pipeline pipeline;
    for (const Configured& step : order)
      pipeline.steps.push_back({step.plugin});
    return pipeline;
  }

  static bool shares_protocol(const config::Route& route, const config::Plugin& plugin) {
    return std::ranges::any_of(route.protocols, [&](config::Protocol protocol) {
      return std::ranges::find(plugin.protocols, protocol) != plugin.protocols.end();
    });
  }

  void compile_services() {
    for (const config::Service& from : file_.services) {
      auto service = std::make_unique<Service>();
      service->id = from.id.text();
      service->name = from.name.value_or("");
      service->path = from.path.value_or("");
      service->retries = from.retries;
      service->connect_timeout = from.connect_timeout;
      service->write_timeout = from.write_timeout;
      service->read_timeout = from.read_timeout;
      service->request_timeout = from.request_timeout;
      service->log_json = service_log(from);
      if (from.upstream_index) {
        const config::Upstream& upstream = file_.upstreams[*from.upstream_index];
        service->targets.id = upstream.id.text();
        service->targets.host_header = upstream.host_header.value_or("");
        for (const config::Target& target : file_.targets)
          if (target.upstream_index == *from.upstream_index && target.weight > 0)
            service->targets.targets.push_back(
                compile_target(target.host, target.port, target.weight));
      } else {
        service->targets.id = service->id;
        service->targets.targets.push_back(compile_target(from.host, from.port, 100));
      }
      snapshot_->services_.push_back(std::move(service));
    }
  }

  void compile_route(const config::Route& from, std::vector<RouteMatch>& matches) {
    const auto index = static_cast<std::uint32_t>(&from - file_.routes.data());
    const config::Service* service =
        from.service_index ? &file_.services[*from.service_index] : nullptr;
    // Kong has no routes for a disabled service.
    if (service != nullptr && !service->enabled) return;
    auto route = std::make_unique<Route>();
    route->id = from.id.text();
    route->name = from.name.value_or("");
    route->strip_path = from.strip_path;
    route->preserve_host = from.preserve_host;
    route->http = std::ranges::find(from.protocols, config::Protocol::http) != from.protocols.end();
    route->https_redirect_status_code = from.https_redirect_status_code;
    route->request_timeout = from.request_timeout;
    if (from.service_index) route->service = snapshot_->services_[*from.service_index].get();
    route->pipeline = pipeline_for(&from, index, from.service_index);
    route->log_json = route_log(from, service);

    RouteMatch match;
    match.route = route.get();
    match.id = from.id;
    match.methods = from.methods;
    match.hosts = from.hosts;
    match.paths = from.paths;
    match.headers = from.headers;
    match.snis = from.snis;
    match.regex_priority = from.regex_priority;
    match.http = route->http;
    matches.push_back(std::move(match));
    snapshot_->routes_.push_back(std::move(route));
  }

  void compile_router(std::vector<RouteMatch> matches) {
    std::vector<RouteProblem> problems;
    snapshot_->router_ = std::make_unique<Router>(std::move(matches), problems);
    for (const RouteProblem& problem : problems) {
      const Route* compiled = snapshot_->router_->routes()[problem.route].route;
      const auto route = std::ranges::find(
          file_.routes, compiled->id, [](const config::Route& each) { return each.id.text(); });
      report(*route, problem);
    }
  }

  void report(const config::Route& route, const RouteProblem& problem) {
    failed_ = true;
    const config::Path self(route.path);
    if (problem.field == RouteProblem::Field::path)
      diagnostics_.error(route.path_places[problem.index],
                         config::Path(config::Path(self, "paths"), problem.index),
                         "must be a regular expression behind \"~\": " + problem.message +
                             ", got " + config::in_quotes(route.paths[problem.index]));
    else
      diagnostics_.error(route.headers_place, config::Path(self, "headers"),
                         "must have a regular expression behind \"~*\": " + problem.message +
                             ", got one for " +
                             config::in_quotes(route.headers[problem.index].first));
  }

  const config::LoadedFile& file_;
  PluginCatalog catalog_;
  config::Diagnostics& diagnostics_;
  std::shared_ptr<Snapshot> snapshot_;
  std::vector<Configured> global_;
  std::map<std::uint32_t, std::vector<Configured>> by_service_;
  std::map<std::uint32_t, std::vector<Configured>> by_route_;
  bool failed_ = false;
};

std::shared_ptr<const Snapshot> Snapshot::compile(const config::LoadedFile& file,
                                                  PluginCatalog catalog,
                                                  config::Diagnostics& diagnostics) {
  return SnapshotCompiler(file, catalog, diagnostics).run();
}

}  // namespace sluice
