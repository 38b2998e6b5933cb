// correlation-id: each request carries an id that its upstream, and on demand its client, sees
// (kong.md §7).

#include <array>
#include <cstdio>
#include <string>

#include <unistd.h>

#include "config/matchers.h"
#include "gateway/exchange.h"
#include "gateway/plugin_type.h"
#include "gateway/worker_state.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

enum class Generator : std::uint8_t { uuid, uuid_counter, tracker };

constexpr auto names_of(Generator) {
  return std::to_array<std::string_view>({"uuid", "uuid#counter", "tracker"});
}

struct CorrelationIdConfig {
  std::string header_name = "Kong-Request-ID";
  Generator generator = Generator::uuid_counter;
  bool echo_downstream = false;

  static constexpr std::string_view type_name = "correlation-id";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("header_name", &CorrelationIdConfig::header_name,
                 matches(is_header_name, "be the name of a header field"),
                 "The field that carries the id."),
        optional("generator", &CorrelationIdConfig::generator,
                 "How an id is made: uuid is random, uuid#counter counts from one random id a "
                 "worker, tracker "
                 "names connection and time."),
        optional("echo_downstream", &CorrelationIdConfig::echo_downstream,
                 "Send the id to the client too."),
    };
  }
};

/// RFC 9562 §5.4.
std::string random_uuid(Loop& loop) {
  const std::uint64_t high = (loop.random() & ~0xf000ULL) | 0x4000;
  const std::uint64_t low = (loop.random() & ~(3ULL << 62)) | (1ULL << 63);
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xffff),
                static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xffffffffffff));
  return text;
}

class CorrelationId final : public Plugin {
 public:
  using Config = CorrelationIdConfig;

  CorrelationId(Config config, const PluginDeps&) : config_(std::move(config)) {}

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    static_cast<void>(id_of(exchange));
    return next(exchange);
  }

  void on_response(Exchange& exchange, http::Response& response) const override {
    if (!config_.echo_downstream) return;
    static_cast<void>(response.headers.set(config_.header_name, id_of(exchange)));
  }

 private:
  /// The id that the client sent, or a new one, which the upstream then gets.
  const std::string& id_of(Exchange& exchange) const {
    std::string& id = exchange.note<std::string>(*this);
    if (!id.empty()) return id;
    const auto sent = exchange.request.headers.get(config_.header_name);
    if (sent && !sent->empty()) {
      id = *sent;
    } else {
      id = make(exchange);
      static_cast<void>(exchange.request.headers.set(config_.header_name, id));
    }
    return id;
  }

  std::string make(Exchange& exchange) const {
    WorkerState& worker = exchange.worker;
    switch (config_.generator) {
      case Generator::uuid:
        return random_uuid(worker.loop);
      case Generator::uuid_counter:
        if (worker.id.empty()) worker.id = random_uuid(worker.loop);
        return worker.id + "#" + std::to_string(++worker.sequence);
      case Generator::tracker:
        break;
    }
    const http::Client& client = *exchange.client;
    const double time =
        std::chrono::duration<double>(worker.loop.wall().time_since_epoch()).count();
    char text[160];
    std::snprintf(text, sizeof text, "%s-%u-%d-%llu-%llu-%.3f", client.local->ip_text().c_str(),
                  unsigned{client.local->port}, static_cast<int>(::getpid()),
                  static_cast<unsigned long long>(client.number),
                  static_cast<unsigned long long>(++worker.sequence), time);
    return text;
  }

  const Config config_;
};

}  // namespace

constinit const PluginType correlation_id = plugin_type<CorrelationId>(
    "correlation-id", 100'001, {.without_route = true, .scopes = config::not_for_groups},
    "Gives each request an id that travels with it.");

}  // namespace sluice::plugins
