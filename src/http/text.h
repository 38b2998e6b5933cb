#pragma once
// Bytes of HTTP messages: which may stand where, and the scans and comparisons that every parser
// needs.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::http {

/// Classes of bytes, as bits of byte_classes.
namespace byte_class {
inline constexpr std::uint8_t token = 1;      ///< tchar, RFC 9110 §5.6.2
inline constexpr std::uint8_t value = 2;      ///< field-content with SP and HTAB, RFC 9110 §5.5
inline constexpr std::uint8_t target = 4;     ///< see h1/head.h for what a request target may hold
inline constexpr std::uint8_t host = 8;       ///< unreserved, RFC 3986 §2.3
inline constexpr std::uint8_t path = 16;      ///< what escape_path() leaves alone
inline constexpr std::uint8_t reserved = 32;  ///< RFC 3986 §2.2, and '%'
inline constexpr std::uint8_t hex = 64;
inline constexpr std::uint8_t digit = 128;
}  // namespace byte_class

inline constexpr std::array<std::uint8_t, 256> byte_classes = [] {
  std::array<std::uint8_t, 256> table{};
  auto mark = [&](std::string_view bytes, unsigned bits) {
    for (const char byte : bytes) {
      auto& entry = table[static_cast<unsigned char>(byte)];
      entry = static_cast<std::uint8_t>(entry | bits);
    }
  };
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view digits = "0123456789";
  using namespace byte_class;
  mark(letters, token | host | path);
  mark(digits, token | host | path | hex | digit);
  mark("abcdefABCDEF", hex);
  mark("!#$%&'*+-.^_`|~", token);
  mark("-._~", host | path);
  mark("!$&'()*+,/:;=@[]%", path);
  mark("!*'();:@&=+$,/?%#[]", reserved);
  for (unsigned byte = 0x20; byte < 0x100; ++byte) {
    if (byte == 0x7f) continue;
    table[byte] |= value;
    if (byte > 0x20 && byte < 0x7f && byte != '#' && byte != '\\') table[byte] |= target;
  }
  table['\t'] |= value;
  return table;
}();

constexpr bool is(char byte, std::uint8_t classes) noexcept {
  return (byte_classes[static_cast<unsigned char>(byte)] & classes) != 0;
}

constexpr bool all_are(std::string_view text, std::uint8_t classes) noexcept {
  for (const char byte : text)
    if (!is(byte, classes)) return false;
  return true;
}

constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && all_are(text, byte_class::token);
}

constexpr char lower(char byte) noexcept {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

/// Precondition: `digit` is a hex digit.
constexpr unsigned hex_value(char digit) noexcept {
  return is(digit, byte_class::digit) ? static_cast<unsigned>(digit - '0')
                                      : static_cast<unsigned>(lower(digit) - 'a') + 10;
}

/// ASCII case only, as HTTP compares names and most keywords.
inline std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& byte : result) byte = lower(byte);
  return result;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

constexpr bool starts_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

constexpr bool is_space(char byte) noexcept {
  return byte == ' ' || byte == '\t';
}

/// Without the OWS (RFC 9110 §5.6.3) at both ends.
constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

/// Takes the next element of a comma-separated list (RFC 9110 §5.6.1) off `list`, trimmed; may be
/// empty. No quoted strings.
constexpr std::string_view next_element(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view element = list.substr(0, comma);
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return trim(element);
}

/// Bytes behind a text that padded scans may read, and must be zero.
inline constexpr std::size_t scan_padding = 16;

constexpr bool is_control(char byte) noexcept {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
}

#if defined(__SSE2__)
/// One bit for each of the 16 bytes at `at` that is a control byte (HTAB too).
inline unsigned control_mask(const char* at) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i highest = _mm_set1_epi8(0x1f);
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest), bytes);
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, del)));
}

inline unsigned equal_mask(const char* at, char byte) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte))));
}
#endif

/// The first control byte (HTAB too) in [at, end), or `end`.
inline const char* find_control(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16)
    if (const unsigned mask = control_mask(at)) return at + std::countr_zero(mask);
#endif
  while (at != end && !is_control(*at))
    ++at;
  return at;
}

/// The first control byte (HTAB too) from `at` on. Precondition: the text is padded (scan_padding).
inline const char* find_control_padded(const char* at) noexcept {
#if defined(__SSE2__)
  for (;; at += 16)
    if (const unsigned mask = control_mask(at)) return at + std::countr_zero(mask);
#else
  while (!is_control(*at))
    ++at;
  return at;
#endif
}

/// The first `byte` in [at, end), or some place at or behind `end`. Precondition: the text is
/// padded (scan_padding).
inline const char* find_padded(const char* at, const char* end, char byte) noexcept {
#if defined(__SSE2__)
  for (; at < end; at += 16)
    if (const unsigned mask = equal_mask(at, byte)) return at + std::countr_zero(mask);
#else
  while (at < end && *at != byte)
    ++at;
#endif
  return at;
}

}  // namespace sluice::http
