#pragma once
// Records of bytes from one thread to another: what a worker says in a few copies, another thread
// makes text of.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace sluice::telemetry {

/// Takes records of one thread. Never blocks.
class RecordSink {
 public:
  /// Place for a record of `size` bytes, aligned for 64-bit numbers; null when it is dropped.
  virtual char* reserve(std::size_t size) noexcept = 0;
  /// Hands over what was written to the last reserve(); without it the place is free again.
  virtual void commit() noexcept = 0;

 protected:
  ~RecordSink() = default;
};

/// One writer, one reader, and a bound: what does not fit is not taken. Each record is in one
/// piece.
class RecordRing {
 public:
  /// Rounded up to a power of two. A record of up to half of it always fits once the ring is empty.
  explicit RecordRing(std::size_t capacity);

  // The writer's.
  char* reserve(std::size_t size) noexcept;

  void commit() noexcept {
    const std::size_t size = next_written_ - written_.load(std::memory_order_relaxed);
    written_.store(next_written_, std::memory_order_release);
    fetch_next(size);
  }

  /// Bytes that the reader has not taken when the writer looks.
  std::size_t used() const noexcept {
    return written_.load(std::memory_order_relaxed) - read_.load(std::memory_order_acquire);
  }

  /// The reader's: calls take(std::string_view) for each record that is there. Its bytes may be
  /// overwritten once the call returned.
  template <class Take>
  void drain(Take&& take) {
    const std::size_t written = written_.load(std::memory_order_acquire);
    std::size_t read = read_.load(std::memory_order_relaxed);
    while (read != written) {
      const char* at = place_of(read);
      std::uint64_t size;
      std::memcpy(&size, at, sizeof size);
      if (size == rest_is_free) {
        read += capacity_ - (read & (capacity_ - 1));
      } else {
        take(std::string_view(at + sizeof size, size));
        read += whole_size(size);
      }
      read_.store(read, std::memory_order_release);
    }
  }

 private:
  static constexpr std::uint64_t rest_is_free = ~std::uint64_t{0};

  /// Of a record with its size in front, aligned.
  static constexpr std::size_t whole_size(std::size_t size) noexcept {
    return sizeof(std::uint64_t) + ((size + 7) & ~std::size_t{7});
  }

  /// The reader's core has the lines of the next record: asked for now, they are here when it is
  /// written, instead of being waited for one after another.
  void fetch_next(std::size_t size) noexcept {
#if defined(__x86_64__)
    const char* const begin = place_of(next_written_);
    const char* const end = begin + std::min(size, fetched_max);
    for (const char* at = begin; at < end; at += 64)
      asm volatile("prefetchw %0" : : "m"(*at));
#endif
  }

  static constexpr std::size_t fetched_max = 2048;

  char* place_of(std::size_t position) noexcept {
    return reinterpret_cast<char*>(bytes_.get()) + (position & (capacity_ - 1));
  }

  std::size_t capacity_;
  std::unique_ptr<std::uint64_t[]> bytes_;
  alignas(64) std::atomic<std::size_t> written_ = 0;
  std::size_t next_written_ = 0;
  std::size_t seen_read_ = 0;  ///< read_ as the writer last saw it: nobody's cache line but its own
  alignas(64) std::atomic<std::size_t> read_ = 0;
};

}  // namespace sluice::telemetry
