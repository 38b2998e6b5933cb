// Response heads: no input may crash, and a head that was accepted frames its body in one way only.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/h1/head.h"
#include "http/text.h"

namespace {

using namespace sluice::http;
using namespace sluice::http::h1;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string written(const ResponseHead& head) {
  std::string text = head.version == Version::http_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ";
  text += std::to_string(head.status) + " \r\n";
  if (head.framing.kind == Framing::Kind::chunked) text += "Transfer-Encoding: chunked\r\n";
  if (head.framing.kind == Framing::Kind::length)
    text += "Content-Length: " + std::to_string(head.framing.length) + "\r\n";
  for (const Headers::Field& field : head.headers.fields())
    text.append(field.name()).append(": ").append(field.value()).append("\r\n");
  return text + "\r\n";
}

void check(std::string_view input, std::string_view method) {
  const Limits limits{.uri_bytes = 200, .header_bytes = 1000, .header_count = 12};
  (void)parse_response(input, method, limits);
  HeadScanner scanner;
  const auto measured = scanner.scan(input, limits);
  if (!measured || *measured == 0) return;
  const auto head = parse_response(input.substr(0, *measured), method, limits);
  if (!head) {
    require(head.error().code == sluice::ErrorCode::invalid_response);
    return;
  }
  require(head->status >= 100 && head->status <= 599);
  const bool may_have_body =
      method != "HEAD" && head->status >= 200 && head->status != 204 && head->status != 304;
  require(may_have_body || head->framing.kind == Framing::Kind::none);
  require(head->framing.kind != Framing::Kind::until_close || !head->keep_alive);
  for (const Headers::Field& field : head->headers.fields())
    require(is_token(field.name()) && all_are(field.value(), byte_class::value));

  const std::string text = written(*head);
  const auto again = parse_response(text, method, {});
  require(again.has_value() && written(*again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input, "GET");
  check(input, "HEAD");
  return 0;
}
