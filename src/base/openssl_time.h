#pragma once
// What certificates and responses of OCSP say of time, as the clock has it.

#include <cstdint>
#include <ctime>
#include <optional>

#include <openssl/asn1.h>

#include "base/time.h"

namespace sluice {

/// The clock's end where it is beyond it: what never expires does so in the year 9999 (RFC 5280
/// §4.1.2.5). Nothing for what is no time.
inline std::optional<WallTime> wall_time(const ASN1_TIME* time) noexcept {
  constexpr auto limit = std::chrono::floor<seconds>(WallTime::max()).time_since_epoch().count();
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  const std::int64_t since_1970 = timegm(&fields);
  if (since_1970 > limit) return WallTime::max();
  return since_1970 < -limit ? WallTime::min() : WallTime(seconds(since_1970));
}

}  // namespace sluice
