#include "runtime/address.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include <arpa/inet.h>
#include <sys/un.h>

namespace sluice {
namespace {

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Error wrong(std::string_view text, std::string_view what) {
  return {ErrorCode::invalid_configuration,
          std::string(what) + ", got \"" + std::string(text) + "\""};
}

/// ::ffff:a.b.c.d is the IPv4 address a.b.c.d (RFC 4291 §2.5.5.2).
bool is_mapped(const Address& address) {
  static constexpr std::array<std::uint8_t, 12> prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return address.family == Address::Family::ipv6 &&
         std::equal(prefix.begin(), prefix.end(), address.ip.begin());
}

Address unmapped(const Address& address) {
  if (!is_mapped(address)) return address;
  Address plain;
  plain.family = Address::Family::ipv4;
  plain.port = address.port;
  std::copy_n(address.ip.begin() + 12, 4, plain.ip.begin());
  return plain;
}

}  // namespace

Result<Address> Address::from_ip(std::string_view ip, std::uint16_t port) {
  Address address;
  address.port = port;
  const std::string text(ip.substr(0, ip.find('%')));
  if (inet_pton(AF_INET, text.c_str(), address.ip.data()) == 1) {
    address.family = Family::ipv4;
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.ip.data()) == 1) {
    address.family = Family::ipv6;
    return address;
  }
  return std::unexpected(wrong(ip, "must be an IPv4 or IPv6 address"));
}

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    Address address;
    address.family = Family::unix_path;
    address.path = text.substr(5);
    if (address.path.empty() || address.path.size() >= sizeof(sockaddr_un::sun_path))
      return std::unexpected(wrong(text, "must be a path of 1 to 107 bytes after unix:"));
    return address;
  }
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string_view::npos || !parse_number(text.substr(colon + 1), port))
    return std::unexpected(wrong(text, "must be ip:port, [ipv6]:port or unix:/path"));
  std::string_view ip = text.substr(0, colon);
  const bool bracketed = ip.size() >= 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  TRY(Address address, from_ip(ip, port));
  if (bracketed != (address.family == Family::ipv6))
    return std::unexpected(wrong(text, "must be ip:port, [ipv6]:port or unix:/path"));
  return address;
}

std::string Address::ip_text() const {
  if (family == Family::unix_path) return "unix:";
  if (family == Family::none) return {};
  const Address plain = unmapped(*this);
  char buffer[INET6_ADDRSTRLEN];
  if (plain.family == Family::ipv6) {
    inet_ntop(AF_INET6, plain.ip.data(), buffer, sizeof buffer);
    return buffer;
  }
  // inet_ntop goes through printf, and every line of the access log has such addresses.
  char* at = buffer;
  for (const std::uint8_t part : std::span(plain.ip).first<4>()) {
    at = std::to_chars(at, std::end(buffer), part).ptr;
    *at++ = '.';
  }
  return {buffer, at - 1};
}

std::string Address::text() const {
  if (family == Family::unix_path) return "unix:" + path;
  std::string ip_part = ip_text();
  if (ip_part.find(':') != std::string::npos) ip_part = "[" + ip_part + "]";
  return ip_part + ":" + std::to_string(port);
}

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto base = Address::from_ip(text.substr(0, slash), 0);
  if (!base)
    return std::unexpected(wrong(text, "must be an address or a network such as 10.0.0.0/8"));
  Network network{unmapped(*base), 0};
  const unsigned bits_max = network.base.family == Address::Family::ipv4 ? 32 : 128;
  network.bits = bits_max;
  if (slash == std::string_view::npos) return network;
  if (!parse_number(text.substr(slash + 1), network.bits) || network.bits > bits_max)
    return std::unexpected(
        wrong(text, "must have a prefix of 0 to " + std::to_string(bits_max) + " bits"));
  return network;
}

bool Network::contains(const Address& address) const noexcept {
  const Address plain = unmapped(address);
  if (plain.family != base.family) return false;
  const unsigned whole = bits / 8;
  if (!std::equal(base.ip.begin(), base.ip.begin() + whole, plain.ip.begin())) return false;
  if (bits % 8 == 0) return true;
  const unsigned shift = 8 - bits % 8;
  return base.ip[whole] >> shift == plain.ip[whole] >> shift;
}

}  // namespace sluice
