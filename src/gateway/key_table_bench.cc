// How long one look-up of a key takes among a million random ones, half of them unknown.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "gateway/key_table.h"
#include "runtime/random.h"

int main() {
  using namespace sluice;
  constexpr std::uint32_t count = 1'000'000;
  Random random(1);
  const auto random_key = [&] {
    std::string key(32, '0');
    for (char& byte : key)
      byte = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[random.below(64)];
    return key;
  };
  std::vector<std::string> asked;
  KeyTable table(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    asked.push_back(random_key());
    table.add(asked.back(), {{}, i});
  }
  for (std::size_t i = count; i > 1; --i)
    std::swap(asked[i - 1], asked[random.below(i)]);
  // In one block, as a request's key is where the request is: in the cache.
  std::string keys;
  for (const std::string& key : asked)
    keys += key;
  const auto begin = std::chrono::steady_clock::now();
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i)
    found += table.find(std::string_view(keys).substr(i * 32, 32)).has_value();
  const auto hits = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i)
    keys[i * 32] = '~';
  const auto changed = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i)
    found += table.find(std::string_view(keys).substr(i * 32, 32)).has_value();
  const auto misses = std::chrono::steady_clock::now();
  const auto each = [](auto time) {
    return std::chrono::duration<double, std::nano>(time).count() / count;
  };
  std::printf("%zu found; known key %.0f ns, unknown key %.0f ns\n", found, each(hits - begin),
              each(misses - changed));
}
