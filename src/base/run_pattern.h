#pragma once
// Regular expressions that need no automaton: texts and runs of character classes, one behind the
// other, where each run ends where the next part begins. Most expressions of paths are such:
// /users/\d+/orders, /v[12]/(?<name>[^/]+)$. A few dozen bytes, which go where they are used.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

enum class RunOutcome : std::uint8_t {
  matches,
  differs,
  unknown,  ///< bytes beyond ASCII, which are for the automaton
};

/// The program for a pattern that is tried at the start of a text; empty for any other pattern. It
/// matches the same as RE2 does.
std::string compile_run_pattern(std::string_view pattern);

/// `size`: how much of the text matches. Precondition: a program that is not empty.
RunOutcome match_run_pattern(std::string_view program, std::string_view text,
                             std::size_t& size) noexcept;

}  // namespace sluice
