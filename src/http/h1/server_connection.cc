#include "http/h1/server_connection.h"

#include "http/h1/server_exchange.h"
#include "http/idle.h"

namespace sluice::http {

// NOLINTNEXTLINE(readability-function-size): all that a connection is made of
Task<Done> serve(Loop& loop, StreamPtr stream, const ServerSettings& settings, Handler& handler,
                 ClientPtr client, Event& closing) {
  return h1::ServerConnection::run(std::make_unique<h1::ServerConnection>(
      loop, std::move(stream), settings, handler, std::move(client), closing));
}

namespace h1 {

ServerConnection::ServerConnection(Loop& loop, StreamPtr stream, const ServerSettings& settings,
                                   Handler& handler, ClientPtr client, Event& closing)
    : loop_(loop),
      input_(std::move(stream)),
      settings_(settings),
      handler_(handler),
      client_(std::move(client)),
      closing_(closing) {}

Task<Done> ServerConnection::run(std::unique_ptr<ServerConnection> self) {
  ServerConnection& connection = *self;
  IdlePlace idle(connection.client_->idle);
  while (connection.open_) {
    if (connection.input_.buffered().empty()) {
      const TimePoint by = connection.next_request_by();
      WaitList* const arrival = connection.input_.arrival(request_bytes);
      if (arrival != nullptr && !connection.closing_.is_set() &&
          !co_await idle.silence(connection.loop_, *arrival, by, connection.closing_))
        break;
      auto first = co_await idle.wait(connection.input_.read_some(request_bytes, by),
                                      connection.closing_, true);
      // A connection that ends between requests is nobody's error.
      if (!first || !*first || (*first)->empty()) break;
      connection.input_.put_back(**std::move(first));
    }
    co_await connection.exchange();
  }
  co_return co_await connection.goodbye();
}

TimePoint ServerConnection::next_request_by() const noexcept {
  // The first request has the head's time: a client that connects and says nothing is not idle, but
  // slow.
  return after(loop_.now(),
               requests_ == 0 ? settings_.header_timeout : settings_.keep_alive_timeout);
}

Task<Done> ServerConnection::exchange() {
  ++requests_;
  ServerExchange exchange(*this);
  if (!exchange.try_head()) co_await exchange.read_head();

  Race<Done> answer(handler_.respond(exchange, client_));
  // Begun even when the client has left already: what came is a request, and has its end in the
  // log.
  while (!co_await answer.begun_until(input_.stream().gone())) {
    // In a tunnel the client's end is the end of one direction, which its body reports.
    if (!exchange.is_tunnel()) {
      open_ = false;
      co_return Done{};
    }
    co_await answer.end();
  }
  open_ = exchange.finish();
  must_linger_ = exchange.must_linger();
  co_return Done{};
}

Task<Done> ServerConnection::goodbye() {
  // However the last exchange ended, answers before it may still be on their way, and a slow client
  // gets the end of its answer as it got the rest.
  if (flushes_) co_await input_.stream().end(after(loop_.now(), settings_.write_idle_timeout));
  if (!must_linger_) co_return Done{};
  const TimePoint until = after(loop_.now(), settings_.linger_timeout);
  for (std::uint64_t dropped = 0; dropped < settings_.linger_bytes;) {
    auto bytes = co_await input_.read(until);
    if (!bytes || bytes->empty()) break;
    dropped += bytes->size();
  }
  co_return Done{};
}

}  // namespace h1
}  // namespace sluice::http
