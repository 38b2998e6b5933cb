#pragma once
// A fast generator (xoshiro256**) for ids, jitter and simulated chance; never for secrets.

#include <array>
#include <bit>
#include <cstdint>

namespace sluice {

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) {  // splitmix64 spreads the seed
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      word = mixed ^ (mixed >> 31);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// 0 to bound - 1.
  std::uint64_t below(std::uint64_t bound) noexcept { return bound == 0 ? 0 : next() % bound; }

  /// True once in `odds` on average; never for 0.
  bool one_in(std::uint64_t odds) noexcept { return odds != 0 && below(odds) == 0; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace sluice
