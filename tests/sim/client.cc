// What scripted clients send, read and expect.

#include "sim/client.h"

#include <algorithm>

namespace sluice::sim {
namespace {

/// One connection in use: who sends and who reads share it.
struct Talk {
  Talk(World& its_world, StreamPtr stream, const std::vector<Ask>& its_asks)
      : world(its_world), wire(std::move(stream)), asks(its_asks), sent(its_asks.size()) {}

  World& world;
  Wire wire;
  const std::vector<Ask>& asks;
  std::vector<std::uint64_t> sent;  ///< bytes of each request, once it left whole
  std::size_t answered = 0;
  bool may_go_on = false;  ///< 100 Continue came for the request that waits
  bool over = false;
  WaitList progress;

  void step() { progress.wake_all(world.loop()); }
};

struct Answer {
  Head head;
  Content content;
  int hints = 0;
  std::uint64_t bytes = 0;

  bool whole() const { return head.ended == Ended::whole && content.ended == Ended::whole; }
};

std::string body_of(World& world, const Ask& ask) {
  const std::string bytes = pattern(ask.token + "u", ask.up);
  if (!ask.up_chunked) return bytes;
  return chunked(bytes, ask.up_trailer ? "X-Sum: " + ask.token + "\r\n" : "", world.dice);
}

Task<Done> send_all(Talk& talk, Manner manner) {
  World& world = talk.world;
  for (std::size_t i = 0; i < talk.asks.size(); ++i) {
    const Ask& ask = talk.asks[i];
    while (!manner.pipelines && talk.answered < i && !talk.over)
      co_await wait_for(world.loop(), talk.progress);
    if (i > 0 && talk.asks[i - 1].wait_behind.count() > 0)
      co_await sleep_until(world.loop(), world.loop().now() + talk.asks[i - 1].wait_behind);
    else if (i > 0 && world.dice.one_in(3))
      co_await world.pause(manner.idle_max);
    if (talk.over) break;
    talk.may_go_on = false;
    std::string text = ask.head();
    if (ask.has_body && !ask.expects_continue) {
      text += body_of(world, ask);
    } else if (ask.expects_continue) {
      talk.sent[i] = text.size();
      if (!co_await world.send(talk.wire.stream(), std::move(text))) break;
      while (!talk.may_go_on && talk.answered <= i && !talk.over)
        co_await wait_for(world.loop(), talk.progress);
      if (!talk.may_go_on) break;  // the answer came instead: the body is not wanted
      text = body_of(world, ask);
    }
    talk.sent[i] += text.size();
    if (!co_await world.send(talk.wire.stream(), std::move(text))) break;
  }
  co_return Done{};
}

Task<Answer> read_answer(Talk& talk, const Ask& ask) {
  World& world = talk.world;
  Answer answer;
  const std::uint64_t from = talk.wire.taken();
  for (;;) {
    answer.head = co_await talk.wire.read_head();
    const int status = answer.head.status();
    if (answer.head.ended != Ended::whole || status < 100 || status > 199 || status == 101) break;
    if (status == 100) {
      world.expect(ask.expects_continue, ask.token + " got a 100 that it had not asked for");
      talk.may_go_on = true;
      talk.step();
      continue;
    }
    ++answer.hints;
    world.expect(answer.head.get("x-token") == ask.token, ask.token + " got another request's 1xx");
  }
  if (answer.head.ended == Ended::whole) {
    const int status = answer.head.status();
    if (ask.method != "HEAD" && status != 204 && status != 304)
      answer.content = co_await talk.wire.read_body(answer.head, true);
  }
  answer.bytes = talk.wire.taken() - from;
  co_return answer;
}

bool ends_connection(const Ask& ask, const Head& head) {
  const std::string connection = head.get("connection");
  return connection == "close" || (ask.http_1_0 && connection != "keep-alive");
}

/// A whole answer of the upstream: every byte of it is known.
void check_upstream_answer(World& world, const Ask& ask, const Answer& answer) {
  const Head& head = answer.head;
  const auto expect = [&](bool condition, const std::string& what) {
    world.expect(condition, ask.token + " " + what);
  };
  expect(head.status() == ask.status, "got status " + std::to_string(head.status()));
  expect(head.get("x-token") == ask.token, "got the answer to " + head.get("x-token"));
  expect(head.get("x-kept") == "a, b", "lost a field");
  expect(head.get("via") == "1.1 sluice/" SLUICE_VERSION, "has Via: " + head.get("via"));
  expect(answer.hints == (ask.http_1_0 ? 0 : ask.hints),
         "got " + std::to_string(answer.hints) + " hints");
  const bool bodiless = ask.method == "HEAD" || ask.status == 204 || ask.status == 304;
  const std::string body = bodiless               ? ""
                           : ask.action == "echo" ? pattern(ask.token + "u", ask.up)
                                                  : pattern(ask.token + "d", ask.down);
  // HTTP/1.0 without a length: where the connection broke looks like the end.
  const bool may_be_cut = ask.may_break && ask.http_1_0 && head.count("content-length") == 0;
  expect(answer.content.bytes == body || (may_be_cut && body.starts_with(answer.content.bytes)),
         "got another body: " + std::to_string(answer.content.bytes.size()) + " bytes");
  if (ask.method == "HEAD" && ask.how == "cl" && ask.status == 200)
    expect(head.get("content-length") == std::to_string(ask.down),
           "lost the length of what HEAD does not send");
  if (ask.how == "cl" && !bodiless) expect(head.count("content-length") == 1, "lost its length");
  if (ask.status == 204) expect(head.count("content-length") == 0, "has a length with 204");
  if (ask.how != "cl" && !bodiless)
    expect(head.count("transfer-encoding") == (ask.http_1_0 ? 0u : 1u),
           "is framed for another version");
  const bool trailer =
      ask.down_trailer && ask.takes_trailers && ask.how == "chunked" && !ask.http_1_0 && !bodiless;
  expect(answer.content.trailers.size() == (trailer ? 1u : 0u), "has the wrong trailers");
  if (trailer && !answer.content.trailers.empty())
    expect(answer.content.trailers[0].value == ask.token, "got another answer's trailer");
}

void judge(World& world, const Ask& ask, const Answer& answer, std::uint64_t sent) {
  const Head& head = answer.head;
  world.say("client: " + ask.token + " " + ask.method + " " + ask.action + " -> " + head.start +
            ", " + std::to_string(answer.content.bytes.size()) + " bytes" +
            (answer.whole() ? "" : ", not whole"));
  for (const auto& [ended, why] :
       {std::pair(head.ended, head.why), std::pair(answer.content.ended, answer.content.why)})
    world.expect(ended != Ended::broken, ask.token + " got what is no HTTP: " + why);
  if (!answer.whole()) {
    // A drain may close a connection on which a request is on its way: nobody must have seen that
    // one.
    const bool never_begun =
        world.draining() && head.ended != Ended::whole && world.ledger.sights_of(ask.token) == 0;
    world.expect(
        ask.may_break || ask.must_break || never_begun,
        ask.token + " " + ask.method + " " + ask.action + " got no whole answer: " + head.start);
    return;
  }
  check_answer_head(world, head, ask.token);
  world.expect(
      !world.ledger.last_ones.contains(head.get("x-kong-request-id")) || ends_connection(ask, head),
      ask.token + " was answered during the drain without Connection: close");
  world.expect(!ask.must_break, ask.token + " got a whole answer, which its upstream never gave");
  const bool refused = ask.refusals.contains(head.status()) && head.get("x-token").empty();
  world.ledger.receipts.push_back({ask.token, head.get("x-kong-request-id"), head.status(),
                                   refused || ask.answers_early() ? 0 : sent,
                                   ask.may_break ? 0 : answer.bytes});
  if (refused) return;
  if (!ask.refusals.empty() && !ask.refusals.contains(0))
    world.fail(ask.token + " " + ask.action + " was not refused: " + head.start);
  check_upstream_answer(world, ask, answer);
}

/// What the gateway announced, it does; and no byte comes that nobody asked for.
Task<Done> see_end(Talk& talk, const Ask& last, const Answer& answer, Manner manner) {
  World& world = talk.world;
  if (answer.whole() && ends_connection(last, answer.head)) {
    const std::string more = co_await talk.wire.read_some();
    world.expect(more.empty(),
                 last.token + ": bytes behind the last answer: " + more.substr(0, 80));
    co_return Done{};
  }
  if (!answer.whole() || world.dice.one_in(2)) co_return Done{};
  const nanoseconds wait(world.dice.below(static_cast<std::uint64_t>(manner.idle_max.count()) + 1));
  const std::string more = co_await talk.wire.read_some(world.loop().now() + wait);
  world.expect(more.empty(), last.token + ": bytes that nobody asked for: " + more.substr(0, 80));
  co_return Done{};
}

}  // namespace

std::string Ask::head() const {
  std::string text = method + " " + prefix + action + "?token=" + token +
                     "&down=" + std::to_string(down) + "&how=" + how;
  if (has_body || action == "tunnel") text += "&up=" + std::to_string(up);
  if (status != 200) text += "&status=" + std::to_string(status);
  if (hints > 0) text += "&hints=" + std::to_string(hints);
  if (down_trailer) text += "&downsum=1";
  if (up_trailer) text += "&sum=1";
  text += more + (http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n") +
          "Host: sim.test\r\nX-Token: " + token + "\r\n";
  if (has_body)
    text += up_chunked ? "Transfer-Encoding: chunked\r\n"
                       : "Content-Length: " + std::to_string(up) + "\r\n";
  if (expects_continue) text += "Expect: 100-continue\r\n";
  if (takes_trailers) text += "TE: trailers\r\n";
  if (action == "tunnel" || action == "refuse") text += "Upgrade: echo\r\n";
  std::string connection = takes_trailers ? "TE" : "";
  if (action == "tunnel" || action == "refuse")
    connection += connection.empty() ? "Upgrade" : ", Upgrade";
  if (closes) connection += connection.empty() ? "close" : ", close";
  if (keeps_1_0) connection = "keep-alive";
  if (!connection.empty()) text += "Connection: " + connection + "\r\n";
  return text + "\r\n";
}

void check_answer_head(World& world, const Head& head, const std::string& whose) {
  const auto expect = [&](bool condition, const std::string& what) {
    world.expect(condition, whose + " has " + what);
  };
  const int status = head.status();
  expect(status >= 200 || status == 101, "a bad status line: " + head.start);
  expect(head.count("x-kong-request-id") == 1 && head.get("x-kong-request-id").size() == 32,
         "no request id");
  expect(head.count("date") == 1, "no Date");
  expect(head.count("server") <= 1 && head.count("connection") <= 1, "two of a field");
  expect(head.count("content-length") + head.count("transfer-encoding") <= 1, "two framings");
  // Plugins dress every head, whoever made it.
  expect(status == 101 || head.count("x-correlation-id") <= 1, "two correlation ids");
}

Task<Done> ask_on_one(World& world, std::vector<Ask> asks, Manner manner) {
  for (const Ask& ask : asks)
    if (!ask.log_error.empty()) world.ledger.expected_errors[ask.token] = ask.log_error;
  auto stream = co_await world.connect();
  if (!stream) {
    for (const Ask& ask : asks)
      world.expect(ask.may_break || world.draining(), ask.token + " found no listener");
    co_return Done{};
  }
  Talk talk(world, *std::move(stream), asks);
  Scope sender(world.loop(), 1);
  static_cast<void>(sender.spawn(send_all(talk, manner)));
  Answer answer;
  for (std::size_t i = 0; i < asks.size(); ++i) {
    answer = co_await read_answer(talk, asks[i]);
    const bool goes_on = answer.whole() && !ends_connection(asks[i], answer.head);
    judge(world, asks[i], answer, talk.sent[i]);
    ++talk.answered;
    if (!goes_on || i + 1 == asks.size()) {
      for (std::size_t left = i + 1; left < asks.size(); ++left)
        world.expect(
            asks[i].may_close() || asks[left].may_break ||
                (world.draining() && world.ledger.sights_of(asks[left].token) == 0),
            asks[left].token + " was never answered, though the connection should have gone on");
      talk.over = true;
      talk.step();
      co_await see_end(talk, asks[i], answer, manner);
      break;
    }
    talk.step();
  }
  co_return Done{};
}

Task<Done> ask_all(World& world, std::vector<Ask> asks, Manner manner) {
  std::vector<Ask> batch;
  for (Ask& ask : asks) {
    batch.push_back(std::move(ask));
    if (!batch.back().may_close() && &ask != &asks.back()) continue;
    const nanoseconds wait = batch.back().wait_behind;
    co_await ask_on_one(world, std::exchange(batch, {}), manner);
    co_await sleep_until(world.loop(), world.loop().now() + wait);
    if (world.dice.one_in(2)) co_await world.pause(manner.idle_max);
  }
  co_return Done{};
}

Task<Done> ask_and_leave(World& world, std::vector<Ask> asks, Manner manner, nanoseconds within) {
  for (Ask& ask : asks)
    ask.may_break = true;
  Event leave;
  Scope timer(world.loop(), 1);
  const nanoseconds moment(world.dice.below(static_cast<std::uint64_t>(within.count()) + 1));
  static_cast<void>(timer.spawn([](World& its_world, Event& event, nanoseconds wait) -> Task<Done> {
    co_await sleep_until(its_world.loop(), its_world.loop().now() + wait);
    event.set(its_world.loop());
    co_return Done{};
  }(world, leave, moment)));
  const std::string token = asks.front().token;
  const auto left = !co_await Until(ask_all(world, std::move(asks), manner), leave);
  if (left) world.say("client: " + token + " and those behind it left");
  co_return Done{};
}

Task<Raw> read_raw(World& world, Wire& wire, std::vector<std::string> methods) {
  Raw raw;
  for (;;) {
    Head head = co_await wire.read_head();
    if (head.ended == Ended::broken) world.fail("got what is no HTTP: " + head.why);
    if (head.ended != Ended::whole) {
      raw.clean = head.ended == Ended::before;
      break;
    }
    const int status = head.status();
    if (status >= 100 && status < 200 && status != 101) continue;
    check_answer_head(world, head, "an answer");
    const bool is_head = raw.heads.size() < methods.size() && methods[raw.heads.size()] == "HEAD";
    Content content;
    if (!is_head && status != 204 && status != 304) content = co_await wire.read_body(head, true);
    world.say("client: got " + head.start + ", " + std::to_string(content.bytes.size()) + " bytes");
    if (content.ended == Ended::broken) world.fail("got a body that is no HTTP: " + content.why);
    raw.heads.push_back(std::move(head));
    raw.bodies.push_back(std::move(content.bytes));
    if (content.ended != Ended::whole) break;
    world.ledger.receipts.push_back({"", raw.heads.back().get("x-kong-request-id"), status, 0, 0});
  }
  raw.ended_at = world.loop().now();
  co_return raw;
}

Ask plain_ask(World& world) {
  Random& dice = world.dice;
  Ask ask;
  ask.token = world.new_token();
  ask.down = world.size();
  constexpr std::string_view ways[] = {"cl", "chunked", "close"};
  ask.how = ways[dice.below(3)];
  constexpr std::string_view methods[] = {"GET",    "GET",     "POST",  "POST", "PUT",
                                          "DELETE", "OPTIONS", "PATCH", "HEAD"};
  ask.method = methods[dice.below(std::size(methods))];
  if (ask.method == "POST" || ask.method == "PUT" || ask.method == "PATCH" || dice.one_in(8)) {
    ask.has_body = ask.method != "HEAD";
    ask.up = ask.has_body ? world.size() : 0;
    ask.up_chunked = dice.one_in(2);
    ask.up_trailer = ask.has_body && ask.up_chunked && dice.one_in(4);
    ask.expects_continue = ask.has_body && ask.up > 0 && dice.one_in(6);
    if (ask.has_body && dice.one_in(2)) ask.action = "echo";
  }
  if (dice.one_in(6)) {
    constexpr int statuses[] = {201, 204, 304, 404, 500, 503};
    ask.status = statuses[dice.below(std::size(statuses))];
  }
  if (dice.one_in(8)) ask.hints = static_cast<int>(1 + dice.below(10));
  ask.down_trailer = dice.one_in(4);
  ask.takes_trailers = dice.one_in(4);
  if (dice.one_in(10)) ask.more += "&bye=1";
  if (dice.one_in(8)) ask.more += "&wait=" + std::to_string(dice.below(300));
  if (dice.one_in(10) && ask.down < 400) ask.more += "&bytes=1";
  if (dice.one_in(12)) ask.closes = true;
  if (dice.one_in(10) && !ask.up_chunked) {
    ask.http_1_0 = true;
    ask.takes_trailers = ask.expects_continue = ask.closes = false;
    ask.keeps_1_0 = dice.one_in(2);
  }
  return ask;
}

Ask early_ask(World& world) {
  Ask ask;
  ask.token = world.new_token();
  ask.method = world.dice.one_in(3) ? "PUT" : "POST";
  constexpr std::string_view actions[] = {"early", "early200", "rude"};
  ask.action = actions[world.dice.below(3)];
  ask.status = ask.action == "early200" ? 200 : 413;
  ask.has_body = true;
  ask.up = world.size() + world.dice.below(world.size_max());
  ask.up_chunked = world.dice.one_in(2);
  ask.down = world.dice.below(2) * world.size();
  ask.how = world.dice.one_in(2) ? "cl" : "chunked";
  // Its reset may overtake the answer.
  if (ask.action == "rude") {
    ask.refusals = {0, 502};
    ask.may_break = true;
  }
  return ask;
}

}  // namespace sluice::sim
