#pragma once
// The running gateway: workers, listening sockets, configuration, status, signals. Lives on the
// control thread.

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/load.h"
#include "gateway/snapshot.h"
#include "node/status.h"
#include "node/worker.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "telemetry/access_log.h"

namespace sluice {

struct NodeOptions {
  std::string file;
  bool allow_unsupported = false;
  PluginCatalog catalog;
};

/// As `gateway` says for one of its listeners.
ListenerOptions listener_options(const config::Gateway& gateway,
                                 const config::ListenerSettings& listener);

class Node {
 public:
  explicit Node(NodeOptions options);
  ~Node();

  /// Loads, binds and starts everything, or says on stderr what is wrong, where, and what to do.
  bool start();
  /// Until a signal ends it. The exit code: 0 after a drain, 1 when it was cut short.
  int run();

 private:
  struct Compiled {
    std::shared_ptr<const Snapshot> snapshot;  ///< null: not loadable
    config::Gateway gateway;
    std::string problems;
    std::vector<std::string> warnings;
  };

  /// What a reload does to the access log, once nothing can go wrong any more.
  struct AccessLogChange {
    bool wanted = false;
    std::unique_ptr<telemetry::AccessLog> next;  ///< null: none from now on
  };

  static Compiled compile(const NodeOptions& options, const Snapshot* previous);

  // node.cc: the start, and signals
  bool open_log(const config::Gateway& gateway, std::string& problem);
  bool open_engine();
  bool start_workers(const config::Gateway& gateway);
  bool open_listeners(const config::Gateway& gateway, std::string& problem);
  bool open_status(const config::Gateway& gateway, std::string& problem);
  Task<Done> heed_signals();
  [[noreturn]] void leave_load_behind(int code);
  /// Where a listener may show the self-signed certificate: once, beside everything else.
  void offer_self_signed();

  // reload.cc
  static Compiled recompile(const NodeOptions& options, const Snapshot* previous);
  void begin_reload(std::string_view reason);
  void finish_reload(Compiled compiled);
  std::vector<std::string> waiting_for_restart(const config::Gateway& wanted) const;
  void apply_listeners(const config::Gateway& gateway);
  void install(const std::shared_ptr<const Snapshot>& snapshot);
  bool open_access_log(const config::Gateway& gateway, AccessLogChange& change,
                       std::string& problem);
  void use_access_log(AccessLogChange change);
  Task<Done> watch_file();

  // drain.cc
  Task<Done> drain();
  std::uint64_t active_connections() const noexcept;

  NodeOptions options_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Scope> background_;
  config::Gateway gateway_;  ///< of the configuration in force
  config::Gateway started_;  ///< of the start: what some settings stay at
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<telemetry::AccessLog> access_log_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::string> listening_;  ///< addresses, as written
  NodeStatus status_;
  std::unique_ptr<StatusServer> status_server_;
  std::thread job_;           ///< compiles, while the control thread stays responsive
  std::thread self_signing_;  ///< makes a key that few clients need
  bool reloading_ = false;
  bool reload_again_ = false;
  bool draining_ = false;
  bool cut_short_ = false;
};

}  // namespace sluice
