#pragma once
// SipHash-1-3 (Aumasson and Bernstein, 2012): a hash that who does not know the key cannot steer
// into collisions.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

struct SipKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

inline std::uint64_t sip_hash(const SipKey& key, std::string_view text) noexcept {
  std::uint64_t a = key.first ^ 0x736f6d6570736575;
  std::uint64_t b = key.second ^ 0x646f72616e646f6d;
  std::uint64_t c = key.first ^ 0x6c7967656e657261;
  std::uint64_t d = key.second ^ 0x7465646279746573;
  const auto mix = [&] {
    a += b;
    c += d;
    b = std::rotl(b, 13) ^ a;
    d = std::rotl(d, 16) ^ c;
    a = std::rotl(a, 32);
    c += b;
    a += d;
    b = std::rotl(b, 17) ^ c;
    d = std::rotl(d, 21) ^ a;
    c = std::rotl(c, 32);
  };
  const auto take = [&](std::uint64_t word) {
    d ^= word;
    mix();
    a ^= word;
  };
  std::uint64_t last = std::uint64_t{text.size()} << 56;
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    take(word);
  }
  for (std::size_t i = 0; i < text.size(); ++i)
    last |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  take(last);
  c ^= 0xff;
  mix();
  mix();
  mix();
  return a ^ b ^ c ^ d;
}

}  // namespace sluice
