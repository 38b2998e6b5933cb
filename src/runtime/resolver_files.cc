// resolv.conf(5) and hosts(5).

#include <charconv>
#include <optional>

#include <net/if.h>

#include "runtime/dns_name.h"
#include "runtime/resolver.h"

namespace sluice {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t nameservers_max = 8;
constexpr std::size_t search_max = 16;
// What libc cuts them to.
constexpr unsigned ndots_max = 15;
constexpr unsigned timeout_seconds_max = 30;
constexpr unsigned attempts_max = 5;

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The next word of a line; empty at its end or at a comment.
std::string_view next_word(std::string_view& line) {
  constexpr std::string_view blanks = " \t\r\v\f";
  const std::size_t begin = line.find_first_not_of(blanks);
  if (begin == std::string_view::npos || line[begin] == '#' || line[begin] == ';') return {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

/// As Address::from_ip, and with "%eth0" or "%2" behind a link-local address (RFC 4007 §11).
std::optional<Address> parse_scoped_ip(std::string_view text, std::uint16_t port) {
  const std::size_t percent = text.find('%');
  auto address = Address::from_ip(text.substr(0, percent), port);
  if (!address) return std::nullopt;
  if (percent == std::string_view::npos) return *address;
  if (address->family != Address::Family::ipv6) return std::nullopt;
  const std::string_view zone = text.substr(percent + 1);
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), address->scope);
  if (error != std::errc() || end != zone.data() + zone.size())
    address->scope = if_nametoindex(std::string(zone).c_str());
  if (address->scope == 0) return std::nullopt;
  return *address;
}

/// The number behind `name`, as in "ndots:5", cut to `most`.
std::optional<unsigned> option_value(std::string_view word, std::string_view name, unsigned most) {
  if (!word.starts_with(name)) return std::nullopt;
  word.remove_prefix(name.size());
  unsigned value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end != word.data() + word.size() || word.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return most;
  if (error != std::errc()) return std::nullopt;
  return std::min(value, most);
}

}  // namespace

void read_resolv_conf(std::string_view text, ResolverSettings& settings) {
  std::vector<Address> nameservers;
  std::optional<unsigned> rounds;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const std::string_view keyword = next_word(line);
    if (keyword == "nameserver") {
      const auto address = parse_scoped_ip(next_word(line), dns_port);
      if (address && nameservers.size() < nameservers_max) nameservers.push_back(*address);
    } else if (keyword == "search" || keyword == "domain") {
      settings.search.clear();
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
        // "search ." is how to say that there is none.
        if (is_dns_name(word) && settings.search.size() < search_max)
          settings.search.emplace_back(word);
        if (keyword == "domain") break;
      }
    } else if (keyword == "options") {
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
        if (const auto dots = option_value(word, "ndots:", ndots_max)) settings.ndots = *dots;
        if (const auto wait = option_value(word, "timeout:", timeout_seconds_max);
            wait && *wait > 0)
          settings.timeout = seconds(*wait);
        if (const auto count = option_value(word, "attempts:", attempts_max); count && *count > 0)
          rounds = *count;
      }
    }
  }
  if (nameservers.empty()) nameservers.push_back(*Address::from_ip("127.0.0.1", dns_port));
  settings.nameservers = std::move(nameservers);
  if (rounds) settings.attempts = *rounds * static_cast<unsigned>(settings.nameservers.size());
}

void read_hosts_file(std::string_view text, ResolverSettings& settings) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const auto address = parse_scoped_ip(next_word(line), 0);
    if (!address) continue;
    for (std::string_view name = next_word(line); !name.empty(); name = next_word(line))
      if (is_dns_name(name)) settings.hosts.emplace_back(name, *address);
  }
}

}  // namespace sluice
