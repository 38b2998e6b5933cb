#pragma once
// Texts to numbers, built once: one hash and nearly always one comparison, without a node for each.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Keys come from the configuration, so that no peer can make them collide.
class TextTable {
 public:
  static constexpr std::uint32_t absent = UINT32_MAX;

  bool empty() const noexcept { return keys_.empty(); }

  std::uint32_t find(std::string_view key) const noexcept {
    if (keys_.empty()) return absent;
    const std::uint64_t hash = hash_of(key);
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.key == absent) return absent;
      if (slot.hash == static_cast<std::uint32_t>(hash >> 32) && text_of(slot.key) == key)
        return keys_[slot.key].value;
    }
  }

  /// The value of `key`, which becomes `value` where the key is new.
  std::uint32_t insert(std::string_view key, std::uint32_t value) {
    if (const std::uint32_t found = find(key); found != absent) return found;
    if ((keys_.size() + 1) * 2 > slots_.size()) grow();
    keys_.push_back(
        {static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(key.size()), value});
    texts_ += key;
    place(static_cast<std::uint32_t>(keys_.size() - 1));
    return value;
  }

  void shrink() {
    keys_.shrink_to_fit();
    texts_.shrink_to_fit();
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t key = absent;
  };

  struct Key {
    std::uint32_t offset;
    std::uint32_t size;
    std::uint32_t value;
  };

  static std::uint64_t mix(std::uint64_t left, std::uint64_t right) noexcept {
    const auto product = static_cast<unsigned __int128>(left) * right;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  static std::uint64_t hash_of(std::string_view key) noexcept {
    std::uint64_t hash = key.size() + 0x9E3779B97F4A7C15U;
    const char* at = key.data();
    std::size_t left = key.size();
    std::uint64_t word = 0;
    for (; left >= 8; left -= 8, at += 8) {
      std::memcpy(&word, at, 8);
      hash = mix(hash ^ word, 0xD6E8FEB86659FD93U);
    }
    word = 0;
    for (; left > 0; --left, ++at)
      word = word << 8 | static_cast<unsigned char>(*at);
    return mix(hash ^ word, 0xA0761D6478BD642FU);
  }

  std::string_view text_of(std::uint32_t key) const noexcept {
    return {texts_.data() + keys_[key].offset, keys_[key].size};
  }

  void place(std::uint32_t key) {
    const std::uint64_t hash = hash_of(text_of(key));
    std::size_t at = hash & mask_;
    while (slots_[at].key != absent)
      at = (at + 1) & mask_;
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), key};
  }

  void grow() {
    slots_.assign(slots_.empty() ? 8 : slots_.size() * 2, Slot());
    mask_ = slots_.size() - 1;
    for (std::uint32_t key = 0; key < keys_.size(); ++key)
      place(key);
  }

  std::vector<Slot> slots_;  ///< a power of two of them, at least half of them free
  std::size_t mask_ = 0;
  std::vector<Key> keys_;
  std::string texts_;
};

}  // namespace sluice
