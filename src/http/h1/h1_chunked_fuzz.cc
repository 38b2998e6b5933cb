// The chunked coding: how the bytes are cut must not matter, and the decoder claims nothing that it
// did not get.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/h1/chunked.h"
#include "http/text.h"

namespace {

using namespace sluice::http;
using namespace sluice::http::h1;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string decode(std::string_view input, std::uint32_t seed) {
  const Limits limits{.header_bytes = 300, .header_count = 5, .chunk_extension_bytes = 40};
  ChunkedDecoder decoder(limits);
  std::string body;
  std::size_t at = 0;
  while (at < input.size() && !decoder.finished()) {
    seed = seed * 1664525 + 1013904223;
    const std::size_t size = seed == 0 ? input.size() : 1 + (seed >> 24) % 9;
    const std::string_view piece = input.substr(at, size);
    const auto step = decoder.feed(piece);
    if (!step) return body + "|refused " + std::to_string(static_cast<int>(step.error().code));
    require(step->consumed > 0 && step->consumed <= piece.size());
    require(step->data_from + step->data_size <= step->consumed);
    body += piece.substr(step->data_from, step->data_size);
    at += step->consumed;
  }
  if (!decoder.finished()) return body + "|more";
  body += "|" + std::to_string(at);
  for (const Headers::Field& field : decoder.trailers().fields()) {
    require(is_token(field.name()) && all_are(field.value(), byte_class::value));
    require(field.id != HeaderId::transfer_encoding && field.id != HeaderId::content_length);
    body.append(field.name()).append(":").append(field.value()).append(";");
  }
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string expected = decode(input, 1);
  for (const std::uint32_t seed : {2U, 3U, 4U})
    require(decode(input, seed) == expected);

  // All at once, but for the stops at runs of body bytes.
  ChunkedDecoder decoder({.header_bytes = 300, .header_count = 5, .chunk_extension_bytes = 40});
  std::string body;
  for (std::size_t at = 0; at < size && !decoder.finished();) {
    const auto step = decoder.feed(input.substr(at));
    if (!step) break;
    body += input.substr(at + step->data_from, step->data_size);
    at += step->consumed;
  }
  require(expected.starts_with(body + "|"));
  return 0;
}
