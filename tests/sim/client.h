#pragma once
// Scripted clients: what they ask, how they send it, and what they must get for it.

#include <set>
#include <string>
#include <vector>

#include "sim/world.h"

namespace sluice::sim {

/// One request, and its answer by the rules of the scripted upstream.
struct Ask {
  std::string token;
  std::string method = "GET";
  std::string prefix = "/sim/";
  std::string action = "down";
  std::size_t up = 0;  ///< bytes of body; only with `has_body`
  bool has_body = false;
  bool up_chunked = false;
  bool up_trailer = false;
  std::size_t down = 0;    ///< bytes of the answer
  std::string how = "cl";  ///< its framing at the upstream: cl, chunked, close
  int status = 200;        ///< what the upstream answers
  int hints = 0;           ///< 103 before it
  bool down_trailer = false;
  bool takes_trailers = false;
  bool expects_continue = false;
  bool closes = false;  ///< Connection: close
  bool http_1_0 = false;
  bool keeps_1_0 = false;      ///< HTTP/1.0 with Connection: keep-alive
  std::string more;            ///< further wishes: "&wait=20"
  nanoseconds wait_behind{0};  ///< before the next request

  // What else is right.
  std::set<int> refusals;   ///< answers of the gateway itself; without 0, only these
  bool may_break = false;   ///< no answer, or a part of one, is right too
  bool must_break = false;  ///< a whole answer is wrong
  std::string log_error;    ///< what the access log must say when it broke

  std::string head() const;

  /// The gateway may close behind it, since the upload is not over.
  bool may_close() const {
    return closes || action == "early" || action == "early200" || action == "rude" || must_break ||
           (http_1_0 && (!keeps_1_0 || how != "cl")) || may_break || !refusals.empty();
  }

  bool answers_early() const {
    return action == "early" || action == "early200" || action == "rude";
  }
};

struct Manner {
  bool pipelines = false;
  /// How long a connection rests at most between two requests and at its end.
  nanoseconds idle_max{milliseconds(30)};
};

/// Asks all on one connection, judges each answer, and sees the connection's end.
Task<Done> ask_on_one(World& world, std::vector<Ask> asks, Manner manner);
/// One connection after another, each up to the first request that may end it.
Task<Done> ask_all(World& world, std::vector<Ask> asks, Manner manner);
/// As ask_all, but leaves at a random moment of `within`.
Task<Done> ask_and_leave(World& world, std::vector<Ask> asks, Manner manner, nanoseconds within);

/// A request that nothing goes wrong with.
Ask plain_ask(World& world);
/// Kinds that upstreams answer while, before or instead of reading the upload.
Ask early_ask(World& world);

/// For scripts that write their own bytes: reads answers until the connection ends, and reports
/// what is no HTTP.
struct Raw {
  std::vector<Head> heads;  ///< final ones
  std::vector<std::string> bodies;
  bool clean = false;  ///< ended between messages
  TimePoint ended_at{};
};

Task<Raw> read_raw(World& world, Wire& wire, std::vector<std::string> methods);
/// Checks what every final answer of the gateway has.
void check_answer_head(World& world, const Head& head, const std::string& whose);

}  // namespace sluice::sim
