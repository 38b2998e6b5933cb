// Builds the gateway on the simulated kernel, moves its time, and checks what is left at the end.

#include "sim/world.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/memory.h"
#include "config/load.h"
#include "gateway/plugin_type.h"
#include "gateway/snapshot.h"
#include "plugins/catalog.h"
#include "runtime/socket_stream.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

// The world that this thread is in: plugins are made from a catalog, which cannot tell them.
thread_local World* current = nullptr;

struct WitnessConfig {
  static constexpr std::string_view type_name = "witness";

  static constexpr auto fields() { return std::tuple{}; }
};

/// Counts its hooks: what the ledger compares the access log with.
class Witness final : public Plugin {
 public:
  using Config = WitnessConfig;

  Witness(Config, const PluginDeps&) {}

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    ++current->ledger.begun[std::string(exchange.record.request_id())];
    return next(exchange);
  }

  void on_response(Exchange& exchange, http::Response& response) const override {
    if (current->draining())
      current->ledger.last_ones.insert(std::string(exchange.record.request_id()));
    int& heads = exchange.note<int>(*this);
    current->expect(++heads == 1, "on_response came twice");
    current->expect(response.status >= 200 || response.status == 101, "on_response for a 1xx");
  }

  void on_end(const Exchange& exchange) const noexcept override {
    ++current->ledger.ended[std::string(exchange.record.request_id())];
    current->expect(exchange.record.status != 0, "an exchange ended without a status");
    current->expect(exchange.record.ended_at >= exchange.received_at,
                    "an exchange ended before it began");
  }
};

constinit const PluginType witness =
    plugins::plugin_type<Witness>("witness", 10, {.without_route = true}, "Counts exchanges.");

PluginCatalog catalog_with_witness() {
  static const auto types = [] {
    const PluginCatalog given = plugins::catalog();
    std::vector<const PluginType*> all(given.begin(), given.end());
    all.push_back(&witness);
    return all;
  }();
  return types;
}

const Address& gateway_address() {
  static const Address address = Address::parse("10.9.0.1:8000").value();
  return address;
}

constexpr std::size_t attempts_max = 6;

ResolverSettings resolver_settings() {
  ResolverSettings settings;
  settings.nameservers = {name_server_address()};
  return settings;
}

}  // namespace

const Address& name_server_address() {
  static const Address address = Address::parse("10.0.0.53:53").value();
  return address;
}

std::string Configuration::text() const {
  return "_format_version: \"3.0\"\n"
         "services:\n"
         "- name: main\n"
         "  host: " +
         std::string(several_targets ? "several" : "10.0.0.1") +
         "\n"
         "  port: 80\n" +
         service +
         "  routes:\n"
         "  - {name: main, paths: [/sim], strip_path: false}\n" +
         more +
         (several_targets
              ? "upstreams:\n- name: several\n  targets:\n  - {target: \"10.0.0.1:80\"}\n"
                "  - {target: \"10.0.0.2:80\"}\n"
              : "") +
         (consumers.empty() ? "" : "consumers: " + consumers + "\n") + "plugins:\n" + plugins +
         "- name: witness\n"
         "- name: correlation-id\n"
         "  config: {header_name: X-Correlation-ID, generator: uuid, echo_downstream: true}\n"
         "gateway:\n"
         "  timeouts: {" +
         timeouts + "}\n" + gateway;
}

World::World(std::uint64_t seed, SimFaults faults, bool verbose)
    : dice(seed * 31 + 7),
      engine_(seed, faults),
      loop_(engine_),
      log_([this](std::string_view line) { collect_line(line); }),
      worker_(loop_, resolver_settings()),
      gateway_(worker_),
      connections_(loop_, 10'000),
      clients_(loop_, 10'000),
      verbose_(verbose) {
  current = this;
  worker_.access_log = &log_;
  worker_.give_back = [this](std::shared_ptr<const Snapshot>) { ++returned_; };
  live_at_begin_ = memory::live_bytes();
  say("pieces of " + std::to_string(faults.piece_max) + ", buffers of " +
      std::to_string(faults.buffer_bytes) + ", delays up to " +
      std::to_string(faults.delay_max.count()) + " us");
}

World::~World() {
  current = nullptr;
}

void World::collect_line(std::string_view line) {
  if (verbose_) say("log: " + std::string(line.substr(0, line.size() - 1)));
  if (std::string wrong = ledger.add_line(line); !wrong.empty()) fail(std::move(wrong));
}

void World::install(const Configuration& configuration) {
  auto loaded = config::load_text(configuration.text(), "sim.yaml");
  std::shared_ptr<const Snapshot> snapshot;
  if (loaded.file)
    snapshot = Snapshot::compile(*loaded.file, catalog_with_witness(), loaded.diagnostics);
  if (snapshot == nullptr) {
    std::fprintf(stderr, "%s\n%s\n", configuration.text().c_str(),
                 loaded.diagnostics.render().c_str());
    std::abort();
  }
  snapshots_.emplace_back(snapshot);
  worker_.install(std::move(snapshot));
  if (listener_ == nullptr && !draining_)
    listener_ = std::make_unique<Listener>(
        worker_, gateway_, connections_,
        ListenerSocket{engine_.listen(gateway_address(), {}).value(), {}},
        ListenerOptions{.h2c = configuration.h2c});
}

Upstream& World::add_upstream(const std::string& address) {
  upstreams_.push_back(std::make_unique<Upstream>(*this, address));
  return *upstreams_.back();
}

void World::spawn(Task<Done> client) {
  static_cast<void>(clients_.spawn(std::move(client)));
}

bool World::turn_while(TimePoint limit, auto&& busy) {
  // A loop that goes on without time passing would never reach a limit of time.
  for (std::size_t turns = 0; busy(); ++turns) {
    if (loop_.now() >= limit || turns > 20'000'000) return false;
    loop_.turn(limit);
  }
  return true;
}

void World::run() {
  const TimePoint limit = loop_.now() + std::chrono::hours(1);
  if (!turn_while(limit, [&] { return clients_.size() > 0; }))
    fail("the world hangs: " + std::to_string(clients_.size()) + " clients wait for ever");
}

void World::pass(nanoseconds time) {
  const TimePoint limit = loop_.now() + time;
  turn_while(limit, [] { return true; });
}

void World::close_listener() {
  draining_ = true;
  if (listener_ != nullptr) listener_->close();
}

void World::rest() {
  const bool hangs = clients_.size() > 0;
  close_listener();
  worker_.pools.close_idle();
  pass(std::chrono::minutes(2));
  if (!hangs) check_rest();
  clients_.cancel();
  connections_.cancel();
  for (auto& upstream : upstreams_)
    upstream->stop();
  pass(seconds(10));
  upstreams_.clear();
  listener_.reset();
  pass(seconds(10));
  if (hangs) return;
  expect(engine_.open_sockets() == 0,
         std::to_string(engine_.open_sockets()) + " sockets are left open");
  expect(memory::live_bytes() == live_at_begin_,
         std::to_string(memory::live_bytes() - live_at_begin_) +
             " bytes of frames, chunks and messages are left");
}

void World::check_rest() {
  expect(connections_.size() == 0,
         std::to_string(connections_.size()) + " client connections did not end");
  expect(listener_ == nullptr || listener_->closed(), "the listener did not close");
  expect(worker_.metrics.connections_active.value() == 0, "a connection is still counted");
  expect(worker_.pools.counts().open == 0, "an upstream connection is still counted");
  expect(worker_.metrics.requests.value() == ledger.entries.size(),
         "requests were not counted as they were logged");
  expect(worker_.pin == nullptr || worker_.pin->exchanges == 0,
         "an exchange still pins the snapshot");
  for (auto& upstream : upstreams_)
    expect(upstream->open_connections() == 0,
           upstream->address() + " still has a connection of the gateway");
  for (std::string& wrong : ledger.check(attempts_max))
    fail(std::move(wrong));
  // Only the newest snapshot lives on.
  for (std::size_t i = 0; i + 1 < snapshots_.size(); ++i)
    expect(snapshots_[i].expired(), "snapshot " + std::to_string(i) + " was not given back");
  expect(returned_ + 1 == snapshots_.size(),
         "snapshots were given back " + std::to_string(returned_) + " times");
}

Task<Result<StreamPtr>> World::connect() {
  for (int tries = engine_.faults().connect_fails == 0 ? 1 : 40;; --tries) {
    auto stream = co_await connect_stream(loop_, gateway_address(), never);
    if (stream || tries <= 1) co_return stream;
  }
}

Task<bool> World::send(Stream& stream, std::string bytes, bool by_byte) {
  std::size_t most = bytes.size();
  if (by_byte)
    most = 1;
  else if (dice.one_in(2))
    most = 1 + bytes.size() / (1 + dice.below(20));
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::size_t size = std::min<std::size_t>(rest.size(), by_byte ? 1 : 1 + dice.below(most));
    const Flush flush = dice.one_in(2) ? Flush::now : Flush::end_of_turn;
    if (!co_await stream.write(
            Chunks(Chunk::copy_of(rest.substr(0, most == bytes.size() ? rest.size() : size))),
            flush, never))
      co_return false;
    if (most == bytes.size()) break;
    rest.remove_prefix(size);
    if (dice.one_in(4)) co_await pause(milliseconds(3));
  }
  co_return true;
}

Task<Done> World::pause(nanoseconds most) {
  co_await sleep_until(
      loop_, loop_.now() + nanoseconds(dice.below(static_cast<std::uint64_t>(most.count()) + 1)));
  co_return Done{};
}

std::size_t World::size_max() noexcept {
  const std::size_t piece = engine_.faults().piece_max;
  return piece < 10 ? 300 : piece < 100 ? 4'000 : piece < 1000 ? 40'000 : 300'000;
}

std::size_t World::size() {
  constexpr std::array<std::size_t, 12> borders = {0,      1,      2,      1023,   1024,   1025,
                                                   16'384, 32'767, 32'768, 32'769, 65'536, 131'072};
  const std::size_t most = size_max();
  switch (dice.below(6)) {
    case 0:
      return std::min(most, borders[dice.below(borders.size())]);
    case 1:
      return dice.below(most + 1);
    case 2:
      return dice.below(most / 10 + 1);
    default:
      return dice.below(400);
  }
}

std::string World::new_token() {
  return "t" + std::to_string(++tokens_) + "x" + std::to_string(dice.below(1'000'000));
}

void World::fail(std::string what) {
  say("FAILURE: " + what);
  if (failures_.size() < 20) failures_.push_back(std::move(what));
}

void World::say(const std::string& what) {
  if (!verbose_) return;
  const auto now =
      std::chrono::duration_cast<microseconds>(loop_.now().time_since_epoch()).count() -
      1'000'000'000;
  std::fprintf(stderr, "%11.6f %s\n", static_cast<double>(now) / 1e6, what.c_str());
}

}  // namespace sluice::sim
