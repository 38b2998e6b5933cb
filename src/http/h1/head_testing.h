#pragma once
// For tests of heads: reads them as a whole and in pieces, and sums up what came of it.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/h1/head.h"

namespace sluice::http::h1 {

/// The scanner's answer, which must not depend on how the bytes arrive.
inline Result<std::size_t> scan(std::string_view bytes, const Limits& limits = {}) {
  HeadScanner whole;
  auto at_once = whole.scan(bytes, limits);

  for (const std::size_t step : {1UZ, 2UZ, 7UZ, 16UZ, 33UZ}) {
    HeadScanner pieces;
    Result<std::size_t> result = 0;
    for (std::size_t size = step; result && *result == 0; size += step) {
      // A copy, so that the sanitizer sees each read beyond the end.
      const std::vector<char> buffer(bytes.begin(), bytes.begin() + std::min(size, bytes.size()));
      result = pieces.scan({buffer.data(), buffer.size()}, limits);
      if (size >= bytes.size()) break;
    }
    EXPECT_EQ(result.has_value(), at_once.has_value()) << bytes.substr(0, 200) << " by " << step;
    if (result && at_once) EXPECT_EQ(*result, *at_once) << bytes.substr(0, 200);
    if (!result && !at_once) EXPECT_EQ(result.error().code, at_once.error().code) << step;
  }
  return at_once;
}

inline Result<RequestHead> request(std::string_view bytes, const Limits& limits = {}) {
  TRY(const std::size_t size, scan(bytes, limits));
  if (size == 0) return fail(ErrorCode::closed, "incomplete");
  return parse_request(bytes.substr(0, size), limits);
}

inline Result<ResponseHead> response(std::string_view bytes, std::string_view method = "GET",
                                     const Limits& limits = {}) {
  TRY(const std::size_t size, scan(bytes, limits));
  if (size == 0) return fail(ErrorCode::closed, "incomplete");
  return parse_response(bytes.substr(0, size), method, limits);
}

inline std::string dump(const Headers& headers) {
  std::string text;
  for (const Headers::Field& field : headers.fields()) {
    EXPECT_EQ(field.id, header_id(field.name()));
    text.append(field.name()).append("=").append(field.value()).append(";");
  }
  return text;
}

/// "ok", or the status of the refusal.
std::string verdict(const auto& result) {
  return result ? "ok" : std::to_string(kind_of(result.error().code).status);
}

}  // namespace sluice::http::h1
