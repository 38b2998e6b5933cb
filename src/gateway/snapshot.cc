#include "gateway/snapshot.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "gateway/log_members.h"
#include "gateway/route_factory.h"
#include "gateway/tls_compiler.h"
#include "http/text.h"

namespace sluice {
namespace {

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
  server.streams = gateway.limits.http2_streams;
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
  // The address that a PROXY header names is the peer's already; no field has an empty name.
  const bool is_field = gateway.real_ip_header != config::proxy_protocol;
  settings.real_ip_header = is_field ? gateway.real_ip_header : std::string();
  settings.real_ip_recursive = gateway.real_ip_recursive;
  settings.error_default = format_of(gateway.error_default_type);
  settings.explain_key = gateway.explain_key.value_or("");

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
      : file_(file), catalog_(catalog), diagnostics_(diagnostics), base_(new Snapshot::Base) {}

  std::shared_ptr<const Snapshot> run(const Snapshot* previous) {
    base_->settings = compile_settings(file_.gateway);
    base_->router_flavor = file_.gateway.router_flavor;
    base_->consumers = Consumers(file_);
    TlsCompiler tls(file_, diagnostics_);
    compile_upstreams(tls);
    base_->certificates = tls.certificates();
    for (const config::ListenerSettings& listener : file_.gateway.listeners)
      if (auto verifications = tls.verifications_of(listener))
        base_->client_verifications.emplace_back(listener.address, std::move(verifications));
    compile_services(tls);
    PipelineCompiler pipelines(file_.plugins, catalog_,
                               PluginDeps{base_->consumers, base_->upstreams, {}, {}}, diagnostics_,
                               base_->plugins, base_->scopes);
    RouteFactory factory(base_->services, base_->router_flavor, diagnostics_);
    for (std::uint32_t i = 0; i < file_.routes.size(); ++i)
      factory.add(file_.routes[i], pipelines.for_route(file_.routes[i], i), nullptr);
    std::shared_ptr<Snapshot> snapshot(new Snapshot);
    std::vector<RouteProblem> problems;
    snapshot->router_ = std::make_unique<const Router>(
        factory.take_matches(), problems, previous == nullptr ? nullptr : &previous->router());
    factory.report(problems);
    snapshot->without_route_ = pipelines.without_route();
    snapshot->base_ = std::move(base_);
    if (factory.failed() || pipelines.failed() || tls.failed()) return nullptr;
    return snapshot;
  }

  static std::shared_ptr<const Snapshot> change(const Snapshot& previous,
                                                const RouteChanges& changes, PluginCatalog catalog,
                                                config::Diagnostics& diagnostics) {
    const Snapshot::Base& base = *previous.base_;
    auto plugins = std::make_shared<CompiledPlugins>();
    PipelineCompiler pipelines(changes.plugins, catalog,
                               PluginDeps{base.consumers, base.upstreams, {}, {}}, diagnostics,
                               *plugins, base.scopes);
    RouteFactory factory(base.services, base.router_flavor, diagnostics);
    RouterChanges matches{{}, changes.removed};
    for (std::uint32_t i = 0; i < changes.put.size(); ++i) {
      const config::Route& route = changes.put[i];
      factory.add(route, pipelines.for_route(route, i), plugins);
      // What has become a route of a disabled service is gone.
      matches.removed.push_back(route.id);
    }
    matches.put = factory.take_matches();
    std::shared_ptr<Snapshot> snapshot(new Snapshot);
    std::vector<RouteProblem> problems;
    snapshot->router_ =
        std::make_unique<const Router>(previous.router(), std::move(matches), problems);
    factory.report(problems);
    snapshot->without_route_ = previous.without_route_;
    pipelines.add_secret_names_to(snapshot->without_route_);
    snapshot->base_ = previous.base_;
    if (factory.failed() || pipelines.failed()) return nullptr;
    return snapshot;
  }

 private:
  void compile_upstreams(const TlsCompiler& tls) {
    for (const config::Upstream& from : file_.upstreams) {
      upstream::TargetGroup& group = base_->upstreams[from.name];
      group.id = from.id.text();
      group.host_header = from.host_header.value_or("");
      if (from.client_certificate_index)
        group.certificate = tls.shown_certificate(*from.client_certificate_index);
    }
    for (const config::Target& target : file_.targets)
      if (target.weight > 0)
        base_->upstreams[file_.upstreams[target.upstream_index].name].targets.push_back(
            compile_target(target.host, target.port, target.weight));
    for (const auto& [name, group] : base_->upstreams)
      if (group.targets.size() > 1) base_->balanced.push_back(group.id);
    std::ranges::sort(base_->balanced);
  }

  void compile_services(TlsCompiler& tls) {
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
      service->enabled = from.enabled;
      service->transport = tls.transport_of(from);
      if (from.proxy_protocol)
        service->proxy_protocol =
            *from.proxy_protocol == config::ProxyProtocol::v1 ? ProxyVersion::v1 : ProxyVersion::v2;
      service->log_json = service_log(from);
      if (from.upstream_index) {
        service->targets = base_->upstreams.at(file_.upstreams[*from.upstream_index].name);
      } else {
        service->targets.id = service->id;
        service->targets.targets.push_back(compile_target(from.host, from.port, 100));
      }
      if (service->shows_certificate_of(service->targets))
        service->targets_transport = service->transport.showing(service->targets.certificate);
      base_->services.push_back(std::move(service));
    }
  }

  const config::LoadedFile& file_;
  PluginCatalog catalog_;
  config::Diagnostics& diagnostics_;
  std::shared_ptr<Snapshot::Base> base_;
};

std::shared_ptr<const Snapshot> Snapshot::compile(const config::LoadedFile& file,
                                                  PluginCatalog catalog,
                                                  config::Diagnostics& diagnostics,
                                                  const Snapshot* previous) {
  return SnapshotCompiler(file, catalog, diagnostics).run(previous);
}

std::shared_ptr<const Snapshot> Snapshot::compile(const Snapshot& previous,
                                                  const RouteChanges& changes,
                                                  PluginCatalog catalog,
                                                  config::Diagnostics& diagnostics) {
  return SnapshotCompiler::change(previous, changes, catalog, diagnostics);
}

tls::ClientVerificationsPtr Snapshot::client_verifications(std::string_view listener) const {
  for (const auto& [address, verifications] : base_->client_verifications)
    if (address == listener) return verifications;
  return nullptr;
}

bool Snapshot::balances(std::string_view id) const noexcept {
  return std::ranges::binary_search(base_->balanced, id);
}

}  // namespace sluice
