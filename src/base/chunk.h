#pragma once
// Bytes with shared ownership: the only thing that is handed to an engine, a cache, a mirror or
// another worker.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "base/inline_vector.h"

namespace sluice {

/// Immutable once shared; slices and further readers are cheap. Copies count atomically, so that a
/// chunk may be released on another thread.
class Chunk {
 public:
  Chunk() = default;

  Chunk(const Chunk& other) noexcept
      : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_ != nullptr) block_->owners.fetch_add(1, std::memory_order_relaxed);
  }

  Chunk(Chunk&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}

  Chunk& operator=(Chunk other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  ~Chunk() {
    if (block_ != nullptr) drop();
  }

  static Chunk copy_of(std::string_view text);
  /// Empty, with at least `capacity` bytes of room, and `headroom` bytes in front of it for
  /// prepend().
  static Chunk with_room(std::size_t capacity, std::size_t headroom = 0);

  /// Over text that lives as long as the process; nothing is copied.
  static Chunk of_static(std::string_view text) noexcept {
    Chunk chunk;
    chunk.data_ = const_cast<char*>(text.data());
    chunk.size_ = text.size();
    return chunk;
  }

  std::size_t size() const noexcept { return size_; }

  bool empty() const noexcept { return size_ == 0; }

  std::string_view text() const noexcept { return {data_, size_}; }

  /// Another owner of the bytes [from, from + size), cut to what is there.
  Chunk slice(std::size_t from, std::size_t size) const;

  void remove_prefix(std::size_t size) noexcept {
    data_ += size;
    size_ -= size;
  }

  void truncate(std::size_t size) noexcept { size_ = size; }

  bool same_block(const Chunk& other) const noexcept { return block_ == other.block_; }

  bool unique() const noexcept {
    return block_ != nullptr && block_->owners.load(std::memory_order_acquire) == 1;
  }

  /// The free bytes behind the content; empty while there is another owner.
  std::span<char> room() noexcept {
    return unique() ? std::span(data_ + size_, block_->bytes() + block_->capacity - data_ - size_)
                    : std::span<char>();
  }

  /// Counts `size` bytes that were written to room().
  void extend(std::size_t size) noexcept { size_ += size; }

  /// Copies to the room; precondition: it fits.
  void append(std::string_view text) noexcept {
    if (text.empty()) return;
    std::memcpy(data_ + size_, text.data(), text.size());
    size_ += text.size();
  }

  /// The free bytes in front of the content: headroom, and what remove_prefix() took away. None
  /// while there is another owner.
  std::size_t front_room() const noexcept {
    return unique() ? static_cast<std::size_t>(data_ - block_->bytes()) : 0;
  }

  /// Copies to the front; precondition: it fits.
  void prepend(std::string_view text) noexcept {
    data_ -= text.size();
    size_ += text.size();
    std::memcpy(data_, text.data(), text.size());
  }

  /// Bytes of memory that this chunk keeps alive.
  std::size_t footprint() const noexcept { return block_ == nullptr ? 0 : block_->capacity; }

 private:
  struct Block {
    std::atomic<std::uint32_t> owners;
    std::uint32_t capacity;

    char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  };

  void drop() noexcept;

  Block* block_ = nullptr;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// What one write sends: rarely more than a head and a body.
using Chunks = InlineVector<Chunk, 2>;

/// Adds `piece` to a list of chunks that may have to wait: as it is, or, where it is small or keeps
/// more than twice its size alive, as a copy. Returns how many bytes of memory that takes.
template <class List>
std::size_t add_waiting(List& list, Chunk piece) {
  constexpr std::size_t copied_below = 512;
  constexpr std::size_t room_least = 2048;
  const bool shares_block = !list.empty() && list.back().same_block(piece);
  if (piece.size() >= copied_below && (shares_block || 2 * piece.size() >= piece.footprint())) {
    const std::size_t more = sizeof(Chunk) + (shares_block ? 0 : piece.footprint());
    list.push_back(std::move(piece));
    return more;
  }
  std::size_t more = 0;
  if (list.empty() || list.back().room().size() < piece.size()) {
    list.push_back(Chunk::with_room(std::max(piece.size(), room_least)));
    more = sizeof(Chunk) + list.back().footprint();
  }
  list.back().append(piece.text());
  return more;
}

}  // namespace sluice
