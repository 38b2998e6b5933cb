#include "telemetry/json.h"

#include <algorithm>
#include <bit>
#include <charconv>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::telemetry {
namespace {

constexpr std::size_t capacity_min = 1024;
constexpr std::size_t step = 16;

// A byte becomes at most \u00xx, and a step is stored whole.
constexpr std::size_t escaped_size_max(std::size_t size) noexcept {
  return 6 * size + step;
}

#if defined(__SSE2__)

/// The first `size` bytes, the rest zero. Reads nothing beyond them. Precondition: size < 16.
__m128i load_part(const char* text, std::size_t size) noexcept {
  std::uint64_t low = 0, high = 0;
  if (size >= 8) {
    std::memcpy(&low, text, 8);
    std::memcpy(&high, text + size - 8, 8);
    high = size == 8 ? 0 : high >> (8 * (step - size));
  } else if (size >= 4) {
    std::uint32_t front = 0, back = 0;
    std::memcpy(&front, text, 4);
    std::memcpy(&back, text + size - 4, 4);
    low = front | (static_cast<std::uint64_t>(back) << (8 * (size - 4)));
  } else if (size > 0) {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
    };
    low = byte(0) | byte(size / 2) | byte(size - 1);
  }
  return _mm_set_epi64x(static_cast<std::int64_t>(high), static_cast<std::int64_t>(low));
}

/// One bit for each byte that JSON does not take as it is, or that is not ASCII.
unsigned special_bytes(__m128i bytes) noexcept {
  // Signed comparison: bytes of 0x80 and above count as below the space too.
  const __m128i below_space = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(below_space, _mm_or_si128(quote, slash))));
}

__m128i in_lower_case(__m128i bytes) noexcept {
  const __m128i capital = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('A' - 1)),
                                        _mm_cmplt_epi8(bytes, _mm_set1_epi8('Z' + 1)));
  return _mm_or_si128(bytes, _mm_and_si128(capital, _mm_set1_epi8(0x20)));
}

/// Copies bytes to `at` until one needs work; returns how many. Writes up to 15 bytes beyond.
template <bool Lower>
std::size_t copy_plain(char* at, std::string_view text) noexcept {
  std::size_t done = 0;
  for (;;) {
    const std::size_t size = std::min(text.size() - done, step);
    const char* from = text.data() + done;
    __m128i bytes = size == step ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(from))
                                 : load_part(from, size);
    const unsigned special = special_bytes(bytes) | (1U << size);
    if constexpr (Lower) bytes = in_lower_case(bytes);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at + done), bytes);
    const auto plain = static_cast<std::size_t>(std::countr_zero(special));
    done += plain;
    if (plain < step) return done;
  }
}

#else

template <bool Lower>
std::size_t copy_plain(char* at, std::string_view text) noexcept {
  std::size_t done = 0;
  for (; done < text.size(); ++done) {
    const auto byte = static_cast<unsigned char>(text[done]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
    at[done] = Lower && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : text[done];
  }
  return done;
}

#endif

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

char* put(char* at, std::string_view text) noexcept {
  return std::copy(text.begin(), text.end(), at);
}

char* put_escaped(char* at, unsigned char byte) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (byte) {
    case '"':
      return put(at, "\\\"");
    case '\\':
      return put(at, "\\\\");
    case '\n':
      return put(at, "\\n");
    case '\r':
      return put(at, "\\r");
    case '\t':
      return put(at, "\\t");
    default:
      at = put(at, "\\u00");
      *at++ = digits[byte >> 4];
      *at++ = digits[byte & 15];
      return at;
  }
}

/// Takes what needs work off the front of `text`, which is not empty.
char* put_special(char* at, std::string_view& text) noexcept {
  const auto byte = static_cast<unsigned char>(text[0]);
  const std::size_t size = byte < 0x80 ? 1 : sequence_size(text);
  if (byte < 0x80)
    at = put_escaped(at, byte);
  else
    at = put(at, size == 0 ? "\xef\xbf\xbd" : text.substr(0, size));
  text.remove_prefix(std::max<std::size_t>(size, 1));
  return at;
}

template <bool Lower>
char* put_text(char* at, std::string_view text) noexcept {
  for (;;) {
    const std::size_t plain = copy_plain<Lower>(at, text);
    at += plain;
    text.remove_prefix(plain);
    if (text.empty()) return at;
    at = put_special(at, text);
  }
}

}  // namespace

void JsonText::grow(std::size_t size) {
  const std::size_t capacity = std::max({capacity_min, 2 * capacity_, size_ + size});
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
  std::copy_n(bytes_.get(), size_, bytes.get());
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

JsonWriter& JsonWriter::text(std::initializer_list<std::string_view> parts) {
  std::size_t size = 3;
  for (const std::string_view part : parts)
    size += escaped_size_max(part.size());
  char* at = begin_piece(size);
  *at++ = '"';
  for (const std::string_view part : parts)
    at = put_text<false>(at, part);
  *at++ = '"';
  needs_comma_ = true;
  return end_piece(at);
}

JsonWriter& JsonWriter::foreign_key(std::string_view name) {
  text(name);
  out_ << ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::lower_key(std::string_view name) {
  char* at = begin_piece(4 + escaped_size_max(name.size()));
  *at++ = '"';
  at = put_text<true>(at, name);
  *at++ = '"';
  *at++ = ':';
  needs_comma_ = false;
  return end_piece(at);
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  constexpr std::size_t digits_max = 20;
  char* const at = begin_piece(1 + digits_max);
  needs_comma_ = true;
  if (value < 0 || value >= 10) return end_piece(std::to_chars(at, at + digits_max, value).ptr);
  *at = static_cast<char>('0' + value);
  return end_piece(at + 1);
}

}  // namespace sluice::telemetry
