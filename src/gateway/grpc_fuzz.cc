// Arbitrary bytes as grpc-timeout and as a message: a timeout is read exactly where the grammar has
// one, and a message that is encoded is visible, and is decoded to what it was.

#include <charconv>
#include <cstdlib>

#include "gateway/grpc.h"

namespace {

/// TimeoutValue of one to eight digits, and a unit
/// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
bool is_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return false;
  const std::string_view digits = text.substr(0, text.size() - 1);
  return digits.find_first_not_of("0123456789") == std::string_view::npos &&
         std::string_view("HMSmun").find(text.back()) != std::string_view::npos;
}

std::string decoded(std::string_view message) {
  std::string text;
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (message[i] < ' ' || message[i] > '~') std::abort();
    if (message[i] != '%') {
      text += message[i];
      continue;
    }
    unsigned value = 0;
    const char* const digits = message.data() + i + 1;
    if (i + 2 >= message.size() || std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2)
      std::abort();
    text += static_cast<char>(value);
    i += 2;
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (decoded(sluice::grpc_message(text)) != text) std::abort();

  sluice::http::Request request;
  request.http_major = 2;
  request.headers.set(sluice::http::HeaderId::content_type, "application/grpc");
  if (!request.headers.set("grpc-timeout", text)) return 0;
  const auto timeout = sluice::grpc_timeout(request);
  const auto value = request.headers.get("grpc-timeout");
  if (timeout.has_value() != (value && is_timeout(*value))) std::abort();
  if (timeout && (timeout->count() < 0 || *timeout > std::chrono::days(365))) std::abort();
  return 0;
}
