#include "gateway/snapshot.h"

#include <algorithm>
#include <optional>
#include <string>

#include "config/text_place.h"
#include "http/text.h"
#include "telemetry/json.h"

namespace sluice {
namespace {

using telemetry::JsonText;
using telemetry::JsonWriter;

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  json.key(name).begin_list();
  for (const std::string& value : values)
    json.text(value);
  json.end_list();
}

std::string service_log(const config::Service& service) {
  JsonText text;
  JsonWriter json(text);
  json.key("service").begin_object().key("id").text(service.id.text());
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
  return text.text();
}

std::string route_log(const config::Route& route, const config::Service* service) {
  JsonText text;
  JsonWriter json(text);
  json.key("route").begin_object().key("id").text(route.id.text());
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
  return text.text();
}

upstream::Target compile_target(std::string_view host, std::uint16_t port, std::uint32_t weight) {
  std::string authority(host);
  if (authority.find(':') != std::string::npos) authority = "[" + authority + "]";
  if (port != 80) authority += ":" + std::to_string(port);
  upstream::Target target{std::string(host), port, weight, std::move(authority), std::nullopt};
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
    snapshot_->consumers_ = Consumers(file_);
    compile_upstreams();
    compile_services();
    pipelines_.emplace(file_, catalog_,
                       PluginDeps{snapshot_->consumers_, snapshot_->upstreams_, {}, {}},
                       diagnostics_, snapshot_->plugins_);
    std::vector<RouteMatch> matches;
    for (const config::Route& route : file_.routes)
      compile_route(route, matches);
    compile_router(std::move(matches));
    snapshot_->without_route_ = pipelines_->without_route();
    if (failed_ || pipelines_->failed()) return nullptr;
    return snapshot_;
  }

 private:
  void compile_upstreams() {
    for (const config::Upstream& from : file_.upstreams) {
      upstream::TargetGroup& group = snapshot_->upstreams_[from.name];
      group.id = from.id.text();
      group.host_header = from.host_header.value_or("");
    }
    for (const config::Target& target : file_.targets)
      if (target.weight > 0)
        snapshot_->upstreams_[file_.upstreams[target.upstream_index].name].targets.push_back(
            compile_target(target.host, target.port, target.weight));
    for (const auto& [name, group] : snapshot_->upstreams_)
      if (group.targets.size() > 1) snapshot_->balanced_.push_back(group.id);
    std::ranges::sort(snapshot_->balanced_);
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
        service->targets = snapshot_->upstreams_.at(file_.upstreams[*from.upstream_index].name);
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
    route->pipeline = pipelines_->for_route(from, index);
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
    match.https =
        std::ranges::find(from.protocols, config::Protocol::https) != from.protocols.end();
    if (from.expression && !compile_expression(from, match)) return;
    matches.push_back(std::move(match));
    snapshot_->routes_.push_back(std::move(route));
  }

  bool compile_expression(const config::Route& from, RouteMatch& match) {
    const config::Path self(from.path);
    const config::Path path(self, "expression");
    auto compiled = Expression::compile(*from.expression);
    match.priority = from.priority;
    if (!compiled)
      diagnostics_.error(config::place_within(diagnostics_.source().text, from.expression_place,
                                              *from.expression, compiled.error().offset),
                         path, "must be an expression: " + compiled.error().message);
    else if (file_.gateway.router_flavor != config::RouterFlavor::expressions)
      diagnostics_.error(from.expression_place, path,
                         "must not be given without gateway.router_flavor: expressions");
    else
      match.expression = *std::move(compiled);
    failed_ = failed_ || match.expression == nullptr;
    return match.expression != nullptr;
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
  bool failed_ = false;
  std::optional<PipelineCompiler> pipelines_;
};

std::shared_ptr<const Snapshot> Snapshot::compile(const config::LoadedFile& file,
                                                  PluginCatalog catalog,
                                                  config::Diagnostics& diagnostics) {
  return SnapshotCompiler(file, catalog, diagnostics).run();
}

bool Snapshot::balances(std::string_view id) const noexcept {
  return std::ranges::binary_search(balanced_, id);
}

}  // namespace sluice
