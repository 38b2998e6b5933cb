#include "gateway/forward.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ranges>

#include "gateway/proxy.h"
#include "gateway/worker_state.h"
#include "http/forwarded.h"
#include "http/text.h"
#include "http/uri.h"

namespace sluice {
namespace {

using http::HeaderId;

constexpr std::string_view via_value = "1.1 sluice/" SLUICE_VERSION;
constexpr std::string_view via_value_of_2 = "2 sluice/" SLUICE_VERSION;

/// RFC 9110 §7.6.3: the version that the message came in.
std::string_view via_of(const http::Request& request) {
  return request.http_major == 2 ? via_value_of_2 : via_value;
}

/// An address as it may stand in a list of X-Forwarded-For: with or without port and brackets.
std::string_view bare_ip(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, std::min(text.find(']'), text.size()) - 1);
  if (std::ranges::count(text, ':') == 1) return text.substr(0, text.find(':'));
  return text;
}

/// The way back from the peer through addresses that are believed, one hop after another.
class WayBack {
 public:
  explicit WayBack(const Settings& settings) : settings_(settings) {}

  /// False where the way ends: at the first address that is not trusted itself, at the first one
  /// without real_ip_recursive, and before nonsense, behind which nothing can be believed.
  bool go(std::string_view ip) {
    const auto address = Address::from_ip(ip, 0);
    if (!address) return false;
    found_ = ip;
    return settings_.real_ip_recursive && is_trusted(settings_, *address);
  }

  std::string_view found() const noexcept { return found_; }

 private:
  const Settings& settings_;
  std::string_view found_;
};

/// Goes a line of a list of addresses back; false where the way ends.
bool go_back(WayBack& way, std::string_view rest) {
  while (!rest.empty()) {
    const std::size_t comma = rest.rfind(',');
    const std::string_view item =
        http::trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    if (!way.go(bare_ip(item))) return false;
  }
  return true;
}

/// The same for a line of Forwarded.
bool go_back_forwarded(WayBack& way, std::string_view line) {
  const auto addresses = http::forwarded_for(line);
  return addresses && std::ranges::all_of(*addresses | std::views::reverse,
                                          [&](std::string_view ip) { return way.go(ip); });
}

/// The client's address in the trusted field: the last one, or with real_ip_recursive the last that
/// is not trusted itself. Several lines are one list (RFC 9110 §5.3): a trusted peer may have added
/// its line behind one that the client made up.
std::string_view real_ip(const Exchange& exchange, const Settings& settings) {
  WayBack way(settings);
  for (const http::Headers::Field& line : exchange.request.headers.fields() | std::views::reverse) {
    if (!http::equal_ignoring_case(line.name(), settings.real_ip_header)) continue;
    const bool goes_on = line.id == HeaderId::forwarded ? go_back_forwarded(way, line.value())
                                                        : go_back(way, line.value());
    if (!goes_on) break;
  }
  return way.found();
}

/// A number as text, for as long as this lives.
class NumberText {
 public:
  explicit NumberText(std::uint64_t number)
      : end_(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr) {}

  NumberText(const NumberText&) = delete;
  NumberText& operator=(const NumberText&) = delete;

  std::string_view view() const noexcept {
    return {digits_, static_cast<std::size_t>(end_ - digits_)};
  }

 private:
  char digits_[20];
  char* end_;
};

std::string_view joined(http::Headers& keeper, std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts)
    size += part.size();
  char* const text = keeper.reserve(size);
  char* at = text;
  for (const std::string_view part : parts) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {text, size};
}

/// All values of a list field, joined in order, with `last` behind them (RFC 9110 §5.3); `alone`
/// where there is none.
void append_to_list(http::Headers& headers, HeaderId id, std::string_view last,
                    std::string_view alone) {
  std::string_view list;
  if (headers.has(id))
    for (const http::Headers::Field& field : headers.fields())
      if (field.id == id && !field.value().empty())
        list = list.empty() ? field.value() : joined(headers, {list, ", ", field.value()});
  if (list.empty())
    headers.set(id, alone);
  else
    headers.set(id, {list, ", ", last});
}

/// Whole milliseconds, not below 0.
NumberText latency_text(nanoseconds latency) {
  const std::int64_t count = std::chrono::duration_cast<milliseconds>(latency).count();
  return NumberText(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)));
}

}  // namespace

bool is_trusted(const Settings& settings, const Address& address) {
  if (address.family == Address::Family::unix_path) return settings.trusts_unix;
  return std::ranges::any_of(settings.trusted_networks,
                             [&](const Network& network) { return network.contains(address); });
}

std::string_view host_without_port(std::string_view authority) {
  if (authority.starts_with('['))
    return authority.substr(0, std::min(authority.find(']'), authority.size() - 1) + 1);
  return authority.substr(0, authority.find(':'));
}

void identify(Exchange& exchange) {
  const Settings& settings = exchange.snapshot.settings();
  const http::Client& client = *exchange.client;
  Origin& origin = exchange.origin;
  origin.client_ip = client.peer_text;
  origin.proto = client.scheme;
  const std::string_view host = host_without_port(exchange.request.authority);
  origin.host = http::has_capital(host) ? exchange.request.headers.keep(http::lowered(host)) : host;
  origin.trusted_peer = (!settings.trusted_networks.empty() || settings.trusts_unix) &&
                        is_trusted(settings, client.peer);
  if (!origin.trusted_peer) {
    // Before any plugin: an untrusted client has no identity but what the gateway finds out.
    remove_identity(exchange.request.headers);
    exchange.request.headers.remove(HeaderId::forwarded);
    return;
  }
  if (const auto ip = real_ip(exchange, settings); !ip.empty()) origin.client_ip = ip;
}

std::uint16_t port_of(const Exchange& exchange) noexcept {
  const std::string_view authority = exchange.request.authority;
  const std::string_view host = host_without_port(authority);
  std::uint16_t port = exchange.client->local->port;
  if (host.size() < authority.size()) {
    const std::string_view digits = authority.substr(host.size() + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
  }
  return port;
}

void split_target(Exchange& exchange) noexcept {
  const std::string_view query = http::query_of(exchange.request.target);
  exchange.has_query = exchange.received_mark = !query.empty();
  exchange.query = exchange.received_query = query.empty() ? query : query.substr(1);
}

Result<Done> read_target(Exchange& exchange) {
  http::Request& request = exchange.request;
  const std::string_view target = request.target;
  if (target == "*") {
    exchange.path = target;
    return Done{};
  }
  TRY(exchange.path, http::normalize_path(http::path_of(target), request.headers));
  return Done{};
}

Question question_of(const Exchange& exchange) noexcept {
  const http::Request& request = exchange.request;
  const http::Client& client = *exchange.client;
  return {.method = request.method,
          .host = exchange.origin.host,
          .port = port_of(exchange),
          .path = exchange.path,
          .headers = request.headers,
          .scheme = client.scheme,
          .query = exchange.query,
          .sni = client.tls().sni,
          .source = &client.peer,
          .destination = client.local.get()};
}

std::string_view upstream_path(std::string_view base, bool strip, std::string_view path,
                               std::size_t prefix_size, http::Headers& keeper) {
  if (base.empty()) base = "/";
  if (!strip) {
    if (base.ends_with('/'))
      return base.size() == 1 ? path : joined(keeper, {base, path.substr(1)});
    return path == "/" ? base : joined(keeper, {base, path});
  }
  // A route without paths takes off the first slash only: "/" itself is nothing then.
  std::string_view rest = path.substr(std::max<std::size_t>(prefix_size, 1));
  // A prefix that ends inside a segment may leave what climbs out of the service's path.
  while (rest.starts_with("./") || rest.starts_with("../"))
    rest.remove_prefix(rest.starts_with("./") ? 2 : 3);
  if (rest == "." || rest == "..") rest = {};
  if (base.ends_with('/')) {
    if (rest.empty())
      return base.size() == 1 || path.ends_with('/') ? base : base.substr(0, base.size() - 1);
    if (rest.starts_with('/'))
      return base.size() == 1 ? rest : joined(keeper, {base.substr(0, base.size() - 1), rest});
    return joined(keeper, {base, rest});
  }
  if (rest.empty())
    return path.size() > 1 && path.ends_with('/') ? joined(keeper, {base, "/"}) : base;
  return rest.starts_with('/') ? joined(keeper, {base, rest}) : joined(keeper, {base, "/", rest});
}

namespace {

constexpr std::initializer_list<HeaderId> forwarded_ids = {HeaderId::x_forwarded_proto,
                                                           HeaderId::x_forwarded_port,
                                                           HeaderId::x_forwarded_host,
                                                           HeaderId::x_forwarded_path,
                                                           HeaderId::x_real_ip,
                                                           HeaderId::x_forwarded_for,
                                                           HeaderId::via,
                                                           HeaderId::x_kong_request_id};

/// The fields of prepare_forward() where the request came with some of them, or its peer is
/// trusted.
void forward_one_by_one(Exchange& exchange, std::string_view original_path) {
  http::Headers& headers = exchange.request.headers;
  const http::Client& client = *exchange.client;
  const auto forward = [&](HeaderId id, std::string_view value) {
    if (!exchange.origin.trusted_peer || !headers.has(id)) headers.set(id, value);
  };
  forward(HeaderId::x_forwarded_proto, client.scheme);
  forward(HeaderId::x_forwarded_port, NumberText(client.local->port).view());
  forward(HeaderId::x_forwarded_host, exchange.origin.host);
  forward(HeaderId::x_forwarded_path, original_path);
  headers.set(HeaderId::x_real_ip, exchange.origin.client_ip);
  // As Kong: who the client is, where nobody said so in this field, and then the way to here.
  append_to_list(headers, HeaderId::x_forwarded_for, client.peer_text, exchange.origin.client_ip);
  const std::string_view via = via_of(exchange.request);
  append_to_list(headers, HeaderId::via, via, via);
  headers.set(HeaderId::x_kong_request_id, exchange.record.request_id());
}

}  // namespace

void prepare_forward(Exchange& exchange) {
  http::Request& request = exchange.request;
  http::Headers& headers = request.headers;
  const bool trusted = exchange.origin.trusted_peer;

  const http::Client& client = *exchange.client;
  const std::string_view original_path = http::path_of(request.target);
  const bool strips = exchange.route->strip_path && exchange.matched_path.size > 1;
  if (!trusted && !headers.has_any(forwarded_ids)) {
    // Nearly every request: nothing to look for, all lines at once.
    const std::string_view peer = client.peer_text;
    headers.add_all<HeaderId::x_forwarded_proto, HeaderId::x_forwarded_port,
                    HeaderId::x_forwarded_host, HeaderId::x_forwarded_path, HeaderId::x_real_ip,
                    HeaderId::x_forwarded_for, HeaderId::via, HeaderId::x_kong_request_id>(
        client.scheme, NumberText(client.local->port).view(), exchange.origin.host, original_path,
        peer, peer, via_of(request), exchange.record.request_id());
  } else {
    forward_one_by_one(exchange, original_path);
  }
  // What an untrusted client says about its way here is replaced; what a trusted one says stays.
  if (strips && !(trusted && headers.has(HeaderId::x_forwarded_prefix)))
    headers.set(HeaderId::x_forwarded_prefix,
                http::escape_path(exchange.matched_prefix(), headers));
  else if (!trusted)
    headers.remove(HeaderId::x_forwarded_prefix);

  const Route& route = *exchange.route;
  request.scheme = route.service->transport.scheme();
  if (exchange.path == "*") return;
  const std::string_view path =
      !exchange.upstream_path.empty()
          ? exchange.upstream_path
          : http::escape_path(upstream_path(route.service->path, route.strip_path, exchange.path,
                                            exchange.matched_path.size, headers),
                              headers);
  request.target = exchange.has_query ? joined(headers, {path, "?", exchange.query}) : path;
}

void set_host(Exchange& exchange, const upstream::Target& target, std::uint16_t port) {
  const Route& route = *exchange.route;
  http::Request& request = exchange.request;
  const std::string& configured = target_group(exchange).host_header;
  if (!exchange.upstream_host.empty()) {
    request.authority = exchange.upstream_host;
    return;
  }
  if (route.preserve_host && !request.authority.empty()) return;
  if (!configured.empty()) {
    request.authority = configured;
    return;
  }
  // The target's own text leaves out the port of plain HTTP.
  const std::uint16_t default_port = route.service->transport.default_port();
  if (default_port == 80 && port == target.port) {
    request.authority = target.authority;
    return;
  }
  const bool ipv6 = target.host.find(':') != std::string::npos;
  const std::string_view host =
      ipv6 ? joined(request.headers, {"[", target.host, "]"}) : std::string_view(target.host);
  request.authority =
      port == default_port ? host : joined(request.headers, {host, ":", NumberText(port).view()});
}

void finish_head(Exchange& exchange, http::Response& response) {
  const Settings& settings = exchange.snapshot.settings();
  const Record& record = exchange.record;
  http::Headers& headers = response.headers;
  const TimePoint now = exchange.worker.loop.now();
  if (record.source != Source::upstream) {
    if (settings.add_server) headers.set(HeaderId::server, product_token);
    if (settings.add_response_latency)
      headers.set(HeaderId::x_kong_response_latency,
                  latency_text(now - exchange.received_at).view());
    if (settings.add_request_id) headers.set(HeaderId::x_kong_request_id, record.request_id());
    return;
  }
  const NumberText upstream_latency =
      latency_text(record.upstream_head_at - record.upstream_sent_at);
  const NumberText proxy_latency = latency_text(record.upstream_sent_at - exchange.received_at);
  if (settings.has_default_headers &&
      !headers.has_any({HeaderId::x_kong_upstream_latency, HeaderId::x_kong_proxy_latency,
                        HeaderId::via, HeaderId::x_kong_request_id})) {
    headers.add_all<HeaderId::x_kong_upstream_latency, HeaderId::x_kong_proxy_latency,
                    HeaderId::via, HeaderId::x_kong_request_id>(
        upstream_latency.view(), proxy_latency.view(), via_value, record.request_id());
  } else {
    if (settings.add_upstream_status)
      headers.set(HeaderId::x_kong_upstream_status, NumberText(record.upstream_status).view());
    if (settings.add_upstream_latency)
      headers.set(HeaderId::x_kong_upstream_latency, upstream_latency.view());
    if (settings.add_proxy_latency)
      headers.set(HeaderId::x_kong_proxy_latency, proxy_latency.view());
    if (settings.add_via) append_to_list(headers, HeaderId::via, via_value, via_value);
    if (settings.add_request_id) headers.set(HeaderId::x_kong_request_id, record.request_id());
  }
  if (settings.add_server && !headers.has(HeaderId::server))
    headers.set(HeaderId::server, product_token);
}

}  // namespace sluice
