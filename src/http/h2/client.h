#pragma once
// One HTTP/2 connection to an upstream: carries many requests at once, each a Lease.

#include <memory>

#include "http/h1/client_connection.h"
#include "http/h2/session.h"

namespace sluice::http::h2 {

/// Where a connection tells that it has room again, or no more. Outlives the connection's run(),
/// not its leases.
class ClientHome {
 public:
  virtual void on_change() noexcept = 0;

 protected:
  ~ClientHome() = default;
};

/// Shared by its pool, its driver and its leases.
class ClientConnection final : public SessionEvents,
                               public std::enable_shared_from_this<ClientConnection> {
 public:
  /// `settings` outlives the connection.
  ClientConnection(Loop& loop, StreamPtr stream, const h1::ClientSettings& settings,
                   milliseconds idle_timeout, ClientHome& home);

  /// The connection's life, in the pool's scope.
  static Task<Done> run(std::shared_ptr<ClientConnection> self);

  /// No further requests.
  void shut_down() { session_.shut_down(); }

  bool is_over() const noexcept { return over_; }

  /// Whether another request may begin.
  bool has_room() const noexcept { return !over_ && session_.places_left() > reserved_; }

  /// Whether it is not known yet how many requests the upstream allows.
  bool is_new() const noexcept { return session_.is_new(); }

  /// Precondition: has_room().
  LeasePtr lease();

  /// Requests that it has carried or is about to.
  std::uint32_t requests() const noexcept { return requests_; }

  std::size_t active() const noexcept { return session_.stream_count() + reserved_; }

 private:
  friend class StreamLease;

  void on_request(const StatePtr&) override {}

  void on_information(StreamState& state, HeadText head) override;

  void on_limits_changed() override { tell_home(); }

  /// A lease may end long after the connection, whose home is gone then.
  void tell_home() noexcept {
    if (!over_) home_.on_change();
  }

  const h1::ClientSettings& settings_;
  ClientHome& home_;
  SessionSettings session_settings_;
  Session session_;
  std::size_t reserved_ = 0;  ///< leases that have not begun their stream
  std::uint32_t requests_ = 0;
  bool over_ = false;
};

}  // namespace sluice::http::h2
