#pragma once
// One HTTP/1.1 connection to an upstream: a Lease for one request at a time, and the body of its
// response.

#include <memory>

#include "http/h1/connection.h"
#include "runtime/scope.h"

namespace sluice::http::h1 {

/// Where a connection goes when its response was read to the end. Outlives the leases.
class ConnectionHome {
 public:
  virtual ~ConnectionHome() = default;
  /// Takes a connection that can carry another request.
  virtual void give_back(std::unique_ptr<class ClientConnection> connection) noexcept = 0;
  /// One connection of this home is gone.
  virtual void forget() noexcept = 0;
};

/// The connection itself: belongs to its pool while idle, else to a lease or a response's body.
class ClientConnection {
 public:
  ClientConnection(StreamPtr stream, std::shared_ptr<ConnectionHome> home)
      : input(std::move(stream)), home_(std::move(home)) {}

  ~ClientConnection() {
    if (home_ != nullptr) home_->forget();
  }

  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  Input input;
  std::uint32_t requests = 0;
  TimePoint idle_since{};

  /// Gives the connection to its home.
  static void release(std::unique_ptr<ClientConnection> connection) noexcept {
    ConnectionHome& home = *connection->home_;
    home.give_back(std::move(connection));
  }

 private:
  std::shared_ptr<ConnectionHome> home_;
};

struct ClientSettings {
  Limits limits;
  std::uint32_t informational_responses = 10;
  milliseconds tunnel_idle_timeout{3'600'000};
};

/// `settings` outlives the lease and the response's body.
LeasePtr make_lease(Loop& loop, std::unique_ptr<ClientConnection> connection,
                    const ClientSettings& settings);

/// The head as a lease sends it with `body`, which may be null: for whoever shows a request.
Chunk head_of(const Request& request, const Body* body);

}  // namespace sluice::http::h1
