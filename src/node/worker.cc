#include "node/worker.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/memory.h"
#include "base/thread_name.h"
#include "runtime/engine/epoll.h"

namespace sluice {
namespace {

/// Memory that a rush or a flood left is given back once it is over: after some seconds in which
/// much less was in use than before, at a moment without requests. That takes 0.3 ms for each MiB
/// which was in use, and the worker does nothing else meanwhile: behind a larger rush memory stays
/// with malloc, for the next one.
class MemoryReturn {
 public:
  void look(TimePoint now, std::int64_t in_use, std::uint64_t requests) noexcept {
    high_ = std::max(high_, in_use);
    const bool is_idle = requests == std::exchange(requests_, requests);
    if (is_idle && std::exchange(owes_, false)) memory::trim();
    if (now < window_end_) return;
    const std::int64_t before = std::exchange(high_before_, std::exchange(high_, in_use));
    owes_ = owes_ || (high_before_ < before - worth && before <= trimmed_max);
    window_end_ = now + window;
  }

 private:
  static constexpr seconds window{5};
  static constexpr std::int64_t worth = 4 << 20;
  static constexpr std::int64_t trimmed_max = 32 << 20;

  TimePoint window_end_{};
  std::int64_t high_ = 0;         ///< in this window
  std::int64_t high_before_ = 0;  ///< in the one before
  std::uint64_t requests_ = 0;
  bool owes_ = false;
};

}  // namespace

Result<std::unique_ptr<Worker>> Worker::make(ResolverSettings resolver, WorkerShare share,
                                             std::string congestion_control) {
  TRY(auto engine, make_epoll_engine({.pipes_max = share.pipes,
                                      .congestion_control = std::move(congestion_control)}));
  return std::unique_ptr<Worker>(
      new Worker(std::move(engine), std::move(resolver), share.connections));
}

Worker::Worker(std::unique_ptr<Engine> engine, ResolverSettings resolver,
               std::size_t connections_max)
    : engine_(std::move(engine)),
      loop_(*engine_),
      state_(loop_, std::move(resolver)),
      gateway_(state_),
      connections_(loop_, connections_max),
      background_(loop_, 1) {}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

void Worker::start() {
  static_cast<void>(background_.spawn(housekeeping()));
  thread_ = std::thread([this] {
    name_thread("worker");
    loop_.run();
  });
}

void Worker::add_listener(const std::string& address, SocketPtr socket,
                          const ListenerOptions& options) {
  listeners_[address] = std::make_unique<Listener>(
      state_, gateway_, connections_, ListenerSocket{std::move(socket), address}, options);
}

void Worker::set_listener_options(const std::string& address, const ListenerOptions& options) {
  const auto found = listeners_.find(address);
  if (found != listeners_.end()) found->second->set_options(options);
}

void Worker::remove_listener(const std::string& address) {
  const auto found = listeners_.find(address);
  if (found == listeners_.end()) return;
  found->second->close();
  closing_.push_back(std::move(found->second));
  listeners_.erase(found);
}

void Worker::remove_listeners() {
  while (!listeners_.empty())
    remove_listener(std::string(listeners_.begin()->first));
}

/// Gauges that would cost too much to keep exact, memory of a rush, and listeners that are done.
Task<Done> Worker::housekeeping() {
  MemoryReturn memory_return;
  for (;;) {
    const upstream::PoolCounts pools = state_.pools.counts();
    state_.metrics.upstream_connections_opened.set(pools.opened);
    state_.metrics.upstream_connections_reused.set(pools.reused);
    state_.metrics.upstream_connections_idle.set(pools.idle);
    state_.metrics.memory_bytes.set(
        static_cast<std::uint64_t>(std::max<std::int64_t>(memory::live_bytes(), 0)));
    memory_return.look(loop_.now(), memory::live_bytes(), state_.metrics.requests.value());
    std::erase_if(closing_, [](const auto& listener) { return listener->closed(); });
    co_await sleep_until(loop_, loop_.now() + milliseconds(500));
  }
}

}  // namespace sluice
