// Services by name: what DNS says of them is where requests go, and changes under way.

#include <algorithm>
#include <initializer_list>

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"
#include "support/name_server.h"

namespace sluice::sim {
namespace {

using testing::address_record;
using testing::service_record;

Configuration configuration() {
  Configuration result;
  result.more =
      "- name: named\n  host: web.test\n  port: 80\n  routes:\n"
      "  - {name: named, paths: [/named], strip_path: false}\n";
  return result;
}

/// Some requests, all of which must be answered, by upstreams of `expected` alone.
void ask_for(World& world, std::initializer_list<std::string_view> expected) {
  const std::size_t before = world.ledger.sights.size();
  for (std::size_t clients = 1 + world.dice.below(3); clients > 0; --clients) {
    std::vector<Ask> asks;
    for (std::size_t n = 1 + world.dice.below(4); n > 0; --n) {
      asks.push_back(plain_ask(world));
      asks.back().prefix = "/named/";
    }
    world.spawn(ask_all(world, std::move(asks), {}));
  }
  world.run();
  world.expect(world.ledger.sights.size() > before, "no upstream saw a request");
  for (std::size_t i = before; i < world.ledger.sights.size(); ++i) {
    const std::string& seen_by = world.ledger.sights[i].upstream;
    world.expect(
        std::ranges::find(expected, seen_by.substr(0, seen_by.find('#'))) != expected.end(),
        seen_by + " got a request");
  }
}

void play_names(World& world) {
  world.install(configuration());
  Upstream& one = world.add_upstream("10.0.1.1:8001");
  Upstream& two = world.add_upstream("10.0.1.2:8002");
  for (const char* const address : {"10.0.1.1:80", "10.0.1.3:8003", "10.0.1.4:8004", "10.0.1.5:80"})
    world.add_upstream(address);
  testing::FakeNameServer server(world.loop(), world.engine(), name_server_address());
  for (const auto& [name, ip] : {std::pair{"one.test", "10.0.1.1"},
                                 {"two.test", "10.0.1.2"},
                                 {"three.test", "10.0.1.3"},
                                 {"four.test", "10.0.1.4"}})
    server.add(address_record(name, ip));
  server.add(service_record("web.test", {1, 30, 8001}, "one.test"));
  server.add(service_record("web.test", {1, 10, 8002}, "two.test"));
  server.add(service_record("web.test", {2, 10, 8003}, "three.test"));
  server.add(address_record("web.test", "10.0.1.1"));
  ask_for(world, {"10.0.1.1:8001", "10.0.1.2:8002"});

  one.stop();
  world.pass(seconds(1));
  ask_for(world, {"10.0.1.2:8002"});
  two.stop();
  world.pass(seconds(1));
  ask_for(world, {"10.0.1.3:8003"});

  constexpr seconds behind_ttl{61};
  const std::pair<std::string, std::uint16_t> service{"web.test", std::to_underlying(DnsType::srv)};
  server.zone.erase(service);
  server.add(service_record("web.test", {1, 10, 8004}, "four.test"));
  world.pass(behind_ttl);
  ask_for(world, {"10.0.1.4:8004"});

  server.zone.erase(service);
  server.zone.erase({"web.test", std::to_underlying(DnsType::a)});
  server.add(address_record("web.test", "10.0.1.5"));
  world.pass(behind_ttl);
  ask_for(world, {"10.0.1.5:80"});
}

TEST(Simulation, SendsRequestsWhereNamesPoint) {
  play_seeds({"names", play_names}, 100);
}

}  // namespace
}  // namespace sluice::sim
