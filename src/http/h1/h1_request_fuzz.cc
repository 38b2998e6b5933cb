// Request heads: no input may crash, how bytes arrive must not matter, and what was accepted must
// be accepted again when it is written the way the gateway writes it.

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

std::string written(const RequestHead& head) {
  std::string text(head.method);
  text.append(" ").append(head.method == "CONNECT" ? head.authority : head.target);
  text.append(head.version == Version::http_1_1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  if (!head.authority.empty()) text.append("Host: ").append(head.authority).append("\r\n");
  if (head.framing.kind == Framing::Kind::chunked) text += "Transfer-Encoding: chunked\r\n";
  if (head.framing.kind == Framing::Kind::length)
    text += "Content-Length: " + std::to_string(head.framing.length) + "\r\n";
  if (!head.upgrade.empty())
    text.append("Connection: upgrade\r\nUpgrade: ").append(head.upgrade).append("\r\n");
  for (const Headers::Field& field : head.headers.fields())
    text.append(field.name()).append(": ").append(field.value()).append("\r\n");
  return text + "\r\n";
}

void check_fields(const Headers& headers) {
  for (const Headers::Field& field : headers.fields()) {
    require(is_token(field.name()) && all_are(field.value(), byte_class::value));
    require(trim(field.value()) == field.value());
    require(field.id == header_id(field.name()));
    require(field.id != HeaderId::connection && field.id != HeaderId::content_length &&
            field.id != HeaderId::transfer_encoding && field.id != HeaderId::host);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Limits limits{.uri_bytes = 200, .header_bytes = 1000, .header_count = 12};

  // Never scanned, and never to crash.
  (void)parse_request(input, limits);

  HeadScanner whole;
  const auto measured = whole.scan(input, limits);
  HeadScanner pieces;
  sluice::Result<std::size_t> in_pieces = 0;
  for (std::size_t have = 1; have <= size && in_pieces && *in_pieces == 0; have += 1 + have % 3)
    in_pieces = pieces.scan(input.substr(0, have), limits);
  if (in_pieces && *in_pieces == 0) in_pieces = pieces.scan(input, limits);
  require(in_pieces.has_value() == measured.has_value());
  if (!measured) {
    require(in_pieces.error().code == measured.error().code);
    return 0;
  }
  require(*in_pieces == *measured);
  if (*measured == 0) return 0;

  const auto head = parse_request(input.substr(0, *measured), limits);
  if (!head) return 0;
  check_fields(head->headers);
  require(is_token(head->method) && head->target.size() <= limits.uri_bytes + 1);
  require(head->target.empty() == (head->method == "CONNECT"));
  require(head->authority.find_first_of(",@/ \t") == std::string_view::npos);

  const std::string text = written(*head);
  const Limits wide{.uri_bytes = 300, .header_bytes = 4000, .header_count = 20};
  HeadScanner scanner;
  const auto again_size = scanner.scan(text, wide);
  require(again_size && *again_size == text.size());
  const auto again = parse_request(text, wide);
  require(again.has_value() && written(*again) == text);
  return 0;
}
