#pragma once
// Host names as text: which are valid, which mean this machine, and what the search list makes of
// them.

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct ResolverSettings;

/// ASCII only, as names are compared (RFC 4343).
constexpr char lower_case(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

std::string lower_case(std::string_view name);

/// At most 253 bytes in labels of 1 to 63 letters, digits, hyphens and underscores (RFC 1035
/// §2.3.4, RFC 2782), perhaps with a dot at the end. International names must be in their ASCII
/// form.
bool is_dns_name(std::string_view name) noexcept;

/// "localhost" and all names below it (RFC 6761 §6.3), in any case, with or without a dot at the
/// end.
bool is_localhost(std::string_view name) noexcept;

/// What to ask for, in this order, as resolv.conf(5) says for `search` and `ndots`; in lower case,
/// without the dot at the end. Precondition: is_dns_name(name). What a search suffix makes too long
/// is left out.
std::vector<std::string> names_to_ask(std::string_view name, const ResolverSettings& settings);

}  // namespace sluice
