#pragma once
// One worker's side of one listening address: accepts, and serves each connection in a task of its
// own.

#include <memory>
#include <string>

#include "gateway/client_connection.h"
#include "gateway/worker_state.h"
#include "runtime/listener.h"
#include "runtime/scope.h"

namespace sluice {

/// What a listener accepts on.
struct ListenerSocket {
  SocketPtr socket;
  std::string address;  ///< as the configuration names it: by it the snapshot knows what is asked
                        ///< of clients
};

class Listener {
 public:
  /// `connections` bounds and owns what is accepted; it, `worker` and `handler` outlive the
  /// listener and its connections.
  Listener(WorkerState& worker, http::Handler& handler, Scope& connections, ListenerSocket socket,
           ListenerOptions options = {});

  /// For connections from now on.
  void set_options(const ListenerOptions& options) { options_ = options; }

  /// Takes what the kernel has accepted already, then stops. Connections end after the exchange in
  /// flight, idle ones now.
  void close() noexcept { life_->closing.set(worker_.loop); }

  /// Nothing is accepted any more.
  bool closed() const noexcept { return accepting_.size() == 0; }

 private:
  Task<Done> accept_loop(SocketPtr socket);
  Task<bool> make_room();
  Task<Done> serve(Accepted accepted);

  WorkerState& worker_;
  http::Handler& handler_;
  Scope& connections_;
  ListenerOptions options_;
  std::shared_ptr<ListenerLife> life_;
  std::shared_ptr<const Address> local_;
  Scope accepting_;
};

}  // namespace sluice
