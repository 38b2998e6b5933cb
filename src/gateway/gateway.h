#pragma once
// One worker's gateway: answers each request that its connections bring. The life of a request is
// respond().

#include "gateway/exchange.h"
#include "gateway/worker_state.h"

namespace sluice {

class Gateway final : public http::Handler {
 public:
  /// `worker` outlives the gateway.
  explicit Gateway(WorkerState& worker) : worker_(worker) {}

  Task<Done> respond(http::Incoming& incoming, const http::ClientPtr& client) override;

 private:
  http::ResponseTask answer(Exchange& exchange);
  Result<Done> find_route(Exchange& exchange);

  WorkerState& worker_;
};

}  // namespace sluice
