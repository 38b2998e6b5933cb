#pragma once
// Messages of DNS (RFC 1035) as bytes: one question out, its answer in. Pure; c-ares knows the
// records.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chunk.h"
#include "base/error.h"
#include "base/time.h"
#include "runtime/address.h"
#include "runtime/dns_type.h"

namespace sluice {

enum class DnsRcode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  no_such_name = 3,
  not_implemented = 4,
  refused = 5,
};

/// A record of RFC 2782.
struct DnsService {
  std::string target;  ///< without the dot at the end; empty: decidedly no such service here
  std::uint16_t port = 0;
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
};

struct DnsAnswer {
  DnsRcode rcode = DnsRcode::no_error;
  bool truncated = false;          ///< the rest is empty then: ask again over TCP
  std::vector<Address> addresses;  ///< of A or AAAA, port 0; 64 at most
  /// Of SRV: the first 64, by priority, then by all else that they say, since servers turn equal
  /// ones around.
  std::vector<DnsService> services;
  /// The least of its records. Of an answer without the records asked for: the zone's negative one
  /// (RFC 2308 §5), if it says so.
  std::optional<seconds> ttl;
};

/// Whether the question offers 1,232 bytes for the answer (RFC 6891; DNS flag day 2020) or the old
/// 512.
enum class DnsExtension : std::uint8_t { offered, none };

/// Precondition: is_dns_name(name). Error(name_resolution_failed).
Result<Chunk> encode_question(std::string_view name, DnsType type, std::uint16_t id,
                              DnsExtension extension);

/// True for the answer to exactly this question: same id, same question section but for letter
/// case. Anybody can send a datagram to our port, so that all others are ignored (RFC 5452 §9.1).
bool is_answer_to(std::string_view message, std::string_view question) noexcept;

/// What the answer says of records of `type`. Error(name_resolution_failed) when it is malformed.
/// Any bytes are safe.
Result<DnsAnswer> decode_answer(std::string_view message, DnsType type);

}  // namespace sluice
