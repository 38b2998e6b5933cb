#include "node/status.h"

#include <algorithm>
#include <functional>
#include <map>
#include <ranges>

#include "runtime/socket_stream.h"
#include "telemetry/json.h"

namespace sluice {
namespace {

using telemetry::Counter;
using telemetry::JsonText;
using telemetry::JsonWriter;
using telemetry::WorkerMetrics;

constexpr std::size_t connections_max = 256;

std::uint64_t sum(const NodeStatus& status, Counter WorkerMetrics::* member) {
  std::uint64_t total = 0;
  for (const WorkerMetrics* worker : status.workers)
    total += (worker->*member).value();
  return total;
}

http::Response text_response(std::uint16_t code, std::string_view type, std::string_view text) {
  http::Response response;
  response.status = code;
  response.headers.set(http::HeaderId::content_type, type);
  response.body = std::make_unique<http::TextBody>(Chunk::copy_of(text));
  return response;
}

http::Response json_message(std::uint16_t code, std::string_view message) {
  JsonText text;
  JsonWriter json(text);
  json.begin_object().key("message").text(message).end_object();
  return text_response(code, "application/json; charset=utf-8", text.view());
}

/// The Prometheus text format, one metric family after another.
class Exposition {
 public:
  Exposition& family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " +
             std::string(type) + "\n";
    return *this;
  }

  Exposition& value(std::uint64_t number, std::string_view labels = {}) {
    text_ += name_;
    if (!labels.empty()) text_ += "{" + std::string(labels) + "}";
    text_ += " " + std::to_string(number) + "\n";
    return *this;
  }

  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace

std::string status_json(const NodeStatus& status) {
  JsonText text;
  JsonWriter json(text);
  json.begin_object();
  json.key("server").begin_object();
  json.key("connections_active")
      .number(static_cast<std::int64_t>(sum(status, &WorkerMetrics::connections_active)));
  json.key("connections_accepted")
      .number(static_cast<std::int64_t>(sum(status, &WorkerMetrics::connections_accepted)));
  json.key("total_requests")
      .number(static_cast<std::int64_t>(sum(status, &WorkerMetrics::requests)));
  json.end_object();
  json.key("configuration").begin_object();
  json.key("services").number(static_cast<std::int64_t>(status.services));
  json.key("routes").number(static_cast<std::int64_t>(status.routes));
  json.key("reloads").number(static_cast<std::int64_t>(status.reloads));
  json.key("reloads_failed").number(static_cast<std::int64_t>(status.reloads_failed));
  if (!status.warnings.empty()) {
    json.key("warnings").begin_list();
    for (const std::string& warning : status.warnings)
      json.text(warning);
    json.end_list();
  }
  if (!status.last_problem.empty()) json.key("last_problem").text(status.last_problem);
  json.end_object();
  json.key("memory").begin_object();
  json.key("workers_bytes")
      .number(static_cast<std::int64_t>(sum(status, &WorkerMetrics::memory_bytes)));
  json.end_object();
  json.key("node_id").text(status.node_id).key("version").text(SLUICE_VERSION).end_object();
  return text.text();
}

namespace {

/// Until the first of a name's certificates is accepted by nobody any more; 0 from then on.
std::uint64_t days_left(const tls::Identity& identity, WallTime now) {
  WallTime ends = WallTime::max();
  for (const tls::KeyPairPtr& pair : identity.pairs)
    ends = std::min(ends, pair->expires());
  return ends <= now ? 0
                     : static_cast<std::uint64_t>(
                           std::chrono::floor<std::chrono::days>(ends - now).count());
}

bool has_staple(const tls::KeyPairPtr& pair) {
  return !pair->staple().der.empty();
}

std::uint64_t staple_seconds_left(const tls::Identity& identity, WallTime now) {
  WallTime ends = WallTime::max();
  for (const tls::KeyPairPtr& pair : identity.pairs)
    if (has_staple(pair)) ends = std::min(ends, pair->staple().until);
  return ends <= now ? 0
                     : static_cast<std::uint64_t>(
                           std::chrono::floor<std::chrono::seconds>(ends - now).count());
}

void add_tls(Exposition& out, const NodeStatus& status, WallTime now) {
  out.family("sluice_tls_handshakes_total", "counter", "Handshakes of clients")
      .value(sum(status, &WorkerMetrics::tls_handshakes), "result=\"done\"")
      .value(sum(status, &WorkerMetrics::tls_handshakes_resumed), "result=\"resumed\"")
      .value(sum(status, &WorkerMetrics::tls_handshakes_failed), "result=\"failed\"");
  if (status.certificates == nullptr || status.certificates->by_name().empty()) return;
  out.family("sluice_certificate_days_left", "gauge",
             "Whole days until the certificate of a server name expires");
  const auto& by_name = status.certificates->by_name();
  const std::map<std::string, tls::IdentityPtr> sorted(by_name.begin(), by_name.end());
  for (const auto& [name, identity] : sorted)
    out.value(days_left(*identity, now), "sni=\"" + name + "\"");
  const auto staples = [](const auto& named) {
    return std::ranges::any_of(named.second->pairs, has_staple);
  };
  if (std::ranges::none_of(sorted, staples)) return;
  out.family("sluice_ocsp_seconds_left", "gauge",
             "Seconds until the first OCSP response of a server name expires, which then is not "
             "stapled");
  for (const auto& [name, identity] : sorted | std::views::filter(staples))
    out.value(staple_seconds_left(*identity, now), "sni=\"" + name + "\"");
}

}  // namespace

std::string metrics_text(const NodeStatus& status, WallTime now) {
  Exposition out;
  out.family("kong_node_info", "gauge", "Node metadata")
      .value(1, "node_id=\"" + status.node_id + "\",version=\"" SLUICE_VERSION "\"");
  out.family("kong_nginx_connections_total", "gauge", "Client connections by state")
      .value(sum(status, &WorkerMetrics::connections_accepted),
             "node_id=\"" + status.node_id + "\",subsystem=\"http\",state=\"accepted\"")
      .value(sum(status, &WorkerMetrics::connections_active),
             "node_id=\"" + status.node_id + "\",subsystem=\"http\",state=\"active\"");
  out.family("sluice_connections_made_room_total", "counter",
             "Idle client connections that were closed for new ones")
      .value(sum(status, &WorkerMetrics::connections_made_room));
  out.family("kong_nginx_requests_total", "counter", "Requests that ended")
      .value(sum(status, &WorkerMetrics::requests),
             "node_id=\"" + status.node_id + "\",subsystem=\"http\"");
  out.family("sluice_responses_total", "counter",
             "Responses by class of status; 0xx: the client left before it");
  for (std::size_t i = 0; i < 6; ++i) {
    std::uint64_t total = 0;
    for (const WorkerMetrics* worker : status.workers)
      total += worker->responses_by_class[i].value();
    out.value(total, "class=\"" + std::to_string(i) + "xx\"");
  }
  out.family("sluice_errors_total", "counter",
             "Exchanges that went wrong, by the name of the error");
  for (std::size_t i = 0; i < std::to_underlying(ErrorCode::count_); ++i) {
    std::uint64_t total = 0;
    for (const WorkerMetrics* worker : status.workers)
      total += worker->errors[i].value();
    if (total > 0)
      out.value(total, "error=\"" + std::string(kind_of(static_cast<ErrorCode>(i)).name) + "\"");
  }
  out.family("sluice_client_bytes_total", "counter",
             "Bytes of requests and responses on the client's side")
      .value(sum(status, &WorkerMetrics::bytes_received), "direction=\"ingress\"")
      .value(sum(status, &WorkerMetrics::bytes_sent), "direction=\"egress\"");
  out.family("sluice_upstream_connections_total", "counter",
             "Upstream connections opened, and requests on kept ones")
      .value(sum(status, &WorkerMetrics::upstream_connections_opened), "kind=\"opened\"")
      .value(sum(status, &WorkerMetrics::upstream_connections_reused), "kind=\"reused\"");
  out.family("sluice_upstream_connections_idle", "gauge", "Kept upstream connections")
      .value(sum(status, &WorkerMetrics::upstream_connections_idle));
  out.family("sluice_access_log_dropped_total", "counter",
             "Access-log lines that found no room or could not be written")
      .value(sum(status, &WorkerMetrics::log_lines_dropped) + status.log_lines_lost->load());
  out.family("sluice_worker_memory_bytes", "gauge", "Buffers and frames that workers hold")
      .value(sum(status, &WorkerMetrics::memory_bytes));
  add_tls(out, status, now);
  out.family("sluice_reloads_total", "counter", "Configuration reloads")
      .value(status.reloads, "result=\"applied\"")
      .value(status.reloads_failed, "result=\"refused\"");
  return out.take();
}

StatusServer::StatusServer(Loop& loop, const NodeStatus& status, SocketPtr socket)
    : loop_(loop), status_(status), connections_(loop, connections_max), accepting_(loop, 1) {
  // An operator can look when the node has no descriptor left.
  loop_.engine().keep_reserve();
  static_cast<void>(accepting_.spawn(accept_loop(std::move(socket))));
}

Task<Done> StatusServer::accept_loop(SocketPtr socket) {
  Acceptor acceptor(loop_, std::move(socket));
  for (;;) {
    auto accepted = co_await acceptor.accept();
    if (!accepted) {
      co_await sleep_until(loop_, loop_.now() + milliseconds(100));
      continue;
    }
    static_cast<void>(connections_.spawn(serve(*std::move(accepted))));
  }
}

Task<Done> StatusServer::serve(Accepted accepted) {
  auto client = std::make_shared<http::Client>();
  client->peer = std::move(accepted.peer);
  client->peer_text = client->peer.ip_text();
  const Done done =
      co_await http::serve(loop_, std::make_unique<SocketStream>(loop_, std::move(accepted.socket)),
                           settings_, *this, std::move(client), closing_);
  loop_.engine().keep_reserve();
  co_return done;
}

Task<Done> StatusServer::respond(http::Incoming& incoming, const http::ClientPtr&) {
  auto request = incoming.take();
  http::Response response = request ? answer(*request)
                                    : json_message(kind_of(request.error().code).status,
                                                   kind_of(request.error().code).message);
  co_await incoming.send(std::move(response));
  co_return Done{};
}

http::Response StatusServer::answer(const http::Request& request) const {
  if (request.method != "GET" && request.method != "HEAD")
    return json_message(405, "Method not allowed");
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  if (path == "/status")
    return text_response(200, "application/json; charset=utf-8", status_json(status_));
  if (path == "/status/ready")
    return status_.ready ? json_message(200, "ready") : json_message(503, status_.not_ready_reason);
  if (path == "/metrics")
    return text_response(200, "text/plain; version=0.0.4; charset=utf-8",
                         metrics_text(status_, loop_.wall()));
  return json_message(404, "Not found");
}

}  // namespace sluice
