#pragma once
// The status API: /status, /status/ready and /metrics, with Kong's names (kong.md §10), on the
// control thread.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gateway/listener.h"
#include "gateway/worker_state.h"
#include "http/server.h"
#include "runtime/scope.h"
#include "tls/certificates.h"

namespace sluice {

/// What the status API tells. Belongs to the control thread.
struct NodeStatus {
  std::string node_id;
  bool ready = false;
  std::string not_ready_reason = "no configuration available";
  std::uint64_t reloads = 0;
  std::uint64_t reloads_failed = 0;
  std::vector<std::string> warnings;  ///< about the configuration in use
  std::string last_problem;  ///< of the last reload that failed; empty after one that worked
  std::uint64_t services = 0;
  std::uint64_t routes = 0;
  tls::CertificatesPtr certificates;  ///< of the configuration in use; null before the first
  std::vector<const telemetry::WorkerMetrics*> workers;
  std::shared_ptr<std::atomic<std::uint64_t>> log_lines_lost =
      std::make_shared<std::atomic<std::uint64_t>>(0);  ///< that could not be written
};

class StatusServer final : public http::Handler {
 public:
  /// `status` outlives the server.
  StatusServer(Loop& loop, const NodeStatus& status, SocketPtr socket);

  Task<Done> respond(http::Incoming& incoming, const http::ClientPtr& client) override;

 private:
  http::Response answer(const http::Request& request) const;
  Task<Done> accept_loop(SocketPtr socket);
  Task<Done> serve(Accepted accepted);

  Loop& loop_;
  const NodeStatus& status_;
  http::ServerSettings settings_;
  Event closing_;
  Scope connections_;
  Scope accepting_;
};

/// The texts, apart from their transport.
std::string status_json(const NodeStatus& status);
/// `now` is what certificates are compared with.
std::string metrics_text(const NodeStatus& status, WallTime now);

}  // namespace sluice
