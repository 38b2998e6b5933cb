#pragma once
// A resolver and two name servers in the simulated network.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/resolver.h"
#include "support/name_server.h"
#include "support/run.h"

namespace sluice::testing {

using Found = Result<ResolvedPtr>;

inline std::string text_of(const Found& found) {
  if (!found) return "error: " + found.error().detail.text();
  std::string text;
  for (const ResolvedAddress& resolved : **found)
    text += (text.empty() ? "" : " ") + resolved.address.text();
  return text;
}

/// The parameter is the seed.
class ResolverTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  ResolverTest() {
    settings_.order = {DnsType::a, DnsType::aaaa};
    for (const auto at : {"10.0.0.1:53", "10.0.0.2:53"}) {
      settings_.nameservers.push_back(Address::parse(at).value());
      servers_.push_back(
          std::make_unique<FakeNameServer>(loop_, engine_, settings_.nameservers.back()));
      servers_.back()->add(address_record("a.test", "10.1.0.1", 60));
    }
  }

  ~ResolverTest() override {
    resolver_.reset();
    servers_.clear();
    for (int i = 0; i < 10'000 && engine_.open_sockets() > 0; ++i)
      loop_.turn(loop_.now() + milliseconds(10));
    EXPECT_EQ(engine_.open_sockets(), 0u) << "a socket is left behind";
    EXPECT_EQ(memory::live_bytes(), 0) << "a frame, chunk or operation is left behind";
  }

  FakeNameServer& first() { return *servers_[0]; }

  FakeNameServer& second() { return *servers_[1]; }

  void add(const DnsRecord& record) {
    for (const auto& server : servers_)
      server->add(record);
  }

  Resolver& resolver() {
    if (!resolver_) resolver_ = std::make_unique<Resolver>(loop_, settings_);
    return *resolver_;
  }

  void use_order(std::vector<DnsType> order) {
    settings_.order = std::move(order);
    resolver_.reset();
  }

  Found resolve(std::string_view name, milliseconds patience = seconds(60)) {
    return run(loop_, resolver().resolve(name, 80, after(loop_.now(), patience)));
  }

  void pass(nanoseconds time) {
    const auto sleep = [](Loop& loop, TimePoint until) -> Task<Done> {
      co_await sleep_until(loop, until);
      co_return Done{};
    };
    run(loop_, sleep(loop_, loop_.now() + time));
  }

  /// How many questions came, those under way included.
  std::size_t datagrams() {
    pass(milliseconds(100));
    return servers_[0]->asked.size() + servers_[1]->asked.size();
  }

  SimEngine engine_{GetParam(), SimFaults::of_seed(GetParam())};
  Loop loop_{engine_};
  ResolverSettings settings_;
  std::vector<std::unique_ptr<FakeNameServer>> servers_;
  std::unique_ptr<Resolver> resolver_;
};

}  // namespace sluice::testing
