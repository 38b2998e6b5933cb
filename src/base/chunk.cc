#include "base/chunk.h"

#include <algorithm>
#include <new>

#include "base/memory.h"

namespace sluice {
namespace {

// Blocks of this size begin at a cache line (base/memory.h).
constexpr std::size_t aligned_min = memory::aligned_min - memory::line_bytes;

}  // namespace

Chunk Chunk::with_room(std::size_t capacity, std::size_t headroom) {
  Chunk chunk;
  // The kernel copies faster to and from a whole cache line.
  if (capacity + headroom >= aligned_min) headroom += memory::line_bytes - sizeof(Block);
  void* memory = memory::allocate(sizeof(Block) + headroom + capacity);
  chunk.block_ = new (memory) Block{1, static_cast<std::uint32_t>(headroom + capacity)};
  chunk.data_ = chunk.block_->bytes() + headroom;
  return chunk;
}

Chunk Chunk::copy_of(std::string_view text) {
  Chunk chunk = with_room(text.size());
  chunk.append(text);
  return chunk;
}

Chunk Chunk::slice(std::size_t from, std::size_t size) const {
  Chunk part(*this);
  from = std::min(from, size_);
  part.data_ += from;
  part.size_ = std::min(size, size_ - from);
  return part;
}

void Chunk::drop() noexcept {
  // A sole owner needs no locked instruction: nobody else can copy from a chunk that only we hold.
  if (block_->owners.load(std::memory_order_acquire) != 1 &&
      block_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  const std::size_t size = sizeof(Block) + block_->capacity;
  block_->~Block();
  memory::release(block_, size);
}

}  // namespace sluice
