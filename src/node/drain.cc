// The end of a node: no new work, and time for what is in flight.

#include "base/log.h"
#include "node/node.h"

namespace sluice {

Task<Done> Node::drain() {
  // Load balancers hear it first; they may go on sending for drain.delay.
  status_.ready = false;
  status_.not_ready_reason = "draining";
  log::info("draining: no new connections after " + std::to_string(gateway_.drain.delay.count()) +
            " ms, requests in flight may take " + std::to_string(gateway_.drain.limit.count()) +
            " ms");
  co_await sleep_until(*loop_, after(loop_->now(), gateway_.drain.delay));
  listening_.clear();
  for (auto& worker : workers_)
    worker->loop().post([&worker = *worker] { worker.remove_listeners(); });

  const TimePoint limit = after(loop_->now(), gateway_.drain.limit);
  do {
    co_await sleep_until(*loop_, loop_->now() + milliseconds(10));
  } while (active_connections() > 0 && loop_->now() < limit);
  if (const auto left = active_connections(); left > 0) {
    log::warn("drain.limit is over: " + std::to_string(left) + " connections are cut");
    cut_short_ = true;
  }
  loop_->stop();
  co_return Done{};
}

std::uint64_t Node::active_connections() const noexcept {
  std::uint64_t total = 0;
  for (const auto& worker : workers_)
    total += worker->metrics().connections_active.value();
  return total;
}

}  // namespace sluice
