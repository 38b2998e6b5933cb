#include "base/memory.h"

#include <cstdlib>

#include <malloc.h>

namespace sluice::memory {
namespace detail {
namespace {

// What one thread keeps free in each class: enough for a burst, little enough to forget.
constexpr std::size_t kept_bytes_max = 1 << 20;

constexpr std::uint32_t room_of(std::size_t index) noexcept {
  return static_cast<std::uint32_t>(4 + kept_bytes_max / size_of(index));
}

constexpr std::size_t rounded(std::size_t size) noexcept {
  return (size + line_bytes - 1) & ~(line_bytes - 1);
}

/// Gives a thread's free blocks back when it ends. Touched where a thread first takes a block.
struct Cleaner {
  bool armed = false;

  ~Cleaner() {
    trim();
    for (auto& room : lists.room)
      room = 0;  // what is released later in the thread's end goes straight back
  }
};

thread_local Cleaner cleaner;

}  // namespace

constinit thread_local Lists lists{};

void* allocate_slow(std::size_t size, std::size_t index) {
  if (pooled && !cleaner.armed) {
    cleaner.armed = true;
    for (std::size_t i = 0; i < classes; ++i)
      lists.room[i] = room_of(i);
  }
  const std::size_t whole = pooled && index < classes ? size_of(index) : size;
  void* block =
      size < aligned_min ? std::malloc(whole) : std::aligned_alloc(line_bytes, rounded(whole));
  if (block == nullptr) std::abort();
  return block;
}

void release_slow(void* block) noexcept {
  std::free(block);
}

}  // namespace detail

void trim() noexcept {
  using namespace detail;
  for (std::size_t i = 0; i < classes; ++i) {
    while (Free* block = lists.head[i]) {
      lists.head[i] = block->next;
      ++lists.room[i];
      std::free(block);
    }
  }
  ::malloc_trim(0);
}

}  // namespace sluice::memory
