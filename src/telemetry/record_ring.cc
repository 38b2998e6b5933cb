#include "telemetry/record_ring.h"

#include <bit>

namespace sluice::telemetry {

RecordRing::RecordRing(std::size_t capacity)
    : capacity_(std::bit_ceil(capacity)),
      bytes_(std::make_unique_for_overwrite<std::uint64_t[]>(capacity_ / sizeof(std::uint64_t))) {}

char* RecordRing::reserve(std::size_t size) noexcept {
  if (size > capacity_) return nullptr;
  const std::size_t whole = whole_size(size);
  std::size_t at = written_.load(std::memory_order_relaxed);
  const std::size_t to_end = capacity_ - (at & (capacity_ - 1));
  const std::size_t skipped = whole > to_end ? to_end : 0;
  if (capacity_ - (at - seen_read_) < skipped + whole) {
    seen_read_ = read_.load(std::memory_order_acquire);
    if (capacity_ - (at - seen_read_) < skipped + whole) return nullptr;
  }
  if (skipped != 0) std::memcpy(place_of(at), &rest_is_free, sizeof rest_is_free);
  at += skipped;
  next_written_ = at + whole;
  const std::uint64_t size_field = size;
  char* const place = place_of(at);
  std::memcpy(place, &size_field, sizeof size_field);
  return place + sizeof size_field;
}

}  // namespace sluice::telemetry
