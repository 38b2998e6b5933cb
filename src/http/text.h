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

/// For one class.
constexpr bool all_are(std::string_view text, std::uint8_t one_class) noexcept {
  // Without a branch for each byte: nearly all texts are what they should be.
  std::uint8_t common = one_class;
  for (const char byte : text)
    common &= byte_classes[static_cast<unsigned char>(byte)];
  return common != 0;
}

constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && all_are(text, byte_class::token);
}

constexpr char lower(char byte) noexcept {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

constexpr bool has_capital(std::string_view text) noexcept {
  // Without a branch for each byte, as all_are().
  bool found = false;
  for (const char byte : text)
    found |= byte >= 'A' && byte <= 'Z';
  return found;
}

/// Precondition: `digit` is a hex digit.
constexpr unsigned hex_value(char digit) noexcept {
  return is(digit, byte_class::digit) ? static_cast<unsigned>(digit - '0')
                                      : static_cast<unsigned>(lower(digit) - 'a') + 10;
}

/// ASCII case only, as HTTP compares names and most keywords.
inline std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& byte : result)
    byte = lower(byte);
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

/// A content type of gRPC: application/grpc, with or without a suffix. gRPC-Web is another
/// protocol.
constexpr bool is_grpc_type(std::string_view content_type) noexcept {
  constexpr std::string_view type = "application/grpc";
  if (!starts_ignoring_case(content_type, type)) return false;
  const std::string_view rest = content_type.substr(type.size());
  return rest.empty() || rest[0] == '+' || rest[0] == ';' || rest[0] == ' ';
}

/// Bytes behind a text that padded scans may read. They are zero, and so end each scan.
inline constexpr std::size_t scan_padding = 16;

constexpr bool is_control(char byte) noexcept {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
}

/// Bytes that one scanning step looks at; masks have one bit for each.
inline constexpr std::size_t scan_bytes = 16;

#if defined(__SSE2__)

inline __m128i load_bytes(const char* at) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

inline unsigned to_mask(__m128i bytes) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(bytes));
}

/// Which of the bytes at `at` are control bytes (HTAB too).
inline unsigned control_mask(const char* at) noexcept {
  const __m128i bytes = load_bytes(at);
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  return to_mask(_mm_or_si128(low, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))));
}

/// Which of the 64 bytes at `at` are below SP.
inline std::uint64_t low_mask_of_64(const char* at) noexcept {
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < 64; i += 16) {
    const __m128i bytes = load_bytes(at + i);
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    mask |= std::uint64_t{to_mask(low)} << i;
  }
  return mask;
}

inline unsigned equal_mask(const char* at, char byte) noexcept {
  return to_mask(_mm_cmpeq_epi8(load_bytes(at), _mm_set1_epi8(byte)));
}

/// Which of the bytes at `at` are not of byte_class::target.
inline unsigned foreign_to_target_mask(const char* at) noexcept {
  const __m128i bytes = load_bytes(at);
  // The comparison is signed: non-ASCII bytes are negative.
  const __m128i visible = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(' '));
  const __m128i wrong = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)),
                                     _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('#')),
                                                  _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
  return to_mask(_mm_andnot_si128(wrong, visible)) ^ 0xffffU;
}

#else

inline unsigned mask_where(const char* at, auto&& predicate) noexcept {
  unsigned mask = 0;
  for (std::size_t i = 0; i < scan_bytes; ++i)
    if (predicate(at[i])) mask |= 1U << i;
  return mask;
}

inline unsigned control_mask(const char* at) noexcept {
  return mask_where(at, [](char byte) { return is_control(byte); });
}

inline std::uint64_t low_mask_of_64(const char* at) noexcept {
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < 64; i += scan_bytes)
    mask |= std::uint64_t{mask_where(
                at + i, [](char byte) { return static_cast<unsigned char>(byte) < 0x20; })}
            << i;
  return mask;
}

inline unsigned equal_mask(const char* at, char byte) noexcept {
  return mask_where(at, [byte](char other) { return other == byte; });
}

inline unsigned foreign_to_target_mask(const char* at) noexcept {
  return mask_where(at, [](char byte) { return !is(byte, byte_class::target); });
}

#endif

/// The first control byte (HTAB too) from `at` on. Precondition: the text is padded (scan_padding).
inline const char* find_control(const char* at) noexcept {
  for (;; at += scan_bytes)
    if (const unsigned mask = control_mask(at)) return at + std::countr_zero(mask);
}

/// The first byte from `at` on that is not of byte_class::target. Precondition: the text is padded.
inline const char* find_target_end(const char* at) noexcept {
  for (;; at += scan_bytes)
    if (const unsigned mask = foreign_to_target_mask(at)) return at + std::countr_zero(mask);
}

/// The first `byte` in [at, end), or some place at or behind `end`. Precondition: the text is
/// padded.
inline const char* find_byte(const char* at, const char* end, char byte) noexcept {
  for (; at < end; at += scan_bytes)
    if (const unsigned mask = equal_mask(at, byte)) return at + std::countr_zero(mask);
  return at;
}

}  // namespace sluice::http
