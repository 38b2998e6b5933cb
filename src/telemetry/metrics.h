#pragma once
// Counters of one worker: written by it alone, read by anybody.

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#include "base/error.h"

namespace sluice::telemetry {

/// One writer: an ordinary addition, visible to readers.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  void subtract(std::uint64_t amount = 1) noexcept { add(~amount + 1); }

  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }

  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

struct WorkerMetrics {
  Counter connections_accepted;
  Counter connections_active;
  Counter connections_made_room;  ///< idle ones that were closed for new ones
  Counter tls_handshakes;
  Counter tls_handshakes_resumed;
  Counter tls_handshakes_failed;
  Counter requests;
  std::array<Counter, 6> responses_by_class;  ///< index = status / 100; 0: none left
  Counter bytes_received;
  Counter bytes_sent;
  Counter log_lines_dropped;
  Counter upstream_connections_opened;
  Counter upstream_connections_reused;
  Counter upstream_connections_idle;
  Counter memory_bytes;  ///< live blocks of the worker
  std::array<Counter, std::to_underlying(ErrorCode::count_)> errors;
};

}  // namespace sluice::telemetry
