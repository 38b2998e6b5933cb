#pragma once
// A thread with its loop and all that it may touch without a lock.

#include <map>
#include <memory>
#include <string>
#include <thread>

#include "gateway/gateway.h"
#include "gateway/listener.h"
#include "gateway/worker_state.h"
#include "runtime/loop.h"
#include "runtime/scope.h"

namespace sluice {

/// The most that a worker holds at a time of what needs descriptors.
struct WorkerShare {
  std::size_t connections = 1;  ///< of clients
  std::size_t pipes = 0;        ///< see Engine::pipe
};

class Worker {
 public:
  /// Error(io_failed) when the kernel refuses descriptors.
  static Result<std::unique_ptr<Worker>> make(ResolverSettings resolver, WorkerShare share,
                                              std::string congestion_control);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();

  /// The only way to the worker's state once it runs: loop().post().
  Loop& loop() noexcept { return loop_; }

  const telemetry::WorkerMetrics& metrics() const noexcept { return state_.metrics; }

  // On the worker's thread, or before start().
  WorkerState& state() noexcept { return state_; }

  void add_listener(const std::string& address, SocketPtr socket, const ListenerOptions& options);
  void set_listener_options(const std::string& address, const ListenerOptions& options);
  void remove_listener(const std::string& address);
  void remove_listeners();

 private:
  Worker(std::unique_ptr<Engine> engine, ResolverSettings resolver, std::size_t connections_max);
  Task<Done> housekeeping();

  std::unique_ptr<Engine> engine_;
  Loop loop_;
  WorkerState state_;
  Gateway gateway_;
  Scope connections_;
  Scope background_;
  std::map<std::string, std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Listener>> closing_;  ///< until they accept nothing any more
  std::thread thread_;
};

}  // namespace sluice
