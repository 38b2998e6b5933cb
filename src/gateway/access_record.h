#pragma once
// What the access log keeps of an exchange: bytes that a worker copies in a moment, and that know
// nothing of snapshots, so that another thread makes the line (access_line.h).

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gateway/record.h"
#include "http/header_id.h"

namespace sluice {

struct Exchange;

namespace http {
struct Response;
}

/// Fixed part of a record. Behind it come the tries, then the texts in the order of the
/// enumerators.
struct AccessRecord {
  enum class Text : std::uint8_t {
    raw_line,  ///< of what could not be parsed; then there is no method
    method,
    scheme,
    host,
    path,
    query,  ///< without secrets
    request_fields,
    response_fields,
    client_ip,
    tls_version,  ///< empty without TLS
    tls_cipher,
    certificate_problem,  ///< of the client's
    upstream_uri,
    route,  ///< members of the line's object, as JSON
    service,
    consumer_id,
    consumer_username,
    consumer_custom_id,
    credential_id,
    error_detail,
    count_,
  };

  struct Try {
    std::array<std::uint8_t, 16> ip;
    std::int64_t start;    ///< milliseconds since 1970
    std::int64_t latency;  ///< nanoseconds
    std::uint32_t scope;
    std::uint16_t port;
    Address::Family family;
    std::uint8_t error;
  };

  static constexpr std::uint8_t no_error = 0xff;

  std::array<char, 32> request_id;
  std::int64_t started_at;  ///< milliseconds since 1970
  std::int64_t whole;       ///< nanoseconds, as the next two
  std::int64_t waiting;
  std::int64_t receiving;
  std::uint64_t received;
  std::uint64_t sent;
  std::array<std::uint32_t, std::to_underlying(Text::count_)> sizes;
  std::uint32_t tries;
  std::uint16_t status;
  std::uint16_t upstream_status;
  Source source;
  std::uint8_t error;
  bool certificate_verified;  ///< the client's
  bool has_query;
  bool proxied;  ///< an upstream's answer: `waiting` and `receiving` count
};

static_assert(std::is_trivially_copyable_v<AccessRecord> &&
              std::is_trivially_copyable_v<AccessRecord::Try>);

/// One field of request_fields or response_fields. Behind it the name, of `other` names only, and
/// the value.
struct AccessField {
  std::uint32_t value_size;
  std::uint16_t name_size;
  http::HeaderId id;
  bool secret;  ///< there is no value
};

/// Keeps what the line says of the request's head, before it becomes the upstream's. Nothing where
/// there is no access log.
void keep_request_head(Exchange& exchange);

/// Keeps what the line says of the response's head, before the head is gone. Nothing where there is
/// no access log.
void keep_response_head(Exchange& exchange, const http::Response& response);

/// Hands the record to the access log, which takes or drops it; never waits.
void put_access_record(Exchange& exchange) noexcept;

}  // namespace sluice
