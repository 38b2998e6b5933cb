#pragma once
// What one worker owns beside its loop: node state, which outlives snapshots, and the snapshot that
// new exchanges begin on.

#include <functional>
#include <memory>
#include <string>

#include "gateway/settings.h"
#include "gateway/snapshot.h"
#include "runtime/loop.h"
#include "runtime/resolver.h"
#include "telemetry/metrics.h"
#include "telemetry/record_ring.h"
#include "tls/server_context.h"
#include "upstream/balancer.h"
#include "upstream/pool.h"

namespace sluice {

/// Sees every exchange of a worker from both ends: `sluice explain`. A node has none.
class ExchangeObserver {
 public:
  virtual ~ExchangeObserver() = default;
  /// Route, or none, is known; no plugin ran yet.
  virtual void begun(Exchange& exchange) = 0;
  /// The head is as it will leave.
  virtual void answered(const Exchange& exchange, const http::Response& response) = 0;
};

struct WorkerState {
  WorkerState(Loop& its_loop, ResolverSettings resolver_settings)
      : loop(its_loop),
        pools(its_loop, pool, client),
        resolver(its_loop, std::move(resolver_settings)),
        tls(its_loop) {}

  Loop& loop;
  // Copies of the newest snapshot's settings, for connections, which outlive snapshots.
  http::ServerSettings server;
  http::h1::ClientSettings client;
  upstream::PoolSettings pool;

  upstream::Pools pools;
  upstream::Balancers balancers;
  Resolver resolver;
  tls::ServerContext tls;
  telemetry::WorkerMetrics metrics;
  WaitList idle_connections;  ///< of clients between requests, the longest idle first
  telemetry::RecordSink* access_log = nullptr;  ///< null where there is none; see access_record.h
  std::string id;                               ///< a UUID of this worker's life
  std::uint64_t sequence = 0;                   ///< of this worker, for whoever numbers
  ExchangeObserver* observer = nullptr;
  std::unique_ptr<Pin> pin;  ///< for new exchanges; null before the first snapshot
  /// Takes a snapshot that this worker is done with to where it may be freed.
  std::move_only_function<void(std::shared_ptr<const Snapshot>)> give_back;

  /// New exchanges begin on `snapshot`; those in flight end on theirs.
  void install(std::shared_ptr<const Snapshot> snapshot);
};

/// An exchange's share in a snapshot.
class PinRef {
 public:
  explicit PinRef(WorkerState& worker) : worker_(worker), pin_(worker.pin.get()) {
    ++pin_->exchanges;
  }

  PinRef(const PinRef&) = delete;
  PinRef& operator=(const PinRef&) = delete;
  ~PinRef();

  const Snapshot& operator*() const noexcept { return *pin_->snapshot; }

 private:
  WorkerState& worker_;
  Pin* pin_;
};

}  // namespace sluice
