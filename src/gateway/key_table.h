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
  config::Uuid id;
  std::uint32_t consumer = 0;             ///< in Consumers
  std::optional<milliseconds> time_left;  ///< from when the configuration came into force
};

/// Filled once, then read by all workers. Hashed with a secret of the process; one hash and, at a
/// million keys, two cache misses a look-up.
class KeyTable {
 public:
  /// For up to `count` keys.
  explicit KeyTable(std::size_t count = 0);

  /// Precondition: the key is not in the table, and there is room.
  void add(std::string_view key, const KeyCredential& credential);
  /// Compares whole keys in constant time. The result lives as long as the table.
  const KeyCredential* find(std::string_view key) const noexcept;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t record = 0;  ///< in records_, from 1; 0: free
  };

  struct Record {
    KeyCredential credential;
    std::uint32_t key_size;
    char key_begin[36];      ///< a key of this size or less needs no further memory access
    std::uint32_t more = 0;  ///< in long_keys_, for a longer one
  };

  std::string_view key_of(const Record& record) const noexcept;

  std::vector<Slot> slots_;
  std::vector<Record> records_;
  std::vector<std::string> long_keys_;
};

/// Whether both are equal, in a time that depends on their sizes alone.
bool equal_in_constant_time(std::string_view left, std::string_view right) noexcept;

}  // namespace sluice
