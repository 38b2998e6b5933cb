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
    std::size_t consumed = 0;     ///< bytes of the input that are done with
    std::size_t data_from = 0;    ///< where in the input this step's body bytes begin ...
    std::size_t data_size = 0;    ///< ... and how many they are; 0 when there were none
    bool finished = false;        ///< the last chunk and the trailer section were read; the rest is not ours
  };
  /// Goes on until one run of body bytes, the end of the body, or the end of the input. Errors: bad_request, or
  /// header_too_large for trailers over the limits. Forbidden trailer names (framing, routing, authentication: RFC 9110 §6.5.1)
  /// are dropped.
  Result<Step> feed(std::string_view input);
  bool finished() const noexcept;
  /// The trailer fields; after the end.
  Headers& trailers() noexcept { return trailers_; }

 private:
  Limits limits_;
  Headers trailers_;
  // the helper's own state
};

}  // namespace sluice::http::h1
