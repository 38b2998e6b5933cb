// Frames from a hostile upstream, as structure, between requests that begin, are given up and wait
// at moments of the fuzzer's choice, against a client's connection. No crash and no hang; every
// request ends once, with an answer of its own stream; memory has a bound, and nothing is left.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "http/h2/client.h"
#include "http/h2/fuzz_frames.h"
#include "runtime/engine/sim.h"
#include "runtime/listener.h"
#include "runtime/scope.h"
#include "runtime/socket_stream.h"

namespace {

using namespace sluice;
namespace fuzz = http::h2::fuzz;

constexpr std::size_t requests_max = 12;  // more than there are streams that a frame can name
constexpr std::size_t sent_max = 6 << 20;
// Of one request: a stream's window in blocks of which it fills a twentieth (callbacks.cc), twelve
// heads of limits.header_bytes, what of an upload waits. Of the connection: what waits of all
// uploads, a write, a read.
constexpr std::int64_t request_bytes_max = (20 * 64 + 12 * 64 + 128) * 1024;
constexpr std::int64_t connection_bytes_max = 2 << 20;

void demand(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

struct Home final : http::h2::ClientHome {
  void on_change() noexcept override {}
};

/// What all parts of one run know.
struct Play {
  explicit Play(Loop& its_loop) : loop(its_loop), exchanges(loop, requests_max), driver(loop, 1) {}

  Loop& loop;
  Home home;
  http::h1::ClientSettings settings;
  std::shared_ptr<http::h2::ClientConnection> connection;
  std::vector<std::unique_ptr<Event>> given_up;  ///< one a request
  std::size_t uploads = 0;                       ///< bodies of requests that live
  std::size_t ended = 0;                         ///< requests
  std::size_t sent = 0;                          ///< bytes of the upstream
  std::size_t data_sent[16] = {};                ///< by stream
  bool names_streams = true;                     ///< each head says which stream it is for
  Scope exchanges;
  Scope driver;
};

/// A request's body. Some tell their length, some lie about it, some fail, some take their time.
class Upload final : public http::Body {
 public:
  Upload(Play& play, std::uint8_t shape, std::uint8_t size)
      : play_(play),
        left_(std::size_t{size} << (shape % 11)),
        told_(left_),
        tells_((shape & 0x10) != 0),
        slow_((shape & 0x80) != 0),
        fails_((shape & 0x60) == 0x60) {
    if ((shape & 0x60) == 0x40) told_ += 1;
    ++play_.uploads;
  }

  ~Upload() override { --play_.uploads; }

  Task<Result<Chunk>> read() override {
    demand(!ended_, "a body was read behind its end");
    demand(!reading_, "a body was read twice at once");
    reading_ = true;
    if (slow_) co_await sleep_until(play_.loop, play_.loop.now() + seconds(2));
    reading_ = false;
    const std::size_t size = std::min<std::size_t>(left_, 20'000);
    left_ -= size;
    ended_ = size == 0;
    if (ended_ && fails_) co_return fail(ErrorCode::closed, "the client left");
    co_return Chunk::copy_of(std::string(size, 'u'));
  }

  std::optional<std::uint64_t> length() const override {
    return tells_ ? std::optional<std::uint64_t>(told_) : std::nullopt;
  }

 private:
  Play& play_;
  std::size_t left_;
  std::size_t told_;
  bool tells_;
  bool slow_;
  bool fails_;
  bool ended_ = false;
  bool reading_ = false;
};

/// Hears of 1xx heads.
class Informed final : public http::Incoming {
 public:
  explicit Informed(const Play& play) : most_(play.settings.informational_responses) {}

  bool inform(const http::Response& head) override {
    demand(!answered, "a 1xx head behind the final one");
    demand(head.status >= 100 && head.status < 200 && head.status != 101, "no 1xx head");
    demand(++count_ <= most_, "more 1xx heads than the limit");
    return true;
  }

  Result<http::Request> take() override { return fail(ErrorCode::internal, "not asked for"); }

  Task<Result<Done>> send(http::Response) override { return Result<Done>(Done{}); }

  http::Traffic traffic() const override { return {}; }

  TimePoint received_at() const override { return {}; }

  std::string_view raw_line() const override { return {}; }

  bool answered = false;

 private:
  std::uint32_t most_;
  std::uint32_t count_ = 0;
};

/// Reads `wanted` pieces of a response, with pauses.
Task<Done> take_body(Play& play, http::Response& response, std::uint32_t id, bool has_data,
                     std::size_t wanted, bool slow) {
  const auto length = response.body->length();
  std::size_t taken = 0;
  while (wanted-- > 0) {
    if (slow) co_await sleep_until(play.loop, play.loop.now() + seconds(1));
    auto chunk = co_await response.body->read();
    if (!chunk) co_return Done{};
    taken += chunk->size();
    demand(taken <= (id < 16 ? play.data_sent[id] : 0), "data that nobody sent on the stream");
    demand(taken == 0 || has_data, "data behind a head that has none");
    if (!chunk->empty()) continue;
    demand(!length || !has_data || taken == *length, "another size than was told");
    if (const http::Headers* trailers = response.body->trailers())
      demand(!trailers->empty(), "trailers of no field");
    co_return Done{};
  }
  co_return Done{};
}

/// One request, of a kind by the bits of `kind`.
Task<Done> ask(Play& play, http::LeasePtr lease, std::uint32_t id, std::uint8_t kind,
               http::BodyPtr upload) {
  static constexpr std::string_view methods[] = {"GET", "HEAD", "POST", "OPTIONS"};
  http::Request request;
  request.method = upload != nullptr ? "POST" : methods[kind % 4];
  request.scheme = "http";
  request.authority = "h";
  request.target = "/";
  request.accepts_trailers = (kind & 4) != 0;
  Informed informed(play);
  http::Lease::Attempt attempt;
  attempt.read_timeout = seconds(20);
  if ((kind & 8) != 0) attempt.head_by = play.loop.now() + seconds(3);
  attempt.inform = &informed;
  attempt.body = std::move(upload);
  http::Lease& place = *lease;
  auto response = co_await place.send(std::move(lease), request, attempt);
  informed.answered = true;
  ++play.ended;
  demand(!attempt.unprocessed || !attempt.head_begun, "answered, and nobody acted on it");
  if (!response) co_return Done{};
  demand(!attempt.unprocessed && attempt.head_begun, "an answer without a head");
  demand(response->status >= 200 && response->status < 1000, "no final status");
  const auto name = response->headers.get("x-stream");
  demand(!play.names_streams || name == std::to_string(id), "the answer of another stream");
  if (response->body == nullptr) co_return Done{};
  const bool has_data =
      request.method != "HEAD" && response->status != 204 && response->status != 304;
  static constexpr std::size_t pieces[] = {SIZE_MAX, SIZE_MAX, 1, 0};
  co_await take_body(play, *response, id, has_data, pieces[(kind >> 4) % 4], (kind & 0x40) != 0);
  if ((kind & 0x80) != 0) co_await sleep_until(play.loop, play.loop.now() + seconds(5));
  co_return Done{};
}

/// May be given up at any moment.
Task<Done> ask_until(Task<Done> asking, Event& given_up) {
  co_await Until(std::move(asking), given_up);
  co_return Done{};
}

void begin_request(Play& play, fuzz::Choices& choices) {
  const std::uint8_t kind = choices.byte();
  http::BodyPtr upload;
  if ((kind & 3) == 2) {
    const std::uint8_t shape = choices.byte();
    upload = std::make_unique<Upload>(play, shape, choices.byte());
  }
  const std::size_t number = play.given_up.size();
  if (!play.connection->has_room() || number == requests_max) return;
  Event& given_up = *play.given_up.emplace_back(std::make_unique<Event>());
  const auto id = static_cast<std::uint32_t>(2 * number + 1);
  static_cast<void>(play.exchanges.spawn(
      ask_until(ask(play, play.connection->lease(), id, kind, std::move(upload)), given_up)));
}

std::string head_of(fuzz::Choices& choices, std::uint8_t stream) {
  static constexpr std::string_view statuses[] = {"200", "200", "200", "200", "200", "200",
                                                  "103", "100", "204", "304", "500", "101",
                                                  "600", "20",  "099", "199"};
  static constexpr std::string_view lengths[] = {"0", "5", "255", "16320"};
  const std::uint8_t choice = choices.byte();
  std::string text = fuzz::field(":status", statuses[choice % std::size(statuses)]) +
                     fuzz::field("x-stream", std::to_string(stream));
  if ((choice & 0x10) != 0) text += fuzz::field("content-length", lengths[choice >> 6]);
  if ((choice & 0x20) == 0) return text;
  for (std::size_t i = choices.byte(); i > 0 && text.size() < 16'000; --i)
    text += fuzz::field("x-long", std::string(120, 'x'));
  return text;
}

std::string next_frame(Play& play, fuzz::Choices& choices) {
  fuzz::Made made = fuzz::make_frame(choices, play.given_up.size(), head_of);
  // A section of any bytes may claim what it likes, also behind one that does not.
  if (made.raw && made.kind != fuzz::type::data) play.names_streams = false;
  if (made.kind == fuzz::type::data) play.data_sent[made.stream] += made.text.size();
  play.sent += made.text.size();
  return std::move(made.text);
}

Task<Done> drain(Stream& stream) {
  for (;;) {
    auto chunk = co_await stream.read(16 * 1024, never);
    if (!chunk || chunk->empty()) co_return Done{};
  }
}

Task<Done> send(Stream& stream, std::string frames, std::size_t piece) {
  // Single bytes for a while; what a few bytes made large comes in larger pieces.
  piece = std::max(piece, frames.size() / 1024);
  for (std::size_t at = 0; at < frames.size(); at += piece)
    if (!co_await stream.write(Chunks(Chunk::copy_of(std::string_view(frames).substr(at, piece))),
                               Flush::now, never))
      co_return Done{};
  co_return Done{};
}

/// What the fuzzer chose, in its order.
Task<Done> act(Play& play, fuzz::Choices choices, Stream& upstream, std::size_t piece) {
  std::string frames;
  while (choices.size > 0 && play.sent < sent_max) {
    const std::uint8_t act = choices.byte() % 16;
    if (act < 11) {
      frames += next_frame(play, choices);
      continue;
    }
    if (act != 12 && !frames.empty())
      co_await send(upstream, std::exchange(frames, std::string()), piece);
    if (act <= 12)
      begin_request(play, choices);
    else if (act == 13 && !play.given_up.empty())
      play.given_up[choices.byte() % play.given_up.size()]->set(play.loop);
    else if (act == 14)
      co_await sleep_until(play.loop, play.loop.now() + choices.byte() * milliseconds(20));
    else if (choices.byte() % 16 == 0)
      play.connection->shut_down();
  }
  co_await send(upstream, std::move(frames), piece);
  co_return Done{};
}

/// How the upstream is, by bits.
namespace manner {
constexpr std::uint8_t no_greeting = 1;
constexpr std::uint8_t deaf = 2;
constexpr std::uint8_t leaves = 4;
constexpr std::uint8_t ends = 8;
}  // namespace manner

Task<Done> run(Play& play, SocketPtr listening, Address where, fuzz::Choices choices) {
  Acceptor acceptor(play.loop, std::move(listening));
  const std::size_t piece = 1 + choices.byte();
  const std::uint8_t how = choices.byte();
  auto stream = co_await connect_stream(play.loop, where, never);
  auto accepted = co_await acceptor.accept();
  if (!stream || !accepted) co_return Done{};
  auto upstream = std::make_unique<SocketStream>(play.loop, std::move(accepted->socket));
  play.connection = std::make_shared<http::h2::ClientConnection>(
      play.loop, *std::move(stream), play.settings, seconds(60), play.home);
  static_cast<void>(play.driver.spawn(http::h2::ClientConnection::run(play.connection)));
  Scope upstream_tasks(play.loop, 2);
  if ((how & manner::deaf) == 0) static_cast<void>(upstream_tasks.spawn(drain(*upstream)));
  if ((how & manner::no_greeting) == 0)
    co_await send(*upstream, fuzz::frame(fuzz::type::settings, 0, 0, ""), piece);
  begin_request(play, choices);
  // A gateway that takes no bytes any more must not keep the upstream here.
  static_cast<void>(upstream_tasks.spawn(act(play, choices, *upstream, piece)));
  const TimePoint by = play.loop.now() + seconds(600);
  while (play.loop.now() < by && upstream_tasks.size() > ((how & manner::deaf) == 0 ? 1U : 0U))
    co_await sleep_until(play.loop, play.loop.now() + milliseconds(100));
  if ((how & manner::ends) != 0) co_await upstream->end(play.loop.now() + seconds(1));
  if ((how & manner::leaves) != 0) {
    upstream_tasks.cancel();
    co_await sleep_until(play.loop, play.loop.now() + milliseconds(1));
    upstream = nullptr;
  }
  co_await play.exchanges.join();
  play.connection->shut_down();
  co_await play.driver.join();
  co_return Done{};
}

void check_end(const Play& play) {
  demand(play.exchanges.size() == 0 && play.driver.size() == 0, "a request, or all of it, hangs");
  demand(play.ended <= play.given_up.size(), "a request was answered twice");
  demand(play.uploads == 0, "a request's body is left");
  if (play.connection == nullptr) return;
  demand(play.connection->is_over() && !play.connection->has_room(), "a connection did not end");
  demand(play.connection->active() == 0, "a place is still taken");
  demand(play.connection.use_count() == 1, "a lease is left");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::int64_t before = memory::live_bytes();
  {
    SimFaults faults;
    faults.piece_max = faults.buffer_bytes = 256 * 1024;
    SimEngine engine(size, faults);
    Loop loop(engine);
    auto listening = engine.listen(*Address::parse("127.0.0.1:80"), {}).value();
    const Address where = engine.local_address(*listening);
    Play play(loop);
    Scope main(loop, 1);
    static_cast<void>(main.spawn(run(play, std::move(listening), where, {data, size})));
    for (int turn = 0; main.size() > 0 && turn < 1'000'000; ++turn) {
      loop.turn(never);
      const auto begun = static_cast<std::int64_t>(play.exchanges.size());
      demand(memory::live_bytes() - before <= connection_bytes_max + begun * request_bytes_max,
             "more memory than the limits allow");
    }
    demand(main.size() == 0, "the upstream hangs");
    check_end(play);
  }
  demand(memory::live_bytes() == before, "memory is left");
  return 0;
}
