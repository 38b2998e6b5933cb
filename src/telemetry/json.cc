#include "telemetry/json.h"

#include <array>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::telemetry {
namespace {

/// Bytes from the front of `text` that JSON takes as they are; stops at the first that needs work,
/// also at non-ASCII.
std::size_t plain_size(std::string_view text) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  // Signed comparison: bytes of 0x80 and above count as below the space too.
  const __m128i space = _mm_set1_epi8(0x20), quote = _mm_set1_epi8('"'),
                slash = _mm_set1_epi8('\\');
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(bytes, space),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)));
    const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (mask != 0) return at + static_cast<std::size_t>(__builtin_ctz(mask));
  }
#endif
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
  }
  return at;
}

/// Size of the well-formed UTF-8 sequence at the front (RFC 3629 §4); 0 when there is none.
std::size_t sequence_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) > 0x8f;
    return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
  }
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (;;) {
    const std::size_t plain = plain_size(text);
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text[0]);
    if (byte < 0x80) {
      append_escaped(out, byte);
      text.remove_prefix(1);
      continue;
    }
    const std::size_t size = sequence_size(text);
    out.append(size == 0 ? "\xef\xbf\xbd" : text.substr(0, size));
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

}  // namespace sluice::telemetry
