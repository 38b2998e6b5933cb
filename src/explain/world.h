#pragma once
// A gateway that serves one request on the simulated kernel: no socket, no name server and no
// upstream of the real world can be reached.

#include <memory>
#include <string>

#include "explain/explain.h"
#include "gateway/gateway.h"
#include "gateway/worker_state.h"
#include "runtime/engine/sim.h"
#include "runtime/scope.h"

namespace sluice::explain {

class World {
 public:
  World(std::shared_ptr<const Snapshot> snapshot, ExchangeObserver& observer, WallTime now);

  /// Sends the bytes of a request as this client, and returns all that comes back until the gateway
  /// closes or nothing more can happen.
  std::string ask(std::string request, http::ClientPtr client);

 private:
  Task<Done> serve(SocketPtr listener, http::ClientPtr client);
  Task<Done> send(std::string request, std::string& answer, bool& done);

  SimEngine engine_;
  Loop loop_;
  WorkerState worker_;
  Gateway gateway_;
  Event closing_;
  Scope tasks_;
};

/// The request's bytes as a client sends them.
std::string request_text(const RequestSpec& request);

}  // namespace sluice::explain
