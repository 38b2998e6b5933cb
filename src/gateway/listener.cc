#include "gateway/listener.h"

#include "base/log.h"
#include "http/server.h"
#include "runtime/socket_stream.h"

namespace sluice {
namespace {

// Until a descriptor or a place is free again; short, since clients wait in the kernel's queue.
constexpr milliseconds full_pause{50};

/// Counts a connection for as long as its task lives.
class Counted {
 public:
  explicit Counted(telemetry::WorkerMetrics& metrics) : metrics_(metrics) {
    metrics_.connections_accepted.add();
    metrics_.connections_active.add();
  }

  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  ~Counted() { metrics_.connections_active.subtract(); }

 private:
  telemetry::WorkerMetrics& metrics_;
};

/// A client of this listener: counted, and holding what its connection needs of the listener, which
/// may be gone first.
struct ListenerClient final : http::Client {
  ListenerClient(telemetry::WorkerMetrics& metrics, std::shared_ptr<Event> its_closing)
      : counted(metrics), closing(std::move(its_closing)) {}

  Counted counted;
  std::shared_ptr<Event> closing;
};

}  // namespace

Listener::Listener(WorkerState& worker, http::Handler& handler, Scope& connections,
                   SocketPtr socket)
    : worker_(worker),
      handler_(handler),
      connections_(connections),
      closing_(std::make_shared<Event>()),
      local_(std::make_shared<const Address>(worker.loop.engine().local_address(*socket))),
      accepting_(worker.loop, 1) {
  static_cast<void>(accepting_.spawn(accept_loop(std::move(socket))));
}

Task<Done> Listener::accept_loop(SocketPtr socket) {
  Acceptor acceptor(worker_.loop, std::move(socket));
  for (;;) {
    auto accepted = co_await Until(acceptor.accept(), *closing_);
    if (!accepted) break;
    if (!*accepted) {
      log::error("cannot accept connections: " + accepted->error().detail.text() +
                 "; raise the limit of descriptors");
      co_await sleep_until(worker_.loop, worker_.loop.now() + full_pause);
      continue;
    }
    co_await serve(**std::move(accepted));
  }
  // What clients see as connected is served once more: closing the socket now would reset them.
  co_await yield(worker_.loop);
  while (auto accepted = acceptor.try_accept())
    co_await serve(*std::move(accepted));
  co_return Done{};
}

Task<Done> Listener::serve(Accepted accepted) {
  while (!connections_.has_room()) {
    if (closing_->is_set()) co_return Done{};
    co_await sleep_until(worker_.loop, worker_.loop.now() + full_pause);
  }
  auto client = std::make_shared<ListenerClient>(worker_.metrics, closing_);
  client->peer = std::move(accepted.peer);
  client->local = local_;
  client->peer_text = client->peer.ip_text();
  client->number = worker_.metrics.connections_accepted.value();
  Event& closing = *client->closing;
  static_cast<void>(connections_.spawn(http::serve(
      worker_.loop, std::make_unique<SocketStream>(worker_.loop, std::move(accepted.socket)),
      worker_.server, handler_, std::move(client), closing)));
  co_return Done{};
}

}  // namespace sluice
