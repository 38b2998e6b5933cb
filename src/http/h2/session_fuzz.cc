// Frames from a client, as structure: types, flags, streams and payloads by the fuzzer's choice,
// cut into pieces, against a server that answers. No crash, no hang, and every exchange ends.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "http/h2/fuzz_frames.h"
#include "http/h2/server.h"
#include "runtime/engine/sim.h"
#include "runtime/listener.h"
#include "runtime/scope.h"
#include "runtime/socket_stream.h"

namespace {

using namespace sluice;
namespace fuzz = http::h2::fuzz;

/// Reads what there is of the request, and answers with it.
class Echo final : public http::Handler {
 public:
  Task<Done> respond(http::Incoming& incoming, const http::ClientPtr&) override {
    auto request = incoming.take();
    http::Response response;
    response.status = request ? 200 : 400;
    if (request && request->body != nullptr) {
      auto chunk = co_await request->body->read();
      if (chunk && !chunk->empty())
        response.body = std::make_unique<http::TextBody>(*std::move(chunk));
      request->body = nullptr;
    }
    co_await incoming.send(std::move(response));
    co_return Done{};
  }
};

std::string head_of(fuzz::Choices& choices, std::uint8_t) {
  static constexpr std::string_view methods[] = {"GET", "POST", "HEAD", "OPTIONS", "CONNECT"};
  static constexpr std::string_view lengths[] = {"0", "5", "255", "100000"};
  const std::uint8_t choice = choices.byte();
  std::string text = fuzz::field(":method", methods[choice % std::size(methods)]) +
                     fuzz::field(":scheme", "http") + fuzz::field(":authority", "h") +
                     fuzz::field(":path", "/");
  if ((choice & 0x20) != 0) text += fuzz::field("content-length", lengths[choice >> 6]);
  return text;
}

std::string frames_of(fuzz::Choices choices) {
  std::string text = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  while (choices.size > 0)
    text += fuzz::make_frame(choices, 6, head_of).text;
  return text;
}

Task<Done> send(Stream& stream, std::string text, std::size_t piece) {
  for (std::size_t at = 0; at < text.size(); at += piece)
    co_await stream.write(Chunks(Chunk::copy_of(std::string_view(text).substr(at, piece))),
                          Flush::now, never);
  co_await stream.end(never);
  co_return Done{};
}

Task<Done> drain(Stream& stream) {
  for (;;) {
    auto chunk = co_await stream.read(16 * 1024, never);
    if (!chunk || chunk->empty()) co_return Done{};
  }
}

Task<Done> run(Loop& loop, SocketPtr listening, Address where, Echo& echo,
               const http::ServerSettings& settings, Event& closing, Scope& scope, std::string text,
               std::size_t piece) {
  Acceptor acceptor(loop, std::move(listening));
  auto client = co_await connect_stream(loop, where, never);
  auto accepted = co_await acceptor.accept();
  if (!client || !accepted) co_return Done{};
  if (!scope.spawn(
          http::h2::serve(loop, std::make_unique<SocketStream>(loop, std::move(accepted->socket)),
                          settings, echo, std::make_shared<http::Client>(), closing)))
    co_return Done{};
  if (!scope.spawn(drain(**client))) co_return Done{};
  co_await send(**client, std::move(text), piece);
  co_await sleep_until(loop, loop.now() + seconds(200));
  if (scope.size() > 0) __builtin_trap();
  co_return Done{};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  // Single bytes for a while; what a few bytes made large comes in larger pieces.
  std::string frames = frames_of({data + 2, size - 2});
  const std::size_t piece = std::max<std::size_t>(1 + data[0], frames.size() / 4096);
  SimEngine engine(data[1]);
  Loop loop(engine);
  Echo echo;
  http::ServerSettings settings;
  Event closing;
  auto listening = engine.listen(*Address::parse("127.0.0.1:80"), {}).value();
  const Address where = engine.local_address(*listening);
  Scope scope(loop, 4);
  Scope main(loop, 1);
  static_cast<void>(main.spawn(
      run(loop, listening, where, echo, settings, closing, scope, std::move(frames), piece)));
  listening = SocketPtr();
  for (int turn = 0; main.size() > 0 && turn < 100'000; ++turn)
    loop.turn(never);
  if (main.size() > 0) __builtin_trap();
  return 0;
}
