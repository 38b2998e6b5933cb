// The echo server as a process: one loop, one listening socket.

#include <atomic>
#include <csignal>
#include <cstdio>

#include "echo/echo.h"
#include "http/server.h"
#include "runtime/engine/epoll.h"
#include "runtime/listener.h"
#include "runtime/scope.h"
#include "runtime/socket_stream.h"

namespace sluice::echo {
namespace {

constexpr std::size_t connections_max = 20'000;

std::atomic<Loop*> running = nullptr;

void on_signal(int) {
  if (Loop* loop = running.load()) loop->stop();
}

/// What each connection of the server needs.
struct Server {
  explicit Server(Loop& its_loop)
      : loop(its_loop), handler(its_loop), connections(its_loop, connections_max) {}

  Task<Done> serve(Accepted accepted) {
    auto client = std::make_shared<http::Client>();
    client->peer = std::move(accepted.peer);
    client->peer_text = client->peer.ip_text();
    return http::serve(loop, std::make_unique<SocketStream>(loop, std::move(accepted.socket)),
                       settings, handler, std::move(client), closing);
  }

  Task<Done> accept_loop(SocketPtr socket) {
    Acceptor acceptor(loop, std::move(socket));
    for (;;) {
      auto accepted = co_await acceptor.accept();
      if (accepted)
        static_cast<void>(connections.spawn(serve(*std::move(accepted))));
      else
        co_await sleep_until(loop, loop.now() + milliseconds(100));
    }
  }

  Loop& loop;
  http::ServerSettings settings;
  Echo handler;
  Event closing;
  Scope connections;
};

}  // namespace

int run(const std::string& address_text) {
  const auto address = Address::parse(address_text);
  if (!address) {
    std::fprintf(stderr, "sluice echo: --listen %s\n", address.error().detail.text().c_str());
    return 2;
  }
  raise_descriptor_limit();
  auto engine = make_epoll_engine();
  if (!engine) {
    std::fprintf(stderr, "sluice echo: %s\n", engine.error().detail.text().c_str());
    return 1;
  }
  Loop loop(**engine);
  ListenOptions options;
  options.reuse_port = false;
  auto socket = (*engine)->listen(*address, options);
  if (!socket) {
    std::fprintf(stderr, "sluice echo: %s\n", socket.error().detail.text().c_str());
    return 1;
  }
  std::fprintf(stderr, "sluice echo: listening on %s\n",
               (*engine)->local_address(**socket).text().c_str());
  ::signal(SIGPIPE, SIG_IGN);
  running.store(&loop);
  for (const int number : {SIGINT, SIGTERM})
    ::signal(number, on_signal);

  {
    Server server(loop);
    Scope accepting(loop, 1);
    static_cast<void>(accepting.spawn(server.accept_loop(*std::move(socket))));
    loop.run();
  }
  running.store(nullptr);
  return 0;
}

}  // namespace sluice::echo
