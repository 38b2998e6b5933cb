#pragma once
// Which consumer a secret key belongs to: an open-addressing table that a million keys do not slow
// down, and whose timing tells nothing about the keys in it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/uuid.h"

namespace sluice {

/// What a key proves.
struct KeyCredential {
  static constexpr milliseconds for_ever = milliseconds::max();

  config::Uuid id;
  std::uint32_t consumer = 0;         ///< in Consumers
  milliseconds time_left = for_ever;  ///< from when the configuration came into force
};

/// Filled once, then read by all workers. Hashed with a secret of the process; one hash and one
/// cache miss a look-up.
class KeyTable {
 public:
  /// For up to `count` keys.
  explicit KeyTable(std::size_t count = 0);

  /// Precondition: the key is not in the table, and there is room.
  void add(std::string_view key, const KeyCredential& credential);
  /// Compares whole keys in constant time.
  std::optional<KeyCredential> find(std::string_view key) const noexcept;

 private:
  /// One cache line, which has all of a credential whose key is not longer than most.
  struct alignas(64) Slot {
    config::Uuid id;
    std::uint32_t consumer = 0;
    std::uint32_t mark = 0;  ///< see mark_of(); 0: free
    milliseconds time_left{};
    char key[32] = {};  ///< or, for a longer one, its index in long_keys_
  };

  static_assert(sizeof(Slot) == 64);

  /// Nearly every look-up in a large table would miss the translation cache with small pages.
  template <class T>
  struct LargePages {
    using value_type = T;  // NOLINT(readability-identifier-naming): the library's name
    LargePages() = default;

    template <class Other>
    LargePages(const LargePages<Other>&) noexcept {}  // NOLINT(google-explicit-constructor)

    T* allocate(std::size_t count) { return static_cast<T*>(allocate_large(count * sizeof(T))); }

    void deallocate(T* memory, std::size_t count) noexcept {
      release_large(memory, count * sizeof(T));
    }

    bool operator==(const LargePages&) const = default;
  };

  static void* allocate_large(std::size_t size);
  static void release_large(void* memory, std::size_t size) noexcept;
  static std::uint32_t mark_of(std::uint64_t hash, std::size_t size) noexcept;
  std::string_view key_of(const Slot& slot, std::size_t size) const noexcept;

  std::vector<Slot, LargePages<Slot>> slots_;
  std::vector<std::string> long_keys_;
};

/// Whether both are equal, in a time that depends on their sizes alone.
bool equal_in_constant_time(std::string_view left, std::string_view right) noexcept;

}  // namespace sluice
