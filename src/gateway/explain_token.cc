#include "gateway/explain_token.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace sluice {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
// A longer text is no token: nobody's time is spent on it.
constexpr std::size_t token_bytes_max = 1024;

std::string encoded(std::string_view bytes) {
  std::string text;
  std::uint32_t buffer = 0;
  unsigned bits = 0;
  for (const char byte : bytes) {
    buffer = buffer << 8 | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6; bits -= 6)
      text += alphabet[buffer >> (bits - 6) & 63];
  }
  if (bits > 0) text += alphabet[buffer << (6 - bits) & 63];
  return text;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string bytes;
  std::uint32_t buffer = 0;
  unsigned bits = 0;
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    buffer = buffer << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(buffer >> bits & 255);
  }
  return bytes;
}

/// Of the text before the last dot. Empty where the library fails: then nothing is accepted.
std::string signature_of(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), mac.data(),
           &size) == nullptr)
    return {};
  return encoded({reinterpret_cast<const char*>(mac.data()), size});
}

}  // namespace

std::string make_explain_token(std::string_view key, WallTime expires_at, std::string_view route) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(expires_at.time_since_epoch());
  const std::string text = std::to_string(seconds.count()) + "." + encoded(route);
  return text + "." + signature_of(key, text);
}

std::optional<ExplainToken> check_explain_token(std::string_view key, std::string_view token,
                                                WallTime now) {
  if (key.empty() || token.size() > token_bytes_max) return std::nullopt;
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const std::string wanted = signature_of(key, token.substr(0, last));
  const std::string_view given = token.substr(last + 1);
  if (wanted.empty() || given.size() != wanted.size() ||
      CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) != 0)
    return std::nullopt;
  std::int64_t expiry = 0;
  const std::string_view digits = token.substr(0, first);
  const char* const end = std::to_address(digits.end());
  const auto [stop, error] = std::from_chars(std::to_address(digits.begin()), end, expiry);
  if (error != std::errc() || stop != end) return std::nullopt;
  if (now >= WallTime(std::chrono::seconds(expiry))) return std::nullopt;
  auto route = decoded(token.substr(first + 1, last - first - 1));
  if (!route) return std::nullopt;
  return ExplainToken{*std::move(route)};
}

}  // namespace sluice
