#include "gateway/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace sluice {
namespace {

using Family = Address::Family;

constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::string_view text_begin = "PROXY ";
// Version 1: "PROXY TCP6 ", two addresses, two ports, CRLF.
constexpr std::size_t text_max = 107;
constexpr std::size_t binary_head = 16;

std::unexpected<Error> refuse(const char* why) {
  return fail(ErrorCode::bad_request, std::string("a malformed PROXY header: ") + why);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool leading_zero = text.size() > 1 && text[0] == '0';
  if (error != std::errc() || end != text.data() + text.size() || leading_zero) return std::nullopt;
  return port;
}

std::string_view next_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return word;
}

Result<std::optional<ProxyHeader>> parse_text(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, text_max).find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= text_max) return refuse("no end of the line");
    return std::nullopt;
  }
  ProxyHeader header{.size = end + 2, .source = {}, .destination = {}};
  std::string_view rest = bytes.substr(text_begin.size(), end - text_begin.size());
  const std::string_view protocol = next_word(rest);
  if (protocol == "UNKNOWN") return header;
  if (protocol != "TCP4" && protocol != "TCP6") return refuse("an unknown protocol");
  const std::string_view from = next_word(rest), to = next_word(rest);
  const auto from_port = parse_port(next_word(rest)), to_port = parse_port(next_word(rest));
  if (!from_port || !to_port || !rest.empty()) return refuse("a wrong port");
  const auto source = Address::from_ip(from, *from_port);
  const auto destination = Address::from_ip(to, *to_port);
  const Family wanted = protocol == "TCP4" ? Family::ipv4 : Family::ipv6;
  if (!source || !destination || source->family != wanted || destination->family != wanted)
    return refuse("a wrong address");
  header.source = *source;
  header.destination = *destination;
  return header;
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

Address address_at(std::string_view bytes, std::size_t at, std::size_t size, std::uint16_t port) {
  Address address;
  address.family = size == 4 ? Family::ipv4 : Family::ipv6;
  address.port = port;
  std::memcpy(address.ip.data(), bytes.data() + at, size);
  return address;
}

Result<std::optional<ProxyHeader>> parse_binary(std::string_view bytes) {
  if (bytes.size() < binary_head) return std::nullopt;
  const auto version_and_command = static_cast<unsigned char>(bytes[12]);
  const auto family_and_protocol = static_cast<unsigned char>(bytes[13]);
  const std::size_t length = number_at(bytes, 14);
  if (version_and_command >> 4 != 2) return refuse("an unknown version");
  const unsigned command = version_and_command & 15;
  if (command > 1) return refuse("an unknown command");
  if (binary_head + length > proxy_header_max) return refuse("it is too long");
  if (bytes.size() < binary_head + length) return std::nullopt;

  ProxyHeader header{.size = binary_head + length, .source = {}, .destination = {}};
  const bool is_tcp = (family_and_protocol & 15) == 1;
  const unsigned family = family_and_protocol >> 4;
  // LOCAL, and families that are no TCP over IP: what they say is not for us.
  if (command == 0 || !is_tcp || family == 0 || family == 3) return header;
  if (family > 3) return refuse("an unknown family");
  const std::size_t size = family == 1 ? 4 : 16;
  if (length < 2 * size + 4) return refuse("too short for its addresses");
  const std::size_t ports = binary_head + 2 * size;
  header.source = address_at(bytes, binary_head, size, number_at(bytes, ports));
  header.destination = address_at(bytes, binary_head + size, size, number_at(bytes, ports + 2));
  return header;
}

}  // namespace

Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view bytes) {
  const auto may_be = [&](std::string_view begin) {
    return begin.starts_with(bytes.substr(0, begin.size()));
  };
  if (may_be(signature))
    return bytes.size() < signature.size() ? Result<std::optional<ProxyHeader>>(std::nullopt)
                                           : parse_binary(bytes);
  if (may_be(text_begin))
    return bytes.size() < text_begin.size() ? Result<std::optional<ProxyHeader>>(std::nullopt)
                                            : parse_text(bytes);
  return refuse("it does not begin as one");
}

std::string compose_proxy_header(ProxyVersion version, const Address& source,
                                 const Address& destination) {
  const bool known = source.family == destination.family &&
                     (source.family == Family::ipv4 || source.family == Family::ipv6);
  const bool is_ipv4 = source.family == Family::ipv4;
  if (version == ProxyVersion::v1) {
    if (!known) return "PROXY UNKNOWN\r\n";
    Address from = source, to = destination;
    from.port = to.port = 0;
    return std::string(is_ipv4 ? "PROXY TCP4 " : "PROXY TCP6 ") + from.ip_text() + " " +
           to.ip_text() + " " + std::to_string(source.port) + " " +
           std::to_string(destination.port) + "\r\n";
  }
  std::string header(signature);
  if (!known) return header + std::string("\x20\0\0\0", 4);
  const std::size_t size = is_ipv4 ? 4 : 16;
  header += '\x21';
  header += is_ipv4 ? '\x11' : '\x21';
  const auto number = [&](std::size_t value) {
    header += static_cast<char>(value >> 8);
    header += static_cast<char>(value & 255);
  };
  number(2 * size + 4);
  header.append(reinterpret_cast<const char*>(source.ip.data()), size);
  header.append(reinterpret_cast<const char*>(destination.ip.data()), size);
  number(source.port);
  number(destination.port);
  return header;
}

}  // namespace sluice
