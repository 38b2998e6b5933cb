#include "tls/record_buffers.h"

#include <array>
#include <cstdlib>

#include <malloc.h>
#include <openssl/crypto.h>

namespace sluice::tls {
namespace {

// A record's content is 16 KiB at most (RFC 8446 §5.1); header, tag and alignment are around it.
constexpr std::size_t buffer_min = 16 * 1024;
constexpr std::size_t buffer_max = 18 * 1024;

/// A thread's free buffers, the last one first: it is still in the cache.
struct Kept {
  std::array<void*, 8> buffers;
  std::size_t count;
  std::size_t room;
};

constinit thread_local Kept kept{};

/// Gives a thread's buffers back when it ends. What OpenSSL frees behind it is not kept any more.
struct Cleaner {
  bool armed = false;

  ~Cleaner() {
    while (kept.count > 0)
      std::free(kept.buffers[--kept.count]);
    kept.room = 0;
  }
};

thread_local Cleaner cleaner;

bool is_buffer(std::size_t size) noexcept {
  return size >= buffer_min && size <= buffer_max;
}

void* allocate(std::size_t size, const char*, int) {
  if (size == 0) return nullptr;
  if (is_buffer(size)) {
    if (kept.count > 0 && ::malloc_usable_size(kept.buffers[kept.count - 1]) >= size)
      return kept.buffers[--kept.count];
    if (!cleaner.armed) {
      cleaner.armed = true;
      kept.room = kept.buffers.size();
    }
  }
  return std::malloc(size);
}

void release(void* block, const char*, int) {
  if (block == nullptr) return;
  if (kept.count < kept.room && is_buffer(::malloc_usable_size(block)))
    kept.buffers[kept.count++] = block;
  else
    std::free(block);
}

void* reallocate(void* block, std::size_t size, const char*, int) {
  if (size > 0) return std::realloc(block, size);
  std::free(block);
  return nullptr;
}

}  // namespace

void keep_record_buffers() noexcept {
  CRYPTO_set_mem_functions(allocate, reallocate, release);
}

}  // namespace sluice::tls
