#include "http/h1/chunked.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "http/h1/fields.h"
#include "http/text.h"

namespace sluice::http::h1 {
namespace {

constexpr std::uint8_t size_digits_max = 16;

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::feed(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::finished) {
    if (state_ == State::data) {
      step.data_from = step.consumed;
      step.data_size = static_cast<std::size_t>(
          std::min<std::uint64_t>(remaining_, input.size() - step.consumed));
      step.consumed += step.data_size;
      remaining_ -= step.data_size;
      if (remaining_ == 0) state_ = State::data_cr;
      break;
    }
    if (!take(input[step.consumed])) {
      state_ = State::failed;
      return fail(code_, why_);
    }
    ++step.consumed;
  }
  step.finished = finished();
  return step;
}

bool ChunkedDecoder::take(char byte) {
  switch (state_) {
    case State::size_begin:
    case State::size:
      return take_size(byte);
    case State::size_lf:
      if (byte != '\n') return refuse("a bare CR behind a chunk size");
      size_digits_ = 0;
      state_ = remaining_ == 0 ? State::trailer_begin : State::data;
      return true;
    case State::data_cr:
      if (byte != '\r') return refuse("a chunk is longer than its size");
      state_ = State::data_lf;
      return true;
    case State::data_lf:
      if (byte != '\n') return refuse("a bare CR behind a chunk");
      state_ = State::size_begin;
      return true;
    case State::trailer_begin:
    case State::trailer_line:
    case State::trailer_lf:
    case State::final_lf:
      return take_trailer(byte);
    case State::failed:
      return false;
    default:
      return take_extension(byte);
  }
}

bool ChunkedDecoder::take_size(char byte) {
  if (is(byte, byte_class::hex)) {
    if (size_digits_ == size_digits_max) return refuse("a chunk size is too long");
    remaining_ = remaining_ << 4 | hex_value(byte);
    ++size_digits_;
    if (remaining_ > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return refuse("a chunk size is too large");
    state_ = State::size;
    return true;
  }
  if (state_ == State::size_begin) return refuse("a malformed chunk size");
  if (byte == '\r') {
    state_ = State::size_lf;
    return true;
  }
  if (byte != ';') return refuse("a malformed chunk size");
  return take_extension(byte);
}

/// RFC 9112 §7.1.1 without its "bad" whitespace. Extensions are checked and forgotten: none is
/// defined.
bool ChunkedDecoder::take_extension(char byte) {
  const bool ends = byte == '\r' || byte == ';';
  if (byte != '\r' && ++extension_bytes_ > limits_.chunk_extension_bytes)
    return refuse("the chunk extensions are too long");
  switch (state_) {
    case State::extension_begin:
      state_ = State::extension_name;
      return is(byte, byte_class::token) || refuse("a malformed chunk extension");
    case State::extension_value_begin:
      state_ = byte == '"' ? State::quoted : State::extension_value;
      return byte == '"' || is(byte, byte_class::token) || refuse("a malformed chunk extension");
    case State::quoted:
      if (byte == '"') state_ = State::quoted_end;
      if (byte == '\\') state_ = State::quoted_pair;
      return is(byte, byte_class::value) || refuse("a control byte in a chunk extension");
    case State::quoted_pair:
      state_ = State::quoted;
      return is(byte, byte_class::value) || refuse("a control byte in a chunk extension");
    case State::extension_name:
      if (byte == '=') {
        state_ = State::extension_value_begin;
        return true;
      }
      [[fallthrough]];
    case State::extension_value:
      if (!ends) return is(byte, byte_class::token) || refuse("a malformed chunk extension");
      break;
    default:  // behind the size, or behind a closing quote
      if (!ends) return refuse("a malformed chunk extension");
  }
  state_ = byte == '\r' ? State::size_lf : State::extension_begin;
  return true;
}

/// Collects the section; its fields are read when it is complete.
bool ChunkedDecoder::take_trailer(char byte) {
  trailer_text_.push_back(byte);
  if (trailer_text_.size() > limits_.header_bytes)
    return refuse("the trailers are too long", ErrorCode::header_too_large);
  switch (state_) {
    case State::trailer_begin:
      state_ = byte == '\r' ? State::final_lf : State::trailer_line;
      break;
    case State::trailer_line:
      if (byte == '\r') state_ = State::trailer_lf;
      break;
    case State::trailer_lf:
      state_ = State::trailer_begin;
      return byte == '\n' || refuse("a bare CR in the trailers");
    default:
      return byte == '\n' ? end_trailers() : refuse("a bare CR in the trailers");
  }
  return byte == '\r' || is(byte, byte_class::value) || refuse("a control byte in the trailers");
}

bool ChunkedDecoder::end_trailers() {
  state_ = State::finished;
  if (trailer_text_.size() == 2) return true;
  const std::string_view text = keep_padded(trailers_, trailer_text_);
  trailer_text_ = {};
  const char* end = text.data() + text.size();
  const char* at = text.data();
  FieldLine line;
  for (std::uint32_t count = 0; at != end - 2; ++count) {
    if (count == limits_.header_count)
      return refuse("too many trailer fields", ErrorCode::header_too_large);
    at = read_field(at, end, line);
    if (at == nullptr) return refuse("a malformed trailer field");
    if (!is_forbidden_trailer(line.name, line.id))
      Headers::Appender(trailers_).append(line.id, line.name, line.value);
  }
  return true;
}

bool ChunkedDecoder::refuse(const char* why, ErrorCode code) noexcept {
  why_ = why;
  code_ = code;
  return false;
}

}  // namespace sluice::http::h1
