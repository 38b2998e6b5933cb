#pragma once
// One worker's connections to upstreams: HTTP/1.1 ones that wait for the next request, newest first
// and closed ones noticed, and HTTP/2 ones that carry many.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/h1/client_connection.h"
#include "runtime/address.h"
#include "runtime/scope.h"
#include "upstream/transport.h"

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

/// What one connection must be. Borrows everything.
struct Wanted {
  const Address& address;
  const Transport& transport;
  std::string_view name;  ///< whom its certificate must be for, and SNI; "" without TLS
  milliseconds connect_timeout{60'000};
  std::string_view preamble = {};  ///< what a connection begins with: a PROXY header
  bool upgrades = false;           ///< the request may turn it into a tunnel: HTTP/1.1 only
};

class Pool;

/// Node state: outlives snapshots. A connection's key is all that makes it what it is: its address,
/// and how it is spoken to.
class Pools {
 public:
  /// The settings outlive the pools and everything that they lease.
  Pools(Loop& loop, const PoolSettings& settings, const http::h1::ClientSettings& client_settings);
  ~Pools();

  /// A place for a request, on a connection that is there or on a new one.
  /// Error(connect_failed, connect_timeout, tls_failed).
  Task<Result<http::LeasePtr>> lease(const Wanted& wanted, TimePoint connect_by);
  PoolCounts counts() const noexcept;
  /// Closes all idle connections, and those that come back: for the drain.
  void close_idle() noexcept;

 private:
  friend class Pool;

  struct Key {
    Address address;
    std::string transport;
    std::string name;
    std::string preamble;
  };

  struct KeyView {
    const Address& address;
    std::string_view transport;
    std::string_view name;
    std::string_view preamble;
  };

  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(const KeyView& key) const noexcept;

    std::size_t operator()(const Key& key) const noexcept {
      return (*this)(KeyView{key.address, key.transport, key.name, key.preamble});
    }
  };

  struct KeyEqual {
    using is_transparent = void;

    bool operator()(const auto& a, const auto& b) const noexcept {
      return a.address == b.address && a.transport == b.transport && a.name == b.name &&
             a.preamble == b.preamble;
    }
  };

  Pool& pool_for(const Wanted& wanted);
  tls::ClientContext& context_for(const tls::ClientPolicyPtr& policy);
  Task<Done> sweep();

  Loop& loop_;
  const PoolSettings& settings_;
  const http::h1::ClientSettings& client_settings_;
  std::unordered_map<std::string, std::unique_ptr<tls::ClientContext>> contexts_;  ///< by policy
  WaitList work_for_sweeper_;  ///< told by pools, to their end
  std::unordered_map<Key, std::shared_ptr<Pool>, KeyHash, KeyEqual> pools_;
  PoolCounts forgotten_;  ///< what pools that are gone had opened and reused
  bool closed_ = false;
  Scope background_;  ///< the sweeper
  Scope drivers_;     ///< connections that are shared, and connects to them
};

}  // namespace sluice::upstream
