#pragma once
// Blocks for coroutine frames, chunks and messages, from free lists of the calling thread. A block
// may be released on another thread; it then joins that thread's lists.

#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::memory {

/// Blocks of at least `aligned_min` bytes begin at a multiple of this.
inline constexpr std::size_t line_bytes = 64;
inline constexpr std::size_t aligned_min = 1025;

namespace detail {

// Reuse would hide a use after free from the sanitizer.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool pooled = false;
#else
inline constexpr bool pooled = true;
#endif
#endif

// Multiples of 16 up to 1 KiB, so that many idle connections waste little, then powers of two up to
// 256 KiB, each with 64 bytes for the owner's header, so that a chunk with 32 KiB of room does not
// take a block of 64 KiB.
inline constexpr std::size_t small_step = 16;
inline constexpr std::size_t small_max = 1024;
inline constexpr std::size_t small_classes = small_max / small_step;
inline constexpr std::size_t large_extra = line_bytes;
inline constexpr std::size_t large_min_bits = 11;
inline constexpr std::size_t large_max_bits = 18;
inline constexpr std::size_t classes = small_classes + large_max_bits - large_min_bits + 1;

constexpr std::size_t class_of(std::size_t size) noexcept {
  if (size <= small_max) return size == 0 ? 0 : (size - 1) / small_step;
  const std::size_t bits = static_cast<std::size_t>(std::bit_width(size - large_extra - 1));
  if (bits <= large_min_bits) return small_classes;
  return bits <= large_max_bits ? small_classes + bits - large_min_bits : classes;
}

constexpr std::size_t size_of(std::size_t index) noexcept {
  return index < small_classes
             ? (index + 1) * small_step
             : (std::size_t{1} << (index - small_classes + large_min_bits)) + large_extra;
}

struct Free {
  Free* next;
};

struct Lists {
  Free* head[classes];
  std::uint32_t room[classes];  ///< how many blocks may still be kept
  std::int64_t live;
};

// constinit: every access is one instruction, without a guard.
extern constinit thread_local Lists lists;

void* allocate_slow(std::size_t size, std::size_t index);
void release_slow(void* block) noexcept;

}  // namespace detail

/// Never null: running out of memory ends the process.
inline void* allocate(std::size_t size) {
  using namespace detail;
  lists.live += static_cast<std::int64_t>(size);
  const std::size_t index = class_of(size);
  if (pooled && index < classes) {
    if (Free* block = lists.head[index]) [[likely]] {
      lists.head[index] = block->next;
      ++lists.room[index];
      return block;
    }
  }
  return allocate_slow(size, index);
}

/// `size` is what allocate() was asked for.
inline void release(void* block, std::size_t size) noexcept {
  using namespace detail;
  if (block == nullptr) return;
  lists.live -= static_cast<std::int64_t>(size);
  if constexpr (pooled) {
    const std::size_t index = class_of(size);
    if (index < classes && lists.room[index] > 0) [[likely]] {
      auto* entry = static_cast<Free*>(block);
      entry->next = lists.head[index];
      lists.head[index] = entry;
      --lists.room[index];
      return;
    }
  }
  release_slow(block);
}

/// Bytes that this thread holds in blocks, without what its free lists keep, and in the kernel.
/// What a worker's budget is checked against.
inline std::int64_t live_bytes() noexcept {
  return detail::lists.live;
}

/// Bytes that the kernel may hold for this thread from now on, in a pipe; or no longer.
inline void count_in_kernel(std::int64_t bytes) noexcept {
  detail::lists.live += bytes;
}

/// Gives this thread's free blocks, and what all threads freed besides, back to the system. Takes
/// 0.3 ms for each MiB that was in use: not for workers that have work.
void trim() noexcept;

/// Base of objects that come and go with requests.
struct Pooled {
  static void* operator new(std::size_t size) { return allocate(size); }

  static void operator delete(void* object, std::size_t size) noexcept { release(object, size); }
};

}  // namespace sluice::memory
