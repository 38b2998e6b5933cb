#include "explain/world.h"

#include <algorithm>
#include <utility>

#include "http/server.h"
#include "http/text.h"
#include "runtime/listener.h"
#include "runtime/socket_stream.h"

namespace sluice::explain {
namespace {

const Address& meeting_point() {
  static const Address address = *Address::parse("192.0.2.1:80");
  return address;
}

/// A kernel that does everything at once.
SimFaults no_faults() {
  SimFaults faults;
  faults.delay_max = microseconds(0);
  faults.piece_max = faults.buffer_bytes = 16 * 1024 * 1024;
  faults.late_completion = 0;
  return faults;
}

}  // namespace

std::string request_text(const RequestSpec& request) {
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(request.fields, [&](const auto& field) {
      return http::equal_ignoring_case(field.first, name);
    });
  };
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  if (!has("host")) text += "Host: " + request.authority + "\r\n";
  for (const auto& [name, value] : request.fields)
    text.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() && !has("content-length") && !has("transfer-encoding"))
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

World::World(std::shared_ptr<const Snapshot> snapshot, ExchangeObserver& observer, WallTime now)
    : engine_(1, no_faults()),
      loop_((engine_.set_wall(now), engine_)),
      worker_(loop_, ResolverSettings{}),
      gateway_(worker_),
      tasks_(loop_, 4) {
  worker_.observer = &observer;
  worker_.install(std::move(snapshot));
}

std::string World::ask(std::string request, http::ClientPtr client) {
  std::string answer;
  bool done = false;
  auto listener = engine_.listen(meeting_point(), {});
  const bool begun = listener && tasks_.spawn(serve(*std::move(listener), std::move(client))) &&
                     tasks_.spawn(send(std::move(request), answer, done));
  while (begun && !done && !engine_.stalled())
    loop_.turn(never);
  return answer;
}

Task<Done> World::serve(SocketPtr listener, http::ClientPtr client) {
  Acceptor acceptor(loop_, std::move(listener));
  auto accepted = co_await acceptor.accept();
  if (!accepted) co_return Done{};
  co_return co_await http::serve(loop_,
                                 std::make_unique<SocketStream>(loop_, std::move(accepted->socket)),
                                 worker_.server, gateway_, std::move(client), closing_);
}

Task<Done> World::send(std::string request, std::string& answer, bool& done) {
  auto stream = co_await connect_stream(loop_, meeting_point(), never);
  if (stream) {
    static_cast<void>((*stream)->write(Chunks(Chunk::copy_of(request)), Flush::now, never));
    for (;;) {
      auto chunk = co_await (*stream)->read(64 * 1024, never);
      if (!chunk || chunk->empty()) break;
      answer += chunk->text();
    }
  }
  done = true;
  co_return Done{};
}

}  // namespace sluice::explain
