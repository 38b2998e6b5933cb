// Attack vectors through the whole gateway, in random pieces, beside ordinary clients: what an
// upstream sees is what was answered, request for request (security 1, I1), and nobody else
// notices.

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"
#include "support/probes.h"

namespace sluice::sim {
namespace {

struct Probe {
  std::string name;
  std::string bytes;
  std::string expected;  ///< a word a request: accept, incomplete, or "refuse" with the status
};

const std::vector<Probe>& probes() {
  static const auto all = [] {
    std::map<std::string, std::string> expected;
    for (const auto& row : testing::vector_table(SLUICE_SOURCE_DIR, "http11probe-expected.tsv"))
      expected[row[0]] = row[1];
    std::vector<Probe> result;
    for (const auto& row : testing::vector_table(SLUICE_SOURCE_DIR, "http11probe.tsv"))
      result.push_back({row[1], testing::probe_bytes(row[4]), expected[row[1]]});
    return result;
  }();
  return all;
}

/// Requests without a token are those of the probes; only one of these is under way at a time.
std::size_t whole_probe_sights(const World& world) {
  return static_cast<std::size_t>(std::ranges::count_if(
      world.ledger.sights, [](const Sight& sight) { return sight.token.empty() && sight.whole; }));
}

void judge(World& world, const Probe& probe, const Raw& raw, std::size_t seen) {
  std::istringstream words(probe.expected);
  std::string word;
  std::size_t index = 0;
  std::size_t forwarded = 0;
  while (words >> word) {
    const int status = index < raw.heads.size() ? raw.heads[index].status() : 0;
    const std::string what =
        probe.name + ": answer " + std::to_string(index) + " is " + std::to_string(status);
    ++index;
    if (word == "accept") {
      // The gateway refuses some methods whatever their form; no upstream sees these.
      const bool star = probe.bytes.starts_with("OPTIONS * ");  // no route's path matches it
      world.expect(status == 200 || status == 405 || (star && status == 404), what + ", not 200");
      if (status == 200) ++forwarded;
      continue;
    }
    if (word == "incomplete") {
      world.expect(status == 0 || status == 408, what + " to half a request");
      if (status == 0) --index;
      break;
    }
    int expected = 0;
    words >> expected;
    world.expect(status == expected, what + ", not " + std::to_string(expected));
    if (status != 0)
      world.expect(raw.heads[index - 1].get("connection") == "close",
                   what + ", and does not close");
    break;
  }
  world.expect(raw.heads.size() == index, probe.name + " got " + std::to_string(raw.heads.size()) +
                                              " answers, not " + std::to_string(index));
  world.expect(seen == forwarded, probe.name + ": an upstream saw " + std::to_string(seen) +
                                      " whole requests, and " + std::to_string(forwarded) +
                                      " were answered");
}

Task<Done> send_probes(World& world, std::size_t count) {
  for (; count > 0; --count) {
    const Probe& probe = probes()[world.dice.below(probes().size())];
    if (probe.bytes.size() > 3 * world.size_max()) continue;
    world.say("probe " + probe.name + ", expected: " + probe.expected);
    const std::size_t before = whole_probe_sights(world);
    auto stream = co_await world.connect();
    Wire wire(*std::move(stream));
    static_cast<void>(co_await world.send(wire.stream(), probe.bytes,
                                          probe.bytes.size() < 300 && world.dice.one_in(4)));
    const std::string method = probe.bytes.substr(0, probe.bytes.find(' '));
    const Raw raw = co_await read_raw(world, wire, {method, "GET"});
    // An upload that was refused on its way ends at the upstream a moment later.
    co_await sleep_until(world.loop(), world.loop().now() + milliseconds(100));
    judge(world, probe, raw, whole_probe_sights(world) - before);
  }
  co_return Done{};
}

void play(World& world) {
  Configuration configuration;
  configuration.timeouts = "header: 8, body_idle: 8, keep_alive: 20, linger: 30";
  configuration.more =
      "- name: any\n  host: 10.0.0.1\n  port: 80\n  routes:\n  - {name: any, paths: [/], "
      "strip_path: false}\n";
  world.install(configuration);
  world.add_upstream("10.0.0.1:80");
  world.spawn(send_probes(world, world.is_slow() ? 5 : 20));
  std::vector<Ask> asks;
  for (std::size_t n = 2 + world.dice.below(4); n > 0; --n)
    asks.push_back(plain_ask(world));
  Manner manner;
  manner.idle_max = seconds(1);
  world.spawn(ask_all(world, std::move(asks), manner));
  world.run();
}

TEST(Simulation, ShowsUpstreamsNoRequestThatNobodyMade) {
  ASSERT_EQ(probes().size(), 206u);
  for (const Probe& probe : probes())
    ASSERT_FALSE(probe.expected.empty()) << probe.name;
  play_seeds({"smuggling", play}, 150);
}

}  // namespace
}  // namespace sluice::sim
