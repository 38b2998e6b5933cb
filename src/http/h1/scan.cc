// Where a head ends.

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "http/h1/fields.h"
#include "http/h1/head.h"
#include "http/text.h"

namespace sluice::http::h1 {
namespace {

constexpr std::size_t block_bytes = 64;

/// Which of the first `left` bytes at `at`, where the buffer [begin, at + left) ends, are below SP;
/// at most 64 are looked at.
std::uint64_t low_mask(const char* begin, const char* at, std::size_t left) noexcept {
  if (left >= block_bytes) return low_mask_of_64(at);
  const char* end = at + left;
  if (static_cast<std::size_t>(end - begin) >= block_bytes)
    return low_mask_of_64(end - block_bytes) >> (block_bytes - left);
  std::array<char, block_bytes> copy;
  copy.fill(' ');
  std::memcpy(copy.data(), at, left);
  return low_mask_of_64(copy.data());
}

}  // namespace

Result<std::size_t> HeadScanner::scan(std::string_view buffer, const Limits& limits) {
  const char* begin = buffer.data();
  const std::size_t size = buffer.size();
  if (!may_begin(buffer)) return fail(ErrorCode::bad_request, "the first byte cannot begin a head");

  std::size_t size_max = unfinished_bytes_max(limits);
  for (std::size_t block = scanned_; block < size; block += block_bytes) {
    std::uint64_t mask = low_mask(begin, begin + block, size - block);
    for (; mask != 0; mask &= mask - 1) {
      const std::size_t at = block + static_cast<std::size_t>(std::countr_zero(mask));
      if (at < line_begin_) continue;  // the LF of a CRLF that the last block began
      if (begin[at] == '\t') continue;
      if (at > size_max) [[unlikely]]
        return too_long(buffer, limits);
      if (begin[at] != '\r') return fail(ErrorCode::bad_request, "a control byte in the head");
      if (at + 1 == size) {
        scanned_ = at;
        return 0;
      }
      if (begin[at + 1] != '\n') return fail(ErrorCode::bad_request, "a bare CR in the head");
      mask &= mask - 1;  // for the CR; the loop goes on behind the LF

      const bool empty = at == line_begin_;
      line_begin_ = at + 2;
      if (!empty) {
        first_line_done_ = true;
        size_max = limits.header_bytes;
      } else if (first_line_done_) {
        if (line_begin_ > size_max) return too_long(buffer, limits);
        return line_begin_;
      } else if (at != 0) {
        return fail(ErrorCode::bad_request, "more than one empty line before the head");
      } else if (!may_begin(buffer)) {
        return fail(ErrorCode::bad_request, "the first byte cannot begin a head");
      }
    }
  }
  if (size > size_max) return too_long(buffer, limits);
  scanned_ = size;
  return 0;
}

std::size_t complete_head_size(std::string_view buffer, const Limits& limits) noexcept {
  const std::string_view window = buffer.substr(0, limits.header_bytes);
#if defined(__SSE2__)
  // A CR with another one two bytes behind it: in a head, only its end has that.
  const __m128i line_end = _mm_set1_epi8('\r');
  const auto ends = [&](const char* place) {
    return _mm_and_si128(_mm_cmpeq_epi8(load_bytes(place), line_end),
                         _mm_cmpeq_epi8(load_bytes(place + 2), line_end));
  };
  std::size_t at = 0;
  for (; at + 34 <= window.size(); at += 32) {
    const __m128i low = ends(window.data() + at);
    const __m128i high = ends(window.data() + at + 16);
    if (to_mask(_mm_or_si128(low, high)) == 0) [[likely]]
      continue;
    for (unsigned mask = to_mask(low) | to_mask(high) << 16; mask != 0; mask &= mask - 1) {
      const std::size_t end = at + static_cast<std::size_t>(std::countr_zero(mask));
      // An empty line in front is the scanner's to judge: the end is behind some other byte.
      if (end != 0 && end + 4 <= window.size() &&
          std::memcmp(window.data() + end, "\r\n\r\n", 4) == 0)
        return end + 4;
    }
  }
  const std::size_t found = window.find("\r\n\r\n", at < 3 ? at : at - 3);
#else
  const std::size_t found = window.find("\r\n\r\n");
#endif
  return found == std::string_view::npos || found == 0 ? 0 : found + 4;
}

bool HeadScanner::may_begin(std::string_view buffer) const noexcept {
  if (first_line_done_ || line_begin_ >= buffer.size()) return true;
  return is(buffer[line_begin_], byte_class::token) || buffer[line_begin_] == '\r';
}

/// How large a head may be of which no end was seen. The exact limit on a target is the parser's.
std::size_t HeadScanner::unfinished_bytes_max(const Limits& limits) const noexcept {
  const std::size_t line_max = std::size_t{limits.uri_bytes} + line_overhead_max;
  return first_line_done_ ? limits.header_bytes
                          : std::min<std::size_t>(limits.header_bytes, line_max);
}

std::unexpected<Error> HeadScanner::too_long(std::string_view buffer, const Limits& limits) const {
  const std::size_t line_max = std::size_t{limits.uri_bytes} + line_overhead_max;
  if (first_line_done_ || line_max > limits.header_bytes)
    return fail(ErrorCode::header_too_large, "the head is too long");
  const std::string_view start = buffer.substr(line_begin_, method_bytes_max + 1);
  if (start.find(' ') == std::string_view::npos)
    return fail(ErrorCode::bad_request, "the method is too long");
  return fail(ErrorCode::uri_too_long, "the first line is too long");
}

}  // namespace sluice::http::h1
