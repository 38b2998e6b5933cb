#include "gateway/listener.h"

#include "base/log.h"
#include "http/server.h"
#include "runtime/socket_stream.h"

namespace sluice {
namespace {

// Until a descriptor or a place is free again; short, since clients wait in the kernel's queue.
constexpr milliseconds full_pause{50};
// A connection that makes room is gone when its last bytes have left.
constexpr milliseconds room_pause{1};
// What part of its connections a full node ends at once.
constexpr std::size_t room_share = 256;

}  // namespace

Listener::Listener(WorkerState& worker, http::Handler& handler, Scope& connections,
                   ListenerSocket socket, ListenerOptions options)
    : worker_(worker),
      handler_(handler),
      connections_(connections),
      options_(options),
      life_(std::make_shared<ListenerLife>(std::move(socket.address), worker.metrics)),
      local_(std::make_shared<const Address>(worker.loop.engine().local_address(*socket.socket))),
      accepting_(worker.loop, 1) {
  static_cast<void>(accepting_.spawn(accept_loop(std::move(socket.socket))));
}

Task<Done> Listener::accept_loop(SocketPtr socket) {
  Acceptor acceptor(worker_.loop, std::move(socket));
  for (;;) {
    auto accepted = co_await Until(acceptor.accept(), life_->closing);
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

/// False when the listener closes first. A client that says nothing must not keep others out: the
/// longest idle connection goes.
Task<bool> Listener::make_room() {
  while (!connections_.has_room()) {
    if (life_->closing.is_set()) co_return false;
    log::warn(
        "the node has all the client connections that it may have: idle ones are closed for "
        "new ones; raise the limit of descriptors or gateway.limits.connections");
    // Of a large node some at once: each is waited for, and a storm must not queue behind that.
    for (std::size_t left = connections_.size() / room_share + 1;
         left > 0 && !worker_.idle_connections.empty(); --left) {
      worker_.idle_connections.wake_one(worker_.loop);
      worker_.metrics.connections_made_room.add();
    }
    const TimePoint again = worker_.loop.now() + full_pause;
    while (!connections_.has_room() && worker_.loop.now() < again)
      co_await sleep_until(worker_.loop, worker_.loop.now() + room_pause);
  }
  co_return true;
}

Task<Done> Listener::serve(Accepted accepted) {
  if (!connections_.has_room() && !co_await make_room()) co_return Done{};
  auto client = std::make_shared<ListenerClient>(life_);
  client->peer = std::move(accepted.peer);
  client->local = local_;
  client->idle = &worker_.idle_connections;
  client->peer_text = client->peer.ip_text();
  client->number = worker_.metrics.connections_accepted.value();
  Event& closing = client->life->closing;
  StreamPtr stream = std::make_unique<SocketStream>(worker_.loop, std::move(accepted.socket));
  if (options_.is_plain())
    static_cast<void>(connections_.spawn(http::serve(
        worker_.loop, std::move(stream), worker_.server, handler_, std::move(client), closing)));
  else
    static_cast<void>(connections_.spawn(
        serve_client(worker_, handler_, std::move(stream), options_, std::move(client))));
  co_return Done{};
}

}  // namespace sluice
