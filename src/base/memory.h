#pragma once
// Blocks for coroutine frames, chunks and messages, from free lists of the calling thread. A block may be
// released on another thread; it then joins that thread's lists.

#include <cstddef>
#include <cstdint>

namespace sluice::memory {

/// Never null: running out of memory ends the process.
void* allocate(std::size_t size);
/// `size` is what allocate() was asked for.
void release(void* block, std::size_t size) noexcept;

/// Bytes that this thread holds in blocks, without what its free lists keep. What a worker's budget is checked against.
std::int64_t live_bytes() noexcept;

/// Gives this thread's free blocks back to the system: after a burst, and for tests that look for leaks.
void trim() noexcept;

}  // namespace sluice::memory
