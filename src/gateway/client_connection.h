#pragma once
// What a listener does with an accepted connection before HTTP: TLS, and which version of HTTP it
// is.

#include <memory>
#include <optional>
#include <string>

#include "gateway/worker_state.h"
#include "http/server.h"
#include "runtime/stream.h"
#include "telemetry/metrics.h"
#include "tls/server_context.h"

namespace sluice {

/// Of one listener; may change with a reload, for connections from then on.
struct ListenerOptions {
  std::optional<tls::ServerOptions> tls;
  bool proxy_protocol = false;  ///< peers in gateway.trusted_ips begin with a PROXY header
  bool h2c = false;             ///< without TLS, a client may begin with HTTP/2's preface
  milliseconds handshake_timeout{10'000};  ///< also for first bytes that say which protocol it is

  /// Whether a connection's first bytes can only be HTTP/1.1.
  bool is_plain() const noexcept { return !tls && !h2c && !proxy_protocol; }
};

/// What connections need of their listener, which they may outlive.
struct ListenerLife {
  std::string address;  ///< as the configuration names it
  telemetry::WorkerMetrics& metrics;
  Event closing;
};

/// A client of a listener: counted, and holding what its connection needs of the listener, which
/// may be gone first.
struct ListenerClient final : http::Client {
  explicit ListenerClient(std::shared_ptr<ListenerLife> its_listener);
  ListenerClient(const ListenerClient&) = delete;
  ListenerClient& operator=(const ListenerClient&) = delete;
  ~ListenerClient();

  std::shared_ptr<ListenerLife> life;
};

/// The connection's life: the beginning, and then HTTP, which may idle for long. `worker` and
/// `handler` outlive it.
Task<Task<Done>> serve_client(WorkerState& worker, http::Handler& handler, StreamPtr stream,
                              ListenerOptions options, std::shared_ptr<ListenerClient> client);

}  // namespace sluice
