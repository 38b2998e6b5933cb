#include "base/memory.h"

#include <array>
#include <bit>
#include <cstdlib>

namespace sluice::memory {
namespace {

// Reuse would hide a use after free from the sanitizer.
#if defined(__has_feature) && __has_feature(address_sanitizer)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif

// Multiples of 64 up to 1 KiB, then powers of two up to 256 KiB, each with 64 bytes for the owner's header, so
// that a chunk with 32 KiB of room does not take a block of 64 KiB.
constexpr std::size_t small_step = 64;
constexpr std::size_t small_max = 1024;
constexpr std::size_t small_classes = small_max / small_step;
constexpr std::size_t large_extra = 64;
constexpr std::size_t large_min_bits = 11;
constexpr std::size_t large_max_bits = 18;
constexpr std::size_t classes = small_classes + large_max_bits - large_min_bits + 1;
// What one thread keeps free in each class: enough for a burst, little enough to forget.
constexpr std::size_t kept_bytes_max = 1 << 20;

struct Free {
  Free* next;
};

struct Lists {
  std::array<Free*, classes> head{};
  std::array<std::uint32_t, classes> kept{};
  std::int64_t live = 0;

  ~Lists() { clear(); }

  void clear() noexcept {
    for (std::size_t i = 0; i < classes; ++i) {
      while (Free* block = head[i]) {
        head[i] = block->next;
        std::free(block);
      }
      kept[i] = 0;
    }
  }
};

thread_local Lists lists;

std::size_t class_of(std::size_t size) noexcept {
  if (size <= small_max) return size == 0 ? 0 : (size - 1) / small_step;
  const std::size_t bits = std::bit_width(size - large_extra - 1);
  if (bits <= large_min_bits) return small_classes;
  return bits <= large_max_bits ? small_classes + bits - large_min_bits : classes;
}

std::size_t size_of(std::size_t index) noexcept {
  return index < small_classes ? (index + 1) * small_step
                               : (std::size_t{1} << (index - small_classes + large_min_bits)) + large_extra;
}

void* take(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) std::abort();
  return block;
}

}  // namespace

void* allocate(std::size_t size) {
  lists.live += static_cast<std::int64_t>(size);
  const std::size_t index = class_of(size);
  if (!pooled || index >= classes) return take(size);
  if (Free* block = lists.head[index]) {
    lists.head[index] = block->next;
    --lists.kept[index];
    return block;
  }
  return take(size_of(index));
}

void release(void* block, std::size_t size) noexcept {
  if (block == nullptr) return;
  lists.live -= static_cast<std::int64_t>(size);
  const std::size_t index = class_of(size);
  if (pooled && index < classes && lists.kept[index] < 4 + kept_bytes_max / size_of(index)) {
    auto* entry = static_cast<Free*>(block);
    entry->next = lists.head[index];
    lists.head[index] = entry;
    ++lists.kept[index];
    return;
  }
  std::free(block);
}

std::int64_t live_bytes() noexcept { return lists.live; }

void trim() noexcept { lists.clear(); }

}  // namespace sluice::memory
