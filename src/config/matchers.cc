// Rules on single texts. All are bounded by the length of the text, which the file's limit bounds.

#include "config/matchers.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace sluice::config {
namespace {

constexpr std::size_t dns_name_bytes_max = 253;  // RFC 1035 section 2.3.4, without the root's dot
constexpr std::size_t dns_label_bytes_max = 63;
constexpr std::size_t unix_path_bytes_max = 107;  // sockaddr_un, with its closing zero

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Every `%` is followed by two hexadecimal digits.
bool has_whole_escapes(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3))
    if (at + 2 >= text.size() || !is_hex_digit(text[at + 1]) || !is_hex_digit(text[at + 2]))
      return false;
  return true;
}

bool is_beyond_ascii(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > dns_label_bytes_max) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(
      label, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

bool is_dns_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > dns_name_bytes_max) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// A last label of digits is an IPv4 address or nothing (RFC 3986 section 3.2.2 by way of RFC 1123
/// section 2.1).
bool is_name_or_ipv4(std::string_view text) {
  const std::string_view last =
      text.substr(text.rfind('.') == std::string_view::npos ? 0 : text.rfind('.') + 1);
  const bool has_dot = last.size() < text.size();
  if (has_dot && !last.empty() && std::ranges::all_of(last, is_digit)) return is_ipv4(text);
  return is_dns_name(text);
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  const auto value = number(text);
  if (!value || *value == 0 || *value > 65'535) return {};
  return static_cast<std::uint16_t>(*value);
}

template <int Family, class Address>
bool is_address(std::string_view text) {
  char copy[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return false;
  text.copy(copy, text.size());
  Address address;
  return inet_pton(Family, copy, &address) == 1;
}

bool is_ip(std::string_view text) {
  return is_ipv4(text) || is_ipv6(text);
}

}  // namespace

bool is_ipv4(std::string_view text) {
  return is_address<AF_INET, in_addr>(text);
}

bool is_ipv6(std::string_view text) {
  return is_address<AF_INET6, in6_addr>(text);
}

std::optional<HostPort> split_host_port(std::string_view text) {
  std::string_view rest;
  HostPort split;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    split.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else if (std::ranges::count(text, ':') > 1) {
    split.host = text;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    split.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (rest.empty()) return split;
  if (rest[0] != ':') return {};
  split.port = port_of(rest.substr(1));
  if (!split.port) return {};
  return split;
}

bool is_ip_or_cidr(std::string_view text) {
  if (text == "unix:") return true;
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  if (!is_ip(address)) return false;
  if (slash == std::string_view::npos) return true;
  const auto bits = number(text.substr(slash + 1));
  return bits && *bits <= (is_ipv4(address) ? 32U : 128U);
}

bool is_ip_and_port(std::string_view text) {
  const auto split = split_host_port(text);
  if (!split || !split->port) return false;
  return text.starts_with('[') ? is_ipv6(split->host) : is_ipv4(split->host);
}

bool is_listen_address(std::string_view text) {
  if (!text.starts_with("unix:")) return is_ip_and_port(text);
  const std::string_view path = text.substr(5);
  return path.size() > 1 && path[0] == '/' && path.size() <= unix_path_bytes_max;
}

bool is_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) return is_ipv6(text.substr(1, text.size() - 2));
  return is_name_or_ipv4(text) || is_ipv6(text);
}

bool is_host_pattern(std::string_view text) {
  const auto split = split_host_port(text);
  if (!split) return false;
  std::string_view host = split->host;
  if (host.starts_with("*.")) return is_dns_name(host.substr(2));
  if (host.ends_with(".*")) return is_dns_name(host.substr(0, host.size() - 2));
  return text.starts_with('[') ? is_ipv6(host) : is_host(host);
}

bool is_sni_pattern(std::string_view text) {
  if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
  return text.find(':') == std::string_view::npos && is_host_pattern(text);
}

bool is_target(std::string_view text) {
  const auto split = split_host_port(text);
  return split && (text.starts_with('[') ? is_ipv6(split->host) : is_host(split->host));
}

bool is_header_name(std::string_view text) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

bool is_plain_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_beyond_ascii(c) || (c >= 0x20 && c < 0x7F);
  });
}

bool is_header_value(std::string_view text) {
  return text.empty() || (is_plain_text(text) && !text.starts_with(' ') && !text.ends_with(' '));
}

bool is_method(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_entity_name(std::string_view text) {
  static constexpr std::string_view marks = ".-_~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || is_beyond_ascii(c) ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_explain_key(std::string_view text) {
  return text.size() >= 16;
}

bool is_tag(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_beyond_ascii(c) || (c >= 0x20 && c < 0x7F && c != ',' && c != '/');
  });
}

bool is_plain_path(std::string_view text) {
  static constexpr std::string_view marks = "/%-._~!$&'()*+,;=:@";
  return text.starts_with('/') && text.find("//") == std::string_view::npos &&
         has_whole_escapes(text) && std::ranges::all_of(text, [](char c) {
           return is_letter(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
         });
}

std::string normal_path(std::string_view path) {
  static constexpr std::string_view kept = "%:/?#[]@!$&'()*+,;=";
  std::string normal;
  while (!path.empty()) {
    if (path.front() != '%' || path.size() < 3 || !is_hex_digit(path[1]) ||
        !is_hex_digit(path[2])) {
      normal += path.front() == '%' ? "%25" : path.substr(0, 1);
      path.remove_prefix(1);
      continue;
    }
    unsigned byte = 0;
    std::from_chars(path.data() + 1, path.data() + 3, byte, 16);
    if (kept.find(static_cast<char>(byte)) == std::string_view::npos && byte != 0)
      normal += static_cast<char>(byte);
    else
      normal += fmt::format("%{:02X}", byte);
    path.remove_prefix(3);
  }
  return normal;
}

}  // namespace sluice::config
