#include "gateway/grpc.h"

#include <algorithm>
#include <charconv>

#include "http/text.h"

namespace sluice {
namespace {

constexpr std::string_view content_type = "application/grpc";

}  // namespace

bool is_grpc(const http::Request& request) {
  if (request.http_major != 2) return false;
  const auto type = request.headers.get(http::HeaderId::content_type);
  return type && http::is_grpc_type(*type);
}

std::optional<milliseconds> grpc_timeout(const http::Request& request) {
  if (request.http_major != 2) return std::nullopt;
  const auto text = request.headers.get("grpc-timeout");
  // At most eight digits and a unit.
  if (!text || text->size() < 2 || text->size() > 9 || !is_grpc(request)) return std::nullopt;
  std::uint32_t value = 0;
  const std::string_view digits = text->substr(0, text->size() - 1);
  const auto parsed = std::from_chars(digits.begin(), digits.end(), value);
  if (parsed.ec != std::errc() || parsed.ptr != digits.end()) return std::nullopt;
  using namespace std::chrono;
  // Longer than anything that this node waits for.
  const auto bounded = [](milliseconds wait) { return std::min<milliseconds>(wait, days(365)); };
  switch (text->back()) {
    case 'H':
      return bounded(hours(value));
    case 'M':
      return bounded(minutes(value));
    case 'S':
      return bounded(seconds(value));
    case 'm':
      return milliseconds(value);
    case 'u':
      return ceil<milliseconds>(microseconds(value));
    case 'n':
      return ceil<milliseconds>(nanoseconds(value));
    default:
      return std::nullopt;
  }
}

std::uint32_t grpc_status(std::uint16_t http_status) noexcept {
  struct Known {
    std::uint16_t http;
    std::uint32_t grpc;
  };

  static constexpr Known known[] = {
      {400, 3},                                  // INVALID_ARGUMENT
      {401, 16},                                 // UNAUTHENTICATED
      {403, 7},                                  // PERMISSION_DENIED
      {404, 5},                                  // NOT_FOUND
      {405, 12},                                 // UNIMPLEMENTED
      {408, 4},                                  // DEADLINE_EXCEEDED
      {409, 10},                                 // ABORTED
      {410, 5},  {412, 9},                       // FAILED_PRECONDITION
      {413, 8},                                  // RESOURCE_EXHAUSTED
      {416, 11},                                 // OUT_OF_RANGE
      {422, 3},  {429, 8},  {431, 8}, {499, 1},  // CANCELLED
      {501, 12}, {502, 14},                      // UNAVAILABLE
      {503, 14}, {504, 4},
  };
  for (const Known& each : known)
    if (each.http == http_status) return each.grpc;
  if (http_status / 100 == 2) return 0;  // OK
  return http_status >= 500 ? 13 : 2;    // INTERNAL, UNKNOWN
}

std::string grpc_message(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char byte : text) {
    if (byte >= ' ' && byte <= '~' && byte != '%') {
      encoded += byte;
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    encoded += '%';
    encoded += digits[value >> 4];
    encoded += digits[value & 15];
  }
  return encoded;
}

http::Response grpc_refusal(std::uint32_t status, std::string_view message) {
  http::Response response;
  response.headers.set(http::HeaderId::content_type, content_type);
  static_cast<void>(response.headers.set("grpc-status", std::to_string(status)));
  static_cast<void>(response.headers.set("grpc-message", grpc_message(message)));
  return response;
}

}  // namespace sluice
