// Where a head ends.

#include "http/h1/fields.h"
#include "http/h1/head.h"
#include "http/text.h"

namespace sluice::http::h1 {

Result<std::size_t> HeadScanner::scan(std::string_view buffer, const Limits& limits) {
  const char* begin = buffer.data();
  const char* end = begin + buffer.size();
  // A request line has at most one byte fewer than this; the exact limit on the target is the
  // parser's.
  const std::size_t line_max = std::size_t{limits.uri_bytes} + line_overhead_max;
  const char* at = begin + scanned_;
  for (;;) {
    const bool begins = !first_line_done_ && at != end && at == begin + line_begin_;
    if (begins && *at != '\r' && !is(*at, byte_class::token))
      return fail(ErrorCode::bad_request, "the first byte cannot begin a head");
    at = find_control(at, end);
    while (at != end && *at == '\t')
      at = find_control(at + 1, end);
    const auto position = static_cast<std::size_t>(at - begin);
    if (!first_line_done_ && position > line_max && line_max <= limits.header_bytes) {
      const std::string_view start = buffer.substr(line_begin_, method_bytes_max + 1);
      return start.find(' ') == std::string_view::npos
                 ? fail(ErrorCode::bad_request, "the method is too long")
                 : fail(ErrorCode::uri_too_long, "the first line is too long");
    }
    if (position > limits.header_bytes)
      return fail(ErrorCode::header_too_large, "the head is too long");
    scanned_ = position;
    if (at == end) return 0;
    if (*at != '\r') return fail(ErrorCode::bad_request, "a control byte in the head");
    if (at + 1 == end) return 0;
    if (at[1] != '\n') return fail(ErrorCode::bad_request, "a bare CR in the head");

    const bool empty = position == line_begin_;
    at += 2;
    scanned_ = line_begin_ = position + 2;
    if (!empty) {
      first_line_done_ = true;
    } else if (first_line_done_) {
      if (scanned_ > limits.header_bytes)
        return fail(ErrorCode::header_too_large, "the head is too long");
      return scanned_;
    } else if (position != 0) {
      return fail(ErrorCode::bad_request, "more than one empty line before the head");
    }
  }
}

}  // namespace sluice::http::h1
