#pragma once
// What is known of an exchange when it is over: access log, metrics and plugins read it. Filled to
// the very end.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/inline_vector.h"
#include "base/time.h"
#include "runtime/address.h"

namespace sluice {

/// Who made the response.
enum class Source : std::uint8_t { upstream, plugin, gateway };

/// One attempt at a target.
struct Try {
  Address address;
  WallTime balancer_start;
  nanoseconds balancer_latency{0};
  std::optional<ErrorCode> error;
};

struct Record {
  std::array<char, 32> request_id_text{};  ///< lower-case hex
  WallTime started_at;
  std::uint16_t status = 0;           ///< of the answer; 499 when the client left before it
  std::uint16_t upstream_status = 0;  ///< 0: no upstream answered
  Source source = Source::gateway;
  std::optional<ErrorCode> error;  ///< what went wrong, also after the head had left
  std::string error_detail;
  std::string_view upstream_uri;  ///< kept by the request
  TimePoint upstream_sent_at{};   ///< the last attempt's
  TimePoint upstream_head_at{};
  TimePoint upstream_end_at{};
  TimePoint ended_at{};
  InlineVector<Try, 1> tries;
  std::string_view request_fields;   ///< before the gateway's own were added; see access_record.h
  std::string_view response_fields;  ///< once the response left

  std::string_view request_id() const noexcept {
    return {request_id_text.data(), request_id_text.size()};
  }
};

}  // namespace sluice
