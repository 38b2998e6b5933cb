#pragma once
// What the gateway tells an upstream about a request, and what it believes about a client (kong.md
// §3, §2.4).

#include "gateway/exchange.h"
#include "gateway/settings.h"

namespace sluice {

/// Finds out who sent the request: fills exchange.origin. Precondition: the request was taken.
void identify(Exchange& exchange);

/// Splits and normalises the target into exchange.path and query. Error(bad_request).
/// Takes the query off the target as it came.
void split_target(Exchange& exchange) noexcept;
/// The target's path in normal form; Error(bad_request). Precondition: split_target().
Result<Done> read_target(Exchange& exchange);

/// The port that the client named, else the scheme's default: what a route's host:port is compared
/// with.
std::uint16_t port_of(const Exchange& exchange) noexcept;

/// Whether the peer is in gateway.trusted_ips.
bool is_trusted(const Settings& settings, const Address& address);

/// Of host[:port]; an IPv6 address keeps its brackets.
std::string_view host_without_port(std::string_view authority);

/// What the router is asked about the request. Precondition: identify() and read_target().
Question question_of(const Exchange& exchange) noexcept;

/// The path towards the upstream: service path, stripped prefix and the rest (path_handling v0).
/// `keeper` holds the result.
std::string_view upstream_path(std::string_view service_path, bool strip, std::string_view path,
                               std::size_t prefix_size, http::Headers& keeper);

/// Turns the client's request into the upstream's: target, X-Forwarded-*, Via. Once an exchange,
/// before the first attempt.
void prepare_forward(Exchange& exchange);

/// Host for one target. `port` is where the request goes: the target's, or that of its SRV record
/// (as Kong).
void set_host(Exchange& exchange, const upstream::Target& target, std::uint16_t port);

/// What the gateway adds to each response's head, after the plugins: Via, Server, latencies, the
/// request's id.
void finish_head(Exchange& exchange, http::Response& response);

}  // namespace sluice
