#pragma once
// Serves HTTP on an accepted stream: reads requests, asks a Handler, sends its answers.

#include <cstdint>

#include "http/h1/head.h"
#include "http/message.h"
#include "runtime/loop.h"
#include "runtime/stream.h"

namespace sluice::http {

/// Named in the configuration as gateway.limits and gateway.timeouts.
struct ServerSettings {
  h1::Limits limits;
  std::uint64_t body_bytes = 0;  ///< of one request body; 0 = no limit; 413 beyond
  std::uint32_t requests_per_connection = 10'000;
  std::uint32_t streams = 100;                 ///< of one HTTP/2 connection, at once
  std::uint32_t informational_responses = 10;  ///< of one exchange
  milliseconds header_timeout{10'000};         ///< whole head, from its first byte
  milliseconds body_idle_timeout{30'000};      ///< between two reads of a request body
  milliseconds keep_alive_timeout{60'000};     ///< idle between requests
  milliseconds write_idle_timeout{30'000};     ///< without a byte taken by the client
  milliseconds tunnel_idle_timeout{3'600'000};
  milliseconds linger_timeout{
      5'000};  ///< what a client still sends after a refusal is read and dropped
  std::uint64_t linger_bytes = 1 << 20;  ///< and at most this much of it
};

/// Serves until the client leaves, an error ends the connection, or `closing` is set and the
/// exchange in flight is over. `settings`, `handler` and `closing` outlive the task.
Task<Done> serve(Loop& loop, StreamPtr stream, const ServerSettings& settings, Handler& handler,
                 ClientPtr client, Event& closing);

/// The text of Date, renewed once a second (RFC 9110 §6.6.1).
std::string_view http_date(WallTime now);

}  // namespace sluice::http
