#pragma once
// One worker's connections to upstreams that wait for the next request: newest first, closed ones
// noticed.

#include <memory>
#include <string>
#include <unordered_map>

#include "http/h1/client_connection.h"
#include "runtime/address.h"
#include "runtime/scope.h"

namespace sluice::upstream {

/// Named in the configuration as gateway.upstream.
struct PoolSettings {
  std::uint32_t keepalive_pool_size = 512;        ///< idle connections to one address
  std::uint32_t keepalive_max_requests = 10'000;  ///< of one connection
  milliseconds keepalive_idle_timeout{60'000};
};

/// What the status page and the metrics show.
struct PoolCounts {
  std::uint64_t opened = 0;
  std::uint64_t reused = 0;
  std::uint64_t open = 0;
  std::uint64_t idle = 0;
};

/// Node state: outlives snapshots. A connection's key is all that makes it what it is; for plain
/// HTTP/1.1 that is its address.
class Pools {
 public:
  /// The settings outlive the pools and everything that they lease.
  Pools(Loop& loop, const PoolSettings& settings, const http::h1::ClientSettings& client_settings);
  ~Pools();

  /// An idle connection, or a new one. Error(connect_failed, connect_timeout).
  Task<Result<http::LeasePtr>> lease(const Address& address, TimePoint connect_by);
  PoolCounts counts() const noexcept;
  /// Closes all idle connections, and those that come back: for the drain.
  void close_idle() noexcept;

 private:
  class Pool;

  struct AddressHash {
    std::size_t operator()(const Address& address) const noexcept;
  };

  Pool& pool_for(const Address& address);
  Task<Result<http::LeasePtr>> connect(Pool& pool, const Address& address, TimePoint connect_by);
  Task<Done> sweep();

  Loop& loop_;
  const PoolSettings& settings_;
  const http::h1::ClientSettings& client_settings_;
  std::unordered_map<Address, std::shared_ptr<Pool>, AddressHash> pools_;
  WaitList work_for_sweeper_;
  Scope background_;
};

}  // namespace sluice::upstream
