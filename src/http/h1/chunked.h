#pragma once
// The chunked transfer coding (RFC 9112 §7.1), decoding: pure, incremental, strict.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/h1/head.h"
#include "http/headers.h"

namespace sluice::http::h1 {

class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const Limits& limits) : limits_(limits) {}

  struct Step {
    std::size_t consumed = 0;   ///< bytes of the input that are done with
    std::size_t data_from = 0;  ///< where in the input this step's body bytes begin ...
    std::size_t data_size = 0;  ///< ... and how many they are; 0 when there were none
    bool finished =
        false;  ///< the last chunk and the trailer section were read; the rest is not ours
  };

  /// Goes on until one run of body bytes, the end of the body, or the end of the input. Errors:
  /// bad_request, or header_too_large for trailers over the limits; a decoder that failed goes on
  /// failing. How the bytes were cut into calls changes nothing but the cuts of the body. Forbidden
  /// trailer names (framing, routing, authentication: RFC 9110 §6.5.1) are dropped.
  Result<Step> feed(std::string_view input);

  bool finished() const noexcept { return state_ == State::finished; }

  /// The trailer fields; after the end.
  Headers& trailers() noexcept { return trailers_; }

 private:
  /// What the next byte is part of, or must be.
  enum class State : std::uint8_t {
    size_begin,       ///< the first digit of a chunk size
    size,             ///< another digit, an extension or CR
    extension_begin,  ///< behind ';'
    extension_name,
    extension_value_begin,  ///< behind '='
    extension_value,
    quoted,
    quoted_pair,  ///< behind a backslash
    quoted_end,   ///< behind the closing quote
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_begin,  ///< the first byte of a trailer line, or the CR of the last line
    trailer_line,
    trailer_lf,
    final_lf,
    finished,
    failed,
  };

  bool take(char byte);
  bool take_size(char byte);
  bool take_extension(char byte);
  bool take_trailer(char byte);
  bool end_trailers();
  bool refuse(const char* why, ErrorCode code = ErrorCode::bad_request) noexcept;

  Limits limits_;
  Headers trailers_;
  std::string trailer_text_;     ///< the trailer section so far
  std::uint64_t remaining_ = 0;  ///< of the chunk's data; its size while that is read
  std::uint32_t extension_bytes_ = 0;
  std::uint8_t size_digits_ = 0;
  State state_ = State::size_begin;
  ErrorCode code_ = ErrorCode::bad_request;
  const char* why_ = "";
};

}  // namespace sluice::http::h1
