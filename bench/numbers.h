#pragma once
// Reads the numbers of command lines and of /proc.

#include <charconv>
#include <optional>
#include <string_view>

namespace bench {

/// The number with which the text begins, after blanks; nothing when there is none or it does not
/// fit.
template <class Number>
std::optional<Number> leading_number(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  Number value{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

}  // namespace bench
