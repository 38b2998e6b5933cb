// Identifiers from names, by SHA-1.

#include "config/uuid.h"

#include <algorithm>
#include <memory>

#include <openssl/evp.h>

namespace sluice::config {
namespace {

// Kong's namespace of entities that a declarative file leaves without an id.
constexpr std::string_view space_of_spaces = "fd02801f-0957-4a15-a55a-c8d9606f30b5";

constexpr int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

std::array<std::uint8_t, 20> sha1(std::string_view first, std::string_view second) {
  // Fetched once: the implicit fetch of every digest costs more than hashing a name.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(
      EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<std::uint8_t, 20> hash{};
  EVP_DigestInit_ex(digest.get(), algorithm, nullptr);
  EVP_DigestUpdate(digest.get(), first.data(), first.size());
  EVP_DigestUpdate(digest.get(), second.data(), second.size());
  EVP_DigestFinal_ex(digest.get(), hash.data(), nullptr);
  return hash;
}

}  // namespace

std::string Uuid::text() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 36> text;
  char* at = text.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = digits[bytes[i] >> 4];
    *at++ = digits[bytes[i] & 15];
  }
  return {text.data(), text.size()};
}

std::optional<Uuid> parse_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return {};
  Uuid uuid;
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      if (text[at++] != '-') return {};
    const int high = digit_of(text[at++]);
    const int low = digit_of(text[at++]);
    if (high < 0 || low < 0) return {};
    uuid.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return uuid;
}

Uuid uuid_v5(const Uuid& space, std::string_view name) {
  const std::string_view prefix(reinterpret_cast<const char*>(space.bytes.data()),
                                space.bytes.size());
  const auto hash = sha1(prefix, name);
  Uuid uuid;
  std::copy_n(hash.begin(), uuid.bytes.size(), uuid.bytes.begin());
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x50);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

std::string sha1_hex(std::string_view first, std::string_view second) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : sha1(first, second)) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Uuid entity_space(std::string_view kind) {
  static const Uuid space = parse_uuid(space_of_spaces).value_or(Uuid());
  return uuid_v5(space, kind);
}

Uuid entity_id(std::string_view kind, std::string_view key) {
  return uuid_v5(entity_space(kind), key);
}

}  // namespace sluice::config
