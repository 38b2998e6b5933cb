// What scripted upstreams do with a request, and what they check in it.

#include "sim/upstream.h"

#include <algorithm>

#include "runtime/listener.h"
#include "runtime/socket_stream.h"
#include "sim/world.h"

namespace sluice::sim {

/// One request, with what its target asks for: /sim/ACTION?name=value&...
struct Upstream::Call {
  Wire& wire;
  Head head;
  std::size_t sight;
  std::string method;
  std::string action;
  std::map<std::string, std::string> wishes;
  std::string body;

  const std::string& token() { return wishes["token"]; }

  std::uint64_t number(const std::string& name, std::uint64_t otherwise = 0) {
    return wishes.contains(name) ? number_in(wishes[name]).value_or(otherwise) : otherwise;
  }
};

namespace {

std::map<std::string, std::string> wishes_in(std::string_view target) {
  std::map<std::string, std::string> wishes;
  const std::size_t mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equal = std::min(pair.find('='), pair.size());
    wishes[std::string(pair.substr(0, equal))] = pair.substr(std::min(equal + 1, pair.size()));
  }
  return wishes;
}

bool is_bodiless(std::string_view method, std::uint64_t status) {
  return method == "HEAD" || status == 204 || status == 304;
}

}  // namespace

Upstream::Upstream(World& world, const std::string& address)
    : world_(world),
      address_(address),
      accepting_(world.loop(), 1),
      connections_(world.loop(), 100'000) {
  SocketPtr socket = world.engine().listen(Address::parse(address).value(), {}).value();
  static_cast<void>(accepting_.spawn(accept_loop(std::move(socket))));
}

void Upstream::stop() {
  accepting_.cancel();
  connections_.cancel();
}

Task<Done> Upstream::accept_loop(SocketPtr socket) {
  Acceptor acceptor(world_.loop(), std::move(socket));
  for (;;) {
    auto accepted = co_await acceptor.accept();
    if (!accepted) continue;
    auto stream = std::make_unique<SocketStream>(world_.loop(), std::move(accepted->socket));
    static_cast<void>(connections_.spawn(serve(std::move(stream), ++accepted_)));
  }
}

Task<Done> Upstream::serve(StreamPtr stream, std::size_t number) {
  Wire wire(std::move(stream));
  const auto name = [&] { return address_ + "#" + std::to_string(number) + " "; };
  for (;;) {
    TimePoint until = never;
    if (idle_max.count() > 0 && wire.taken() > 0)
      until = world_.loop().now() +
              nanoseconds(world_.dice.below(static_cast<std::uint64_t>(idle_max.count())));
    const std::uint64_t from = wire.taken();
    Head head = co_await wire.read_head(until);
    if (head.ended == Ended::broken) world_.fail(name() + "got " + head.why);
    if (head.ended != Ended::whole) break;
    world_.say(name() + "got " + head.start);
    check_head(head);

    const std::size_t space = head.start.find(' ');
    const std::string target = head.start.substr(space + 1, head.start.rfind(' ') - space - 1);
    Call call{wire, std::move(head), world_.ledger.sights.size(), "", "", wishes_in(target), ""};
    call.method = call.head.start.substr(0, space);
    const std::string path = target.substr(0, target.find('?'));
    call.action = path.substr(path.rfind('/') + 1);
    world_.ledger.sights.push_back({address_ + "#" + std::to_string(number), number, from, 0,
                                    call.head.get("x-kong-request-id"), call.token(), call.method,
                                    false});
    if (!co_await answer(call)) break;
  }
  co_await wire.stream().end(world_.loop().now() + seconds(60));
  co_return Done{};
}

/// I1: what only the gateway adds is there, what it must have taken away is not, and the framing
/// has one meaning.
void Upstream::check_head(const Head& head) {
  const auto expect = [&](bool condition, const char* what) {
    if (!condition) world_.fail("an upstream got " + std::string(what) + ": " + head.start);
  };
  expect(std::ranges::count(head.start, ' ') == 2 && head.start.ends_with(" HTTP/1.1"),
         "a bad request line");
  const std::string id = head.get("x-kong-request-id");
  expect(head.count("x-kong-request-id") == 1 && id.size() == 32 &&
             id.find_first_not_of("0123456789abcdef") == std::string::npos,
         "a request without the gateway's id (smuggled?)");
  for (const char* const name :
       {"host", "x-correlation-id", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"})
    expect(head.count(name) == 1, name);
  for (const char* const name : {"expect", "keep-alive", "proxy-connection", "http2-settings"})
    expect(head.count(name) == 0, name);
  const std::string connection = head.get("connection");
  expect(head.count("connection") <= 1 && (connection.empty() || connection == "TE" ||
                                           connection == "Upgrade" || connection == "Upgrade, TE"),
         "a bad Connection");
  expect(head.count("upgrade") == (connection.starts_with("Upgrade") ? 1u : 0u), "a bad Upgrade");
  expect(head.count("content-length") + head.count("transfer-encoding") <= 1, "two framings");
  expect(head.get("x-token").empty() ||
             head.start.find("token=" + head.get("x-token") + "&") != std::string::npos,
         "fields of another request");
}

/// The body must be the client's, to the last byte: an upload that was cut must never look whole.
Task<bool> Upstream::take_body(Call& call) {
  Content content = co_await call.wire.read_body(call.head, false);
  if (content.ended == Ended::broken) world_.fail("an upstream got a bad body: " + content.why);
  if (content.ended != Ended::whole) {
    world_.say("  " + call.token() + " was cut after " + std::to_string(content.bytes.size()) +
               " bytes");
    co_return false;
  }
  Sight& sight = world_.ledger.sights[call.sight];
  sight.whole = true;
  sight.to = call.wire.taken();
  if (call.wishes.contains("up"))
    world_.expect(content.bytes == pattern(call.token() + "u", call.number("up")),
                  call.token() + " came whole, with another body: " +
                      std::to_string(content.bytes.size()) + " bytes");
  if (call.wishes.contains("sum"))
    world_.expect(content.trailers.size() == 1 && content.trailers[0].value == call.token(),
                  call.token() + " came without its trailer");
  call.body = std::move(content.bytes);
  co_return true;
}

Upstream::Answer Upstream::answer(Call& call) {
  if (call.action == "early" || call.action == "rude" || call.action == "early200")
    return reply_early(call);
  if (call.action == "hang" || call.action == "deaf") return hang(call);
  if (call.action == "drop") return drop(call);
  if (call.action == "cut") return cut(call);
  if (call.action == "garbage") return garbage(call);
  if (call.action == "surplus") return surplus(call);
  if (call.action == "tunnel") return tunnel(call);
  return [](Upstream& self, Call& its) -> Answer {
    if (!co_await self.take_body(its)) co_return false;
    const auto wait = milliseconds(its.number("wait"));
    if (wait.count() > 0) co_await self.world_.pause(wait);
    std::string body =
        its.action == "echo" ? its.body : pattern(its.token() + "d", its.number("down"));
    if (!co_await self.reply(its, its.number("status", 200), std::move(body))) co_return false;
    co_return !self.ends_behind(its);
  }(*this, call);
}

/// Only where it said so, or where its end is the body's end.
bool Upstream::ends_behind(Call& call) {
  const bool to_end =
      call.wishes["how"] == "close" && !is_bodiless(call.method, call.number("status", 200));
  return to_end || call.wishes.contains("bye");
}

Task<bool> Upstream::reply(Call& call, std::uint64_t status, std::string body) {
  std::string text;
  for (std::uint64_t i = call.number("hints"); i > 0; --i)
    text += "HTTP/1.1 103 Early Hints\r\nX-Token: " + call.token() + "\r\n\r\n";
  text += "HTTP/1.1 " + std::to_string(status) + " Because\r\nX-Token: " + call.token() +
          "\r\nX-Kept: a, b\r\n";
  if (call.wishes.contains("bye")) text += "Connection: close\r\n";
  const std::string& how = call.wishes["how"];
  const bool bodiless = is_bodiless(call.method, status);
  if (how == "chunked" && status != 204 && status != 304)
    text += "Transfer-Encoding: chunked\r\n\r\n";
  else if (how == "close" || status == 204 || status == 304)
    text += "\r\n";
  else
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  if (!bodiless) {
    const std::string trailers =
        call.wishes.contains("downsum") ? "X-Sum: " + call.token() + "\r\n" : "";
    text += how == "chunked" ? chunked(body, trailers, world_.dice) : body;
  }
  if (const auto cut_at = call.number("cut"); call.wishes.contains("cut"))
    text.resize(text.size() - std::min<std::size_t>(text.size(), cut_at));
  const bool sent =
      co_await world_.send(call.wire.stream(), std::move(text), call.wishes.contains("bytes"));
  if (call.action != "early200" && call.action != "early" && call.action != "rude")
    world_.expect(call.wire.ahead() == 0,
                  "bytes came behind " + call.token() + " before it had its answer");
  co_return sent;
}

Upstream::Answer Upstream::reply_early(Call& call) {
  if (world_.dice.one_in(2)) co_await world_.pause(milliseconds(20));
  if (call.action == "early200") {
    if (!co_await reply(call, 200, pattern(call.token() + "d", call.number("down"))))
      co_return false;
    co_return co_await take_body(call);
  }
  call.wishes["bye"] = "1";
  if (!co_await reply(call, 413, pattern(call.token() + "d", call.number("down")))) co_return false;
  if (call.action == "rude") co_return false;
  co_await call.wire.stream().end(world_.loop().now() + seconds(60));
  while (!(co_await call.wire.read_some()).empty())
    continue;
  co_return false;
}

/// Never answers; deaf does not even read.
Upstream::Answer Upstream::hang(Call& call) {
  if (call.action == "deaf") {
    Event& gone = call.wire.stream().gone();
    if (!gone.is_set()) co_await wait_for(world_.loop(), gone.waiting());
    co_return false;
  }
  while (!(co_await call.wire.read_some()).empty())
    continue;
  co_return false;
}

/// Closes without a byte, as often as the request says; then answers.
Upstream::Answer Upstream::drop(Call& call) {
  const bool drops = world_.ledger.sights_of(call.token()) <= call.number("times");
  if (drops && world_.dice.one_in(3)) co_return false;  // with the body unread: a reset
  if (!co_await take_body(call)) co_return false;
  if (world_.dice.one_in(2)) co_await world_.pause(milliseconds(20));
  if (drops) co_return false;
  co_return co_await reply(call, 200, pattern(call.token() + "d", call.number("down")));
}

/// Ends before its answer does.
Upstream::Answer Upstream::cut(Call& call) {
  if (!co_await take_body(call)) co_return false;
  static_cast<void>(co_await reply(call, 200, pattern(call.token() + "d", call.number("down"))));
  co_return false;
}

Upstream::Answer Upstream::garbage(Call& call) {
  static constexpr std::string_view answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\n folded: x\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n",
      "\r\n\r\n\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
  };
  if (!co_await take_body(call)) co_return false;
  static_cast<void>(co_await world_.send(
      call.wire.stream(), std::string(answers[world_.dice.below(std::size(answers))])));
  co_return false;
}

/// Another answer behind the one that was asked for, and nothing more on this connection.
Upstream::Answer Upstream::surplus(Call& call) {
  if (!co_await take_body(call)) co_return false;
  if (!co_await reply(call, 200, pattern(call.token() + "d", call.number("down")))) co_return false;
  static_cast<void>(co_await world_.send(
      call.wire.stream(), "HTTP/1.1 299 Evil\r\nX-Token: evil\r\nContent-Length: 4\r\n\r\nevil"));
  while (!(co_await call.wire.read_some()).empty())
    world_.fail("a request behind surplus bytes");
  co_return false;
}

Upstream::Answer Upstream::tunnel(Call& call) {
  const std::string expected = pattern(call.token() + "u", call.number("up"));
  // Security 1.8: nothing of the client's may come before the upgrade is accepted.
  const std::string early =
      co_await call.wire.read_some(world_.loop().now() + milliseconds(world_.dice.below(30)));
  world_.expect(early.empty(), call.token() + ": bytes of a tunnel that was not accepted");
  world_.ledger.sights[call.sight].whole = true;
  if (!co_await world_.send(call.wire.stream(),
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: "
                            "Upgrade\r\nX-Token: " +
                                call.token() + "\r\n\r\n"))
    co_return false;
  // Talks for a while, whatever it hears; or listens for a while before it talks.
  const std::string ticks = pattern(call.token() + "t", call.number("ticks"));
  for (const char tick : ticks) {
    co_await sleep_until(world_.loop(), world_.loop().now() + seconds(2));
    if (!co_await world_.send(call.wire.stream(), std::string(1, tick))) co_return false;
  }
  std::string heard;
  while (call.wishes.contains("quiet") && heard.size() < expected.size()) {
    const std::string bytes = co_await call.wire.read_some();
    if (bytes.empty()) co_return false;
    heard += bytes;
  }
  world_.expect(expected.starts_with(heard), call.token() + ": other bytes in the tunnel");
  if (!co_await world_.send(call.wire.stream(), heard)) co_return false;
  std::size_t got = heard.size();
  for (std::size_t left = call.number("until", UINT64_MAX);;) {
    std::string bytes = co_await call.wire.read_some();
    if (bytes.empty()) co_return false;
    world_.expect(expected.compare(got, bytes.size(), bytes) == 0,
                  call.token() + ": other bytes in the tunnel");
    got += bytes.size();
    bytes.resize(std::min(bytes.size(), left));
    left -= bytes.size();
    if (!co_await world_.send(call.wire.stream(), std::move(bytes)) || left == 0) co_return false;
  }
}

}  // namespace sluice::sim
