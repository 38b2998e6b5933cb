#pragma once
// Which records of DNS lead to an address.

#include <cstdint>

namespace sluice {

/// By their numbers (RFC 1035, 3596, 2782).
enum class DnsType : std::uint16_t { a = 1, aaaa = 28, srv = 33 };

}  // namespace sluice
