#pragma once
// A kernel in memory with virtual time: delays, splits, fails and completes late, by seed. The same
// seed does the same again.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "runtime/engine.h"
#include "runtime/random.h"

namespace sluice {

/// How unkind the simulated kernel is. Odds are "one in N"; 0 is never.
struct SimFaults {
  microseconds delay_max{2000};          ///< of a byte on its way, a connect, a late completion
  std::size_t piece_max = 64 * 1024;     ///< of one read or one partial write
  std::size_t buffer_bytes = 64 * 1024;  ///< what a connection holds in one direction
  unsigned late_completion = 4;          ///< of operations that could have completed at once
  unsigned connect_fails = 0;
  unsigned connect_hangs = 0;      ///< neither accepted nor refused
  unsigned connection_resets = 0;  ///< some time after its begin
  microseconds reset_within{50'000};
  unsigned no_buffers = 0;  ///< ENOBUFS
  unsigned datagram_lost = 0;
  unsigned wall_jumps = 0;  ///< the wall clock, by up to an hour, at a wait

  /// A mix for whole-gateway scenarios, itself chosen by the seed.
  static SimFaults of_seed(std::uint64_t seed);
};

class SimEngine final : public Engine {
 public:
  explicit SimEngine(std::uint64_t seed, SimFaults faults = {});
  ~SimEngine() override;

  void submit(Op& op) override;
  void cancel(Op& op) override;
  void wait(TimePoint until) override;

  void wake() noexcept override { woken_ = true; }

  TimePoint now() override { return now_; }

  WallTime wall() override {
    return WallTime(seconds(1'700'000'000)) + wall_offset_ +
           std::chrono::duration_cast<WallTime::duration>(now_ - start());
  }

  /// What time it is from now on.
  void set_wall(WallTime now) { wall_offset_ += now - wall(); }

  std::uint64_t secret() override { return random_.next(); }

  std::uint64_t random() override { return random_.next(); }

  Result<SocketPtr> listen(const Address& address, const ListenOptions& options) override;
  Result<SocketPtr> stream_socket(Address::Family family) override;
  Result<SocketPtr> datagram_socket(Address::Family family) override;
  Address local_address(Socket& socket) override;
  /// Gives a datagram socket a known address: for simulated name servers.
  void bind(Socket& socket, const Address& address);

  /// True when the last wait had nothing left that could ever happen.
  bool stalled() const noexcept { return stalled_; }

  /// Sockets that are open: 0 at rest.
  std::size_t open_sockets() const noexcept { return open_sockets_; }

  /// Ends a listener's life as a crash of its process would: connects are refused from now on.
  void close_listener(const Address& address) { listeners_.erase(address.text()); }

  /// A number that depends on everything that happened: equal traces have equal ones.
  std::uint64_t trace() const noexcept { return trace_; }

  SimFaults& faults() noexcept { return faults_; }

  struct End;  ///< one end of a connection, a listener or a datagram socket; private to sim.cc
  class SimSocket;
  class SimPipe;

 private:
  struct Happening {
    TimePoint when;
    std::uint64_t order;
    std::move_only_function<void()> action;

    bool operator<(const Happening& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  using EndPtr = std::shared_ptr<End>;

  static TimePoint start() { return TimePoint(seconds(1000)); }

  void schedule(TimePoint when, std::move_only_function<void()> action);
  TimePoint soon();
  void finish(Op& op, std::int64_t result);
  void attempt_later(const EndPtr& end, Op::Kind kind);
  void attempt(const EndPtr& end, Op::Kind kind);
  void attempt_receive(End& end);
  void attempt_send(const EndPtr& end);
  void attempt_accept(End& end);
  void start_connect(const EndPtr& end, Op& op);
  void start_datagram(const EndPtr& end, Op& op);
  void deliver(const EndPtr& to, std::string bytes);
  void close(const EndPtr& end);
  void reset(const EndPtr& end);

  SimFaults faults_;
  Random random_;
  TimePoint now_ = start();
  WallTime::duration wall_offset_{};
  std::priority_queue<Happening> happenings_;
  std::map<std::string, std::weak_ptr<End>> listeners_;
  std::map<std::string, std::weak_ptr<End>> datagram_ends_;
  std::uint64_t order_ = 0;
  std::uint64_t trace_ = 0;
  std::size_t open_sockets_ = 0;
  std::uint16_t next_port_ = 40'000;
  std::size_t completions_ = 0;
  bool woken_ = false;
  bool stalled_ = false;
};

}  // namespace sluice
