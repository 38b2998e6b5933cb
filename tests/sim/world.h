#pragma once
// A whole gateway, its clients and its upstreams on one simulated loop in one thread: everything
// follows from one seed.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/gateway.h"
#include "gateway/listener.h"
#include "gateway/worker_state.h"
#include "runtime/engine/sim.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "sim/ledger.h"
#include "sim/wire.h"
#include "support/line_sink.h"

namespace sluice::sim {

class Upstream;

/// What the text of a configuration is made of.
struct Configuration {
  std::string gateway;                  ///< lines below `gateway:`, each with two spaces in front
  std::string timeouts = "linger: 30";  ///< of the gateway
  std::string service;    ///< lines of the service `main`, each with two spaces in front
  std::string more;       ///< further services, in full
  std::string plugins;    ///< further elements of `plugins`, each a line that begins with "- "
  std::string consumers;  ///< the list, in one line
  bool several_targets = false;
  bool h2c = false;  ///< of the listener
  std::string text() const;
};

/// Whom the gateway asks for names; nobody is there unless a scenario puts a FakeNameServer there.
const Address& name_server_address();

class World {
 public:
  World(std::uint64_t seed, SimFaults faults, bool verbose);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Compiles the text, and new exchanges begin on it. The first one also opens the listener.
  void install(const Configuration& configuration);
  /// An upstream at "10.0.0.1:80" or another address.
  Upstream& add_upstream(const std::string& address);
  void spawn(Task<Done> client);
  /// Turns until all clients are done; a failure when an hour of the world is not enough.
  void run();
  void pass(nanoseconds time);
  /// The gateway's listener closes, as in a drain.
  void close_listener();
  /// Everything ends; then the books are checked, and that nothing is left behind.
  void rest();

  /// Tries again where this kernel refuses by chance.
  Task<Result<StreamPtr>> connect();
  /// In random pieces, now and then with a pause. False when the other side takes no more.
  Task<bool> send(Stream& stream, std::string bytes, bool by_byte = false);
  Task<Done> pause(nanoseconds most);

  /// A size of a body: often a border, seldom large, never more than this kernel carries in good
  /// time.
  std::size_t size();
  std::size_t size_max() noexcept;
  std::string new_token();

  /// Whether the kernel is so slow that less is enough.
  bool is_slow() noexcept { return engine_.faults().piece_max < 100; }

  void fail(std::string what);

  void expect(bool condition, const std::string& what) {
    if (!condition) fail(what);
  }

  void say(const std::string& what);

  const std::vector<std::string>& failures() const noexcept { return failures_; }

  Random dice;
  Ledger ledger;

  SimEngine& engine() noexcept { return engine_; }

  Loop& loop() noexcept { return loop_; }

  WorkerState& worker() noexcept { return worker_; }

  Scope& clients() noexcept { return clients_; }

  bool draining() const noexcept { return draining_; }

  bool verbose() const noexcept { return verbose_; }

  std::size_t snapshots_returned() const noexcept { return returned_; }

 private:
  void collect_line(std::string_view line);
  bool turn_while(TimePoint limit, auto&& busy);
  void check_rest();

  SimEngine engine_;
  Loop loop_;
  LineSink log_;
  WorkerState worker_;
  Gateway gateway_;
  Scope connections_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  Scope clients_;
  std::int64_t live_at_begin_ = 0;
  std::vector<std::weak_ptr<const Snapshot>> snapshots_;
  std::size_t returned_ = 0;
  std::vector<std::string> failures_;
  std::uint64_t tokens_ = 0;
  bool draining_ = false;
  bool verbose_;
};

}  // namespace sluice::sim
