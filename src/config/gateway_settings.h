#pragma once
// The settings of the node: the top-level key `gateway` of a configuration file. Every one has a
// default.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/fields.h"
#include "config/listener_settings.h"
#include "config/matchers.h"

namespace sluice::config {

using std::chrono::milliseconds;

enum class Engine : std::uint8_t { epoll };

constexpr auto names_of(Engine) {
  return std::to_array<std::string_view>({"epoll"});
}

enum class LogLevel : std::uint8_t { debug, info, warn, error };

constexpr auto names_of(LogLevel) {
  return std::to_array<std::string_view>({"debug", "info", "warn", "error"});
}

/// What `gateway.headers` may add to responses; the two token words stand for groups, as in Kong.
enum class ResponseHeader : std::uint8_t {
  server_tokens,
  latency_tokens,
  request_id,
  upstream_status,
  upstream_latency,
  proxy_latency,
  response_latency,
  via,
  server,
};

constexpr auto names_of(ResponseHeader) {
  return std::to_array<std::string_view>({"server_tokens", "latency_tokens", "X-Kong-Request-Id",
                                          "X-Kong-Upstream-Status", "X-Kong-Upstream-Latency",
                                          "X-Kong-Proxy-Latency", "X-Kong-Response-Latency", "Via",
                                          "Server"});
}

enum class DnsRecord : std::uint8_t { srv, a, aaaa };

constexpr auto names_of(DnsRecord) {
  return std::to_array<std::string_view>({"SRV", "A", "AAAA"});
}

struct StatusSettings {
  std::string address = "127.0.0.1:8007";

  static constexpr std::string_view type_name = "status";

  static constexpr auto fields() {
    return std::tuple{
        optional("address", &StatusSettings::address,
                 matches(is_listen_address, listen_address_form),
                 "Where /status, /status/ready and /metrics are served."),
    };
  }
};

struct AccessLogSettings {
  std::string path = "/dev/stdout";

  static constexpr std::string_view type_name = "access_log";

  static constexpr auto fields() {
    return std::tuple{
        optional("path", &AccessLogSettings::path, starts_with("/"),
                 "The file that gets one line of JSON for every request."),
    };
  }
};

struct LogSettings {
  LogLevel level = LogLevel::info;
  std::string path = "/dev/stderr";

  static constexpr std::string_view type_name = "log";

  static constexpr auto fields() {
    return std::tuple{
        optional("level", &LogSettings::level, "The least important messages that are written."),
        optional("path", &LogSettings::path, starts_with("/"), "The file that gets the messages."),
    };
  }
};

struct DrainSettings {
  milliseconds delay{0};
  milliseconds limit{10'000};

  static constexpr std::string_view type_name = "drain";

  static constexpr auto fields() {
    return std::tuple{
        optional(
            "delay", &DrainSettings::delay, seconds_between(0, 3600),
            "How long listeners stay open after SIGTERM, while /status/ready already answers 503."),
        optional("limit", &DrainSettings::limit, seconds_between(0, 86'400),
                 "How long requests in flight may take to end before they are cut."),
    };
  }
};

/// Bounds on what a peer can make the node do. 0 is no limit only where the summary says so.
struct LimitSettings {
  std::uint32_t uri_bytes = 16'384;
  std::uint32_t header_bytes = 65'536;
  std::uint32_t header_count = 100;
  std::uint32_t chunk_extension_bytes = 4096;
  std::uint64_t body_bytes = 0;
  std::uint32_t connections = 0;
  std::uint32_t requests_per_connection = 10'000;
  std::uint32_t http2_streams = 100;
  std::uint32_t informational_responses = 10;
  std::uint64_t worker_memory = 1ULL << 30;

  static constexpr std::string_view type_name = "limits";

  static constexpr auto fields() {
    return std::tuple{
        optional("uri_bytes", &LimitSettings::uri_bytes, between(256, 1 << 20),
                 "The longest request target; a longer one is answered 414."),
        optional(
            "header_bytes", &LimitSettings::header_bytes, between(1024, 1 << 24),
            "The largest header block of a request or response; a larger request is answered 431."),
        optional("header_count", &LimitSettings::header_count, between(1, 10'000),
                 "The most header fields of a request or response."),
        optional("chunk_extension_bytes", &LimitSettings::chunk_extension_bytes,
                 between(0, 1 << 20), "The most bytes of chunk extensions in one body."),
        optional("body_bytes", &LimitSettings::body_bytes, between(0, 1e15),
                 "The largest request body, 0 for any size; a larger one is answered 413."),
        optional(
            "connections", &LimitSettings::connections, between(0, 10'000'000),
            "The most client connections of the node, 0 to derive it from the descriptor limit. "
            "Beyond, those that are idle longest, one in 256, are closed for new ones. A change "
            "needs a restart."),
        optional("requests_per_connection", &LimitSettings::requests_per_connection,
                 between(1, 1'000'000'000),
                 "Requests on one client connection before it is closed."),
        optional(
            "http2_streams", &LimitSettings::http2_streams, between(1, 10'000),
            "Requests that one HTTP/2 connection of a client may carry at once. Of connections "
            "that are open it stays as it was."),
        optional("informational_responses", &LimitSettings::informational_responses,
                 between(0, 1000),
                 "The most 1xx responses that an upstream may send before its final one."),
        optional("worker_memory", &LimitSettings::worker_memory, between(1 << 24, 1e13),
                 "Bytes of buffers that one worker may hold before it refuses new requests."),
    };
  }
};

/// How long the node waits for a client. Those for upstreams are on the service.
struct TimeoutSettings {
  milliseconds header{10'000};
  milliseconds tls_handshake{10'000};
  milliseconds body_idle{30'000};
  milliseconds keep_alive{60'000};
  milliseconds write_idle{30'000};
  milliseconds tunnel_idle{3'600'000};
  milliseconds linger{5000};

  static constexpr std::string_view type_name = "timeouts";

  static constexpr auto fields() {
    return std::tuple{
        optional("header", &TimeoutSettings::header, seconds_between(0.001, 86'400),
                 "From the first byte of a request to the end of its header block."),
        optional("tls_handshake", &TimeoutSettings::tls_handshake, seconds_between(0.001, 86'400),
                 "From a client's connection to the end of its TLS handshake."),
        optional("body_idle", &TimeoutSettings::body_idle, seconds_between(0.001, 86'400),
                 "Between two reads of a request body."),
        optional("keep_alive", &TimeoutSettings::keep_alive, seconds_between(0.001, 86'400),
                 "How long an idle client connection is kept."),
        optional("write_idle", &TimeoutSettings::write_idle, seconds_between(0.001, 86'400),
                 "How long a client may take no byte of its response."),
        optional("tunnel_idle", &TimeoutSettings::tunnel_idle, seconds_between(0.001, 604'800),
                 "How long an upgraded connection may be silent in both directions."),
        optional(
            "linger", &TimeoutSettings::linger, seconds_between(0, 3600),
            "How long a closing connection still reads, so that the client sees the last answer."),
    };
  }
};

struct UpstreamSettings {
  std::uint32_t keepalive_pool_size = 512;
  std::uint32_t keepalive_max_requests = 10'000;
  milliseconds keepalive_idle_timeout{60'000};

  static constexpr std::string_view type_name = "upstream_connections";

  static constexpr auto fields() {
    return std::tuple{
        optional("keepalive_pool_size", &UpstreamSettings::keepalive_pool_size,
                 between(0, 1'000'000),
                 "Idle connections that a worker keeps for each target; 0 keeps none."),
        optional("keepalive_max_requests", &UpstreamSettings::keepalive_max_requests,
                 between(0, 1'000'000'000),
                 "Requests on one upstream connection, 0 for any number."),
        optional("keepalive_idle_timeout", &UpstreamSettings::keepalive_idle_timeout,
                 seconds_between(0, 86'400),
                 "How long an idle upstream connection is kept, 0 for ever."),
    };
  }
};

struct DnsSettings {
  std::string resolv_conf = "/etc/resolv.conf";
  std::string hosts_file = "/etc/hosts";
  std::vector<std::string> nameservers;
  std::vector<DnsRecord> order = {DnsRecord::srv, DnsRecord::a, DnsRecord::aaaa};
  milliseconds timeout{2000};
  std::uint32_t attempts = 3;
  milliseconds stale_ttl{0};
  milliseconds max_ttl{86'400'000};
  milliseconds negative_ttl{1000};

  bool operator==(const DnsSettings&) const = default;

  static constexpr std::string_view type_name = "dns";

  static constexpr auto fields() {
    return std::tuple{
        optional("resolv_conf", &DnsSettings::resolv_conf, starts_with("/"),
                 "Where name servers and search domains are read from."),
        optional("hosts_file", &DnsSettings::hosts_file, starts_with("/"),
                 "Names in this file are not asked for."),
        optional(
            "nameservers", &DnsSettings::nameservers,
            unique(matches(is_ip_and_port, "be an IP address with a port, such as 127.0.0.1:53")),
            "Servers that are asked instead of those in resolv_conf."),
        optional("order", &DnsSettings::order, unique(),
                 "The record types that count: of these, the first that a name has. SRV also says "
                 "ports, priorities and weights."),
        optional("timeout", &DnsSettings::timeout, seconds_between(0.001, 60),
                 "How long one server may take to answer one query."),
        optional("attempts", &DnsSettings::attempts, between(1, 20),
                 "Queries for one record before the name counts as unresolved."),
        optional("stale_ttl", &DnsSettings::stale_ttl, seconds_between(0, 604'800),
                 "How long an expired record is still used while a new one cannot be had."),
        optional("max_ttl", &DnsSettings::max_ttl, seconds_between(0.001, 604'800),
                 "The longest time that a record is used, whatever its TTL."),
        optional("negative_ttl", &DnsSettings::negative_ttl, seconds_between(0, 86'400),
                 "How long a name without an answer is not asked for again."),
    };
  }
};

struct TcpSettings {
  std::optional<std::string> congestion_control;

  bool operator==(const TcpSettings&) const = default;

  static constexpr std::string_view type_name = "tcp";

  static constexpr auto fields() {
    return std::tuple{
        optional("congestion_control", &TcpSettings::congestion_control, non_empty(),
                 "The kernel's congestion control for all connections; null leaves the system's."),
    };
  }
};

/// Kong's router_flavor. `traditional`, its router before 3.0, is only known to be refused with a
/// reason.
enum class RouterFlavor : std::uint8_t { traditional_compatible, expressions, traditional };

constexpr auto names_of(RouterFlavor) {
  return std::to_array<std::string_view>({"traditional_compatible", "expressions", "traditional"});
}

/// The value of real_ip_header that is no field's name, as in Kong.
inline constexpr std::string_view proxy_protocol = "proxy_protocol";

struct Gateway {
  std::uint32_t workers = 0;  ///< 0 is auto: one for each core
  Engine engine = Engine::epoll;
  std::vector<ListenerSettings> listeners = {{.address = "0.0.0.0:8000"}};
  std::optional<StatusSettings> status = StatusSettings{};
  std::optional<AccessLogSettings> access_log = AccessLogSettings{};
  LogSettings log;
  bool watch = false;
  DrainSettings drain;
  std::vector<std::string> trusted_ips;
  std::string real_ip_header = "X-Real-IP";
  bool real_ip_recursive = false;
  std::vector<ResponseHeader> headers = {
      ResponseHeader::server_tokens, ResponseHeader::latency_tokens, ResponseHeader::request_id};
  std::string error_default_type = "text/plain";
  RouterFlavor router_flavor = RouterFlavor::traditional_compatible;
  std::optional<std::string> explain_key;
  LimitSettings limits;
  TimeoutSettings timeouts;
  UpstreamSettings upstream;
  DnsSettings dns;
  TcpSettings tcp;

  static constexpr std::string_view type_name = "gateway";
  static constexpr bool checks_flawed = true;
  static constexpr std::array<std::string_view, 4> error_types = {"text/plain", "application/json",
                                                                  "text/html", "application/xml"};

  static constexpr auto fields() {
    return std::tuple{
        optional(
            "workers", &Gateway::workers, word_or("auto", 0, between(1, 512)),
            "Threads that carry traffic; auto is one for each core. A change needs a restart."),
        optional("engine", &Gateway::engine,
                 "What the event loops stand on. A change needs a restart."),
        optional("listeners", &Gateway::listeners, "The addresses that clients connect to."),
        optional("status", &Gateway::status, "The status API; null serves none."),
        optional("access_log", &Gateway::access_log, "The log of requests; null writes none."),
        optional("log", &Gateway::log, "The log of the node itself."),
        optional("watch", &Gateway::watch, "Load the file again whenever it changes."),
        optional("drain", &Gateway::drain, "How the node stops."),
        optional("trusted_ips", &Gateway::trusted_ips,
                 unique(matches(is_ip_or_cidr, "be an IP address, a CIDR range or unix:")),
                 "Peers whose X-Forwarded-* and real_ip_header fields are believed."),
        optional(
            "real_ip_header", &Gateway::real_ip_header,
            matches(is_header_name, "be the name of a header field"),
            "The field in which a trusted peer gives the client's address. With "
            "proxy_protocol none does: the client is whom the PROXY header names on a listener "
            "with proxy_protocol."),
        optional(
            "real_ip_recursive", &Gateway::real_ip_recursive,
            "Take the last address in the field that is not trusted, instead of the last one."),
        optional("headers", &Gateway::headers, unique(),
                 "The fields that the gateway adds to responses."),
        optional(
            "router_flavor", &Gateway::router_flavor,
            "With expressions, routes may have them; the other routes come behind these. Kong's "
            "traditional is not served: traditional_compatible takes its place."),
        optional(
            "error_default_type", &Gateway::error_default_type,
            one_of(std::span<const std::string_view>(error_types)),
            "The type of error bodies for requests whose Accept and Content-Type name none. As in "
            "Kong, requests without a route, service or target get JSON then, whatever stands "
            "here, and so do those that plugins or a route's protocols refuse."),
        optional("explain_key", &Gateway::explain_key,
                 confidential(matches(is_explain_key, "have at least 16 characters")),
                 "With this key, `sluice token explain` makes tokens with which a request gets an "
                 "account of its way through the gateway; null refuses them all."),
        optional("limits", &Gateway::limits, "Bounds on what a peer can make the node do."),
        optional("timeouts", &Gateway::timeouts, "How long the node waits for clients."),
        optional("upstream", &Gateway::upstream, "Connections to upstreams."),
        optional("dns", &Gateway::dns, "How names become addresses. A change needs a restart."),
        optional("tcp", &Gateway::tcp,
                 "Options of sockets. A change needs a restart, but for listeners that are new."),
    };
  }

  static void check(Gateway& gateway, const Given& given);
};

}  // namespace sluice::config
