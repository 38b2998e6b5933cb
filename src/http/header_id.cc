#include "http/header_id.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include "http/text.h"

namespace sluice::http {
namespace {

constexpr const auto& names = header_names;

constexpr std::size_t name_size_max = 24;

// A name as three words, so that it is compared without a loop. Those of long names overlap; short
// names fill the first.
struct Words {
  std::uint64_t first = 0;
  std::uint64_t middle = 0;
  std::uint64_t last = 0;
};

template <class Word>
constexpr std::uint64_t load(const char* at) noexcept {
  static_assert(std::endian::native == std::endian::little);
  if consteval {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < sizeof(Word); ++i)
      word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
    return word;
  } else {
    Word word;
    std::memcpy(&word, at, sizeof(Word));
    return word;
  }
}

/// Precondition: 1 <= name.size() <= name_size_max.
constexpr Words words_of(std::string_view name) noexcept {
  const char* text = name.data();
  const std::size_t size = name.size();
  if (size >= 8) {
    const std::size_t rest = size - 8;
    return {load<std::uint64_t>(text), load<std::uint64_t>(text + (rest < 8 ? rest : 8)),
            load<std::uint64_t>(text + rest)};
  }
  if (size >= 4)
    return {load<std::uint32_t>(text) | load<std::uint32_t>(text + size - 4) << 32, 0, 0};
  return {load<std::uint8_t>(text) | load<std::uint8_t>(text + size / 2) << 8 |
              load<std::uint8_t>(text + size - 1) << 16,
          0, 0};
}

constexpr std::uint64_t every_byte(std::uint8_t byte) noexcept {
  return 0x0101010101010101U * byte;
}

// The case bits are left out: names that share a slot for that are told apart by the comparison.
constexpr unsigned slot_bits = 9;

constexpr std::size_t slot_of(const Words& words, std::uint64_t multiplier) noexcept {
  const std::uint64_t mixed = (words.first ^ std::rotl(words.last, 24)) & every_byte(0xdf);
  return static_cast<std::size_t>(mixed * multiplier >> (64 - slot_bits));
}

constexpr bool separates(std::uint64_t multiplier) noexcept {
  std::array<bool, 1 << slot_bits> taken{};
  for (std::size_t id = 1; id < names.size(); ++id) {
    const std::size_t slot = slot_of(words_of(names[id]), multiplier);
    if (taken[slot]) return false;
    taken[slot] = true;
  }
  return true;
}

// Found when compiling, so that a new name needs no other change here.
constexpr std::uint64_t multiplier = [] {
  std::uint64_t candidate = 0x9e3779b97f4a7c15U;
  while (!separates(candidate))
    candidate = candidate * 6364136223846793005U + 1442695040888963407U;
  return candidate;
}();

/// Everywhere but in the case bit of letters.
constexpr std::uint64_t mask_of(std::uint64_t word) noexcept {
  std::uint64_t mask = ~std::uint64_t{0};
  for (unsigned shift = 0; shift < 64; shift += 8)
    if (const char byte = lower(static_cast<char>(word >> shift & 0xff));
        byte >= 'a' && byte <= 'z')
      mask &= ~(std::uint64_t{0x20} << shift);
  return mask;
}

struct Entry {
  Words words;  // with the case bits of letters cleared
  Words masks;
  std::size_t size = 0;
};

constexpr auto entries = [] {
  std::array<Entry, names.size()> table{};
  for (std::size_t id = 1; id < names.size(); ++id) {
    const Words words = words_of(names[id]);
    const Words masks = {mask_of(words.first), mask_of(words.middle), mask_of(words.last)};
    table[id] = {{words.first & masks.first, words.middle & masks.middle, words.last & masks.last},
                 masks,
                 names[id].size()};
  }
  return table;
}();

static_assert([] {
  for (std::size_t id = 1; id < names.size(); ++id)
    if (names[id].empty() || names[id].size() > name_size_max) return false;
  return true;
}());

constexpr auto slots = [] {
  static_assert(names.size() <= 256);
  std::array<std::uint8_t, 1 << slot_bits> table{};
  for (std::size_t id = 1; id < names.size(); ++id)
    table[slot_of(words_of(names[id]), multiplier)] = static_cast<std::uint8_t>(id);
  return table;
}();

static_assert(
    [] {
      for (std::size_t id = 1; id < names.size(); ++id) {
        if (names[id].empty() || names[id].size() > name_size_max) return false;
        for (const char byte : names[id])
          if (!(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z') &&
              !(byte >= '0' && byte <= '9') && byte != '-')
            return false;
      }
      return true;
    }(),
    "the comparison knows the case bit by bit 6, which of these only letters have");

}  // namespace

HeaderId header_id(std::string_view name) noexcept {
  if (name.size() - 1 >= name_size_max) return HeaderId::other;
  const Words words = words_of(name);
  const std::uint8_t id = slots[slot_of(words, multiplier)];
  const Entry& entry = entries[id];
  const std::uint64_t different = ((words.first & entry.masks.first) ^ entry.words.first) |
                                  ((words.middle & entry.masks.middle) ^ entry.words.middle) |
                                  ((words.last & entry.masks.last) ^ entry.words.last) |
                                  (name.size() ^ entry.size);
  return different == 0 ? static_cast<HeaderId>(id) : HeaderId::other;
}

}  // namespace sluice::http
