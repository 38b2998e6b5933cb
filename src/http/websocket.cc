#include "http/websocket.h"

#include <array>
#include <cstring>
#include <span>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "http/text.h"

namespace sluice::http {
namespace {

constexpr std::string_view key_name = "sec-websocket-key";
constexpr std::string_view accept_name = "sec-websocket-accept";
constexpr std::string_view magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string base64(std::span<const unsigned char> bytes) {
  std::array<unsigned char, 64> text;
  const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

}  // namespace

bool is_websocket(std::string_view protocol) noexcept {
  return equal_ignoring_case(protocol, "websocket");
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += magic;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64(digest);
}

std::string websocket_key(std::uint64_t high, std::uint64_t low) {
  std::array<unsigned char, 16> bytes;
  std::memcpy(bytes.data(), &high, 8);
  std::memcpy(bytes.data() + 8, &low, 8);
  return base64(bytes);
}

bool is_accepted(const Headers& request, const Headers& response) {
  const auto key = request.get(key_name);
  if (!key) return true;
  const auto accept = response.get(accept_name);
  return accept && *accept == websocket_accept(*key);
}

}  // namespace sluice::http
