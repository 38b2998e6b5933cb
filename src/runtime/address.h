#pragma once
// Where a socket is or wants to go: IPv4, IPv6 or a path of the file system.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice {

struct Address {
  enum class Family : std::uint8_t { none, ipv4, ipv6, unix_path } family = Family::none;
  std::uint16_t port = 0;
  std::uint32_t scope = 0;            ///< IPv6 link-local: the interface's index
  std::array<std::uint8_t, 16> ip{};  ///< network order; IPv4 uses the first four
  std::string path;                   ///< unix_path only

  bool operator==(const Address&) const = default;

  /// "10.0.0.1" or "::1", without brackets; no names.
  static Result<Address> from_ip(std::string_view ip, std::uint16_t port);
  /// "127.0.0.1:8000", "[::1]:8000", "unix:/run/sluice.sock".
  static Result<Address> parse(std::string_view text);

  /// The address alone, as X-Real-IP shows it; IPv4-mapped IPv6 as IPv4; "unix:" for a path.
  std::string ip_text() const;
  /// As parse() reads it.
  std::string text() const;
};

/// A network in CIDR form, for gateway.trusted_ips.
struct Network {
  Address base;
  unsigned bits = 0;

  /// "10.0.0.0/8", "::1", "0.0.0.0/0".
  static Result<Network> parse(std::string_view text);
  /// IPv4-mapped IPv6 addresses are compared as IPv4.
  bool contains(const Address& address) const noexcept;
};

}  // namespace sluice
