#pragma once
// A log-linear histogram of nanoseconds for the load generator: fixed memory, about 1.6 %
// precision, no allocation.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Counts values from 0 to 2^40 ns (18 minutes); larger ones are counted in the last bucket.
class Histogram {
 public:
  void add(std::int64_t nanoseconds) {
    counts_[index_of(nanoseconds < 0 ? 0 : static_cast<std::uint64_t>(nanoseconds))]++;
    total_++;
  }

  void clear() {
    counts_.fill(0);
    total_ = 0;
  }

  /// The lower end of the bucket in which the given share (0 to 1) of all values is reached; 0 when
  /// empty.
  std::int64_t quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < counts_.size(); index++) {
      seen += counts_[index];
      if (seen > wanted || (seen == total_ && seen != 0)) return value_of(index);
    }
    return 0;
  }

 private:
  // 64 buckets for each power of two: below 128 every value has its own.
  static constexpr std::size_t mantissa = 64;
  static constexpr std::size_t powers = 34;

  static std::size_t index_of(std::uint64_t value) {
    if (value < 2 * mantissa) return value;
    const auto shift = static_cast<std::size_t>(std::bit_width(value)) - 7;
    const std::size_t index = shift * mantissa + (value >> shift);
    return index < (powers + 1) * mantissa ? index : (powers + 1) * mantissa - 1;
  }

  static std::int64_t value_of(std::size_t index) {
    if (index < 2 * mantissa) return static_cast<std::int64_t>(index);
    const std::size_t shift = index / mantissa - 1;
    return static_cast<std::int64_t>((index - shift * mantissa) << shift);
  }

  std::array<std::uint64_t, (powers + 1) * mantissa> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace bench
