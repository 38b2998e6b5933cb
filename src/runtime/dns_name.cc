#include "runtime/dns_name.h"

#include <algorithm>

#include "runtime/resolver.h"

namespace sluice {
namespace {

constexpr std::size_t name_bytes_max =
    253;  // RFC 1035 §2.3.4: 255 in a message, without length bytes
constexpr std::size_t label_bytes_max = 63;

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= label_bytes_max &&
         std::ranges::all_of(label, [](char letter) {
           const char low = lower_case(letter);
           return (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9') || low == '-' ||
                  low == '_';
         });
}

}  // namespace

std::string lower_case(std::string_view name) {
  std::string low(name);
  for (char& letter : low)
    letter = lower_case(letter);
  return low;
}

bool is_dns_name(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > name_bytes_max) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_localhost(std::string_view name) noexcept {
  constexpr std::string_view localhost = "localhost";
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() < localhost.size()) return false;
  const std::string_view tail = name.substr(name.size() - localhost.size());
  const bool is_below = tail.size() < name.size() && name[name.size() - tail.size() - 1] == '.';
  return (tail.size() == name.size() || is_below) &&
         std::ranges::equal(tail, localhost, {}, [](char letter) { return lower_case(letter); });
}

std::vector<std::string> names_to_ask(std::string_view name, const ResolverSettings& settings) {
  std::string plain = lower_case(name);
  if (plain.ends_with('.')) {
    plain.pop_back();
    return {std::move(plain)};
  }
  std::vector<std::string> names;
  for (const std::string& suffix : settings.search) {
    std::string longer = plain + "." + lower_case(suffix);
    if (longer.ends_with('.')) longer.pop_back();
    if (is_dns_name(longer)) names.push_back(std::move(longer));
  }
  const bool has_dots_enough =
      std::ranges::count(plain, '.') >= static_cast<std::ptrdiff_t>(settings.ndots);
  names.insert(has_dots_enough ? names.begin() : names.end(), std::move(plain));
  return names;
}

}  // namespace sluice
