#pragma once
// Copies of short texts without a call: names, numbers and values of header fields.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

/// Copies `text` to `to`, and returns where the next byte goes. Inline for up to 32 bytes: two
/// copies that may overlap.
inline char* copy_short(char* to, std::string_view text) noexcept {
  const char* from = text.data();
  const std::size_t size = text.size();
  const auto both_ends = [&]<class Word>(Word) {
    Word first, last;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  };

  struct Sixteen {
    std::uint64_t words[2];
  };

  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    both_ends(Sixteen{});
  } else if (size >= 8) {
    both_ends(std::uint64_t{});
  } else if (size >= 4) {
    both_ends(std::uint32_t{});
  } else {
    for (std::size_t i = 0; i < size; ++i)
      to[i] = from[i];
  }
  return to + size;
}

}  // namespace sluice
