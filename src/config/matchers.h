#pragma once
// Rules on single texts that several settings share.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

inline constexpr std::string_view listen_address_form =
    "be an address such as 0.0.0.0:8000, [::]:8000 or unix:/run/sluice.sock";

struct HostPort {
  std::string host;  ///< IPv6 without its brackets
  std::optional<std::uint16_t> port;
};

/// Splits `host`, `host:port`, `[ipv6]` and `[ipv6]:port`, and also a bare IPv6 address; nothing
/// where the port is no number between 1 and 65535. Does not look at the host.
std::optional<HostPort> split_host_port(std::string_view text);

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);  ///< without brackets
bool is_ip_or_cidr(std::string_view text);
bool is_ip_and_port(std::string_view text);
/// `unix:` with an absolute path counts too.
bool is_listen_address(std::string_view text);
/// A DNS name (underscores allowed, as in Kong), an IPv4 or an IPv6 address with or without
/// brackets; no port.
bool is_host(std::string_view text);
/// A host name for `hosts` of a route: is_host with one `*` at the left or right end, and a port.
bool is_host_pattern(std::string_view text);
/// A host name for `snis`: the same without a port, with a dot at its end or not.
bool is_sni_pattern(std::string_view text);
/// `host[:port]` of a target.
bool is_target(std::string_view text);
bool is_header_name(std::string_view text);   ///< RFC 9110 section 5.1: a token
bool is_plain_text(std::string_view text);    ///< not empty, without control characters
bool is_header_value(std::string_view text);  ///< RFC 9110 section 5.5
bool is_method(std::string_view text);        ///< upper case letters, as Kong wants them
bool is_entity_name(
    std::string_view text);  ///< letters, digits, `.`, `-`, `_`, `~` and non-ASCII UTF-8
bool is_explain_key(std::string_view text);  ///< long enough that nobody tries them all
bool is_tag(std::string_view text);          ///< printable, without `,` and `/`
/// Begins with `/`, has no `//`, and only what RFC 3986 has in paths, with whole triplets.
bool is_plain_path(std::string_view text);
/// With triplets as the router compares them (kong.md §2.3): only those of reserved characters and
/// `%` are left, in upper case, and a lone `%` is one of them. Dot segments stay.
std::string normal_path(std::string_view path);

}  // namespace sluice::config
