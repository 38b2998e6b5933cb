#include "gateway/explain.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <vector>

#include <fmt/format.h>

#include "gateway/explain_token.h"
#include "gateway/forward.h"
#include "gateway/secrets.h"
#include "gateway/worker_state.h"
#include "telemetry/json.h"

namespace sluice {
namespace {

using http::HeaderId;
using telemetry::JsonText;
using telemetry::JsonWriter;

// Asking this many candidates takes a worker a millisecond or so.
constexpr std::size_t candidates_max = 10'000;
constexpr std::size_t rejected_max = 8;
constexpr std::size_t value_bytes_max = 200;

std::string_view cut(std::string_view text) {
  return text.substr(0, value_bytes_max);
}

/// JSON may hold UTF-8, a field of a head had better not: those bytes as \u escapes.
std::string in_ascii(std::string_view json) {
  std::string text;
  for (std::size_t i = 0; i < json.size();) {
    const auto byte = static_cast<unsigned char>(json[i]);
    if (byte < 0x80) {
      text += json[i++];
      continue;
    }
    const std::size_t size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    std::uint32_t code = byte & (0xffU >> (size + 1));
    for (std::size_t k = 1; k < size && i + k < json.size(); ++k)
      code = code << 6 | (static_cast<unsigned char>(json[i + k]) & 0x3fU);
    i += size;
    if (code < 0x10000) {
      text += fmt::format("\\u{:04x}", code);
    } else {
      code -= 0x10000;
      text += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
    }
  }
  return text;
}

std::int64_t in_microseconds(nanoseconds duration) {
  return std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count(), 0);
}

std::string_view name_of(Source source) {
  return source == Source::upstream ? "upstream" : source == Source::plugin ? "plugin" : "gateway";
}

/// One member of the account.
struct Part {
  std::string_view name;
  std::string json;
};

template <class Write>
std::string written(Write&& write) {
  JsonText text;
  JsonWriter json(text);
  write(json);
  return in_ascii(text.view());
}

void write_route(JsonWriter& json, const Exchange& exchange) {
  if (exchange.route == nullptr) {
    json.raw("null");
    return;
  }
  json.begin_object();
  if (!exchange.route->name.empty()) json.key("name").text(cut(exchange.route->name));
  json.key("id").text(exchange.route->id);
  const auto& verdicts = exchange.trace->verdicts;
  if (!verdicts.empty() && verdicts.back().misfits.empty())
    json.key("rank").number(static_cast<std::int64_t>(verdicts.back().rank + 1));
  json.end_object();
}

void write_steps(JsonWriter& json, const Trace& trace) {
  json.begin_list();
  for (const TracedStep& step : trace.steps()) {
    // Several configurations, none of which came to be chosen: its own tells no more than a name.
    const Plugin* plugin = step.plugin != nullptr ? step.plugin : step.step->plugin;
    if (plugin == nullptr) continue;
    const PluginOrigin& origin = plugin->origin();
    json.begin_object().key("name").text(origin.name);
    if (!origin.instance_name.empty()) json.key("instance_name").text(cut(origin.instance_name));
    json.key("id").text(origin.id).key("scope").text(name_of(origin.scope));
    json.key("outcome").text(name_of(step.outcome));
    if (step.outcome != TracedStep::Outcome::not_reached)
      json.key("us").number(in_microseconds(step.left_at - step.entered_at));
    json.end_object();
  }
  json.end_list();
}

void write_upstream(JsonWriter& json, const Exchange& exchange, SecretNames secrets) {
  const TracedForward& forward = *exchange.trace->forward();
  const std::string target = target_without_secrets(forward.target, secrets);
  json.begin_object().key("method").text(cut(forward.method));
  json.key("target").text(cut(target)).key("host").text(cut(forward.authority));
  json.key("tries").begin_list();
  for (const Try& attempt : exchange.record.tries | std::views::take(rejected_max))
    json.text(attempt.address.text());
  json.end_list();
  const Record& record = exchange.record;
  if (record.upstream_status != 0) json.key("status").number(record.upstream_status);
  if (record.source == Source::upstream)
    json.key("us").number(in_microseconds(record.upstream_head_at - record.upstream_sent_at));
  json.end_object();
}

/// Fields whose values the gateway itself makes, or that say how to read a message. Others may hold
/// what a client or a plugin's setting keeps secret.
bool is_shown(HeaderId id) {
  switch (id) {
    case HeaderId::accept:
    case HeaderId::accept_encoding:
    case HeaderId::content_encoding:
    case HeaderId::content_type:
    case HeaderId::user_agent:
    case HeaderId::via:
    case HeaderId::x_forwarded_for:
    case HeaderId::x_forwarded_host:
    case HeaderId::x_forwarded_port:
    case HeaderId::x_forwarded_prefix:
    case HeaderId::x_forwarded_proto:
    case HeaderId::x_real_ip:
      return true;
    default:
      return false;
  }
}

void write_fields(JsonWriter& json, const TracedForward& forward) {
  json.begin_object();
  for (const auto& [name, value] : forward.fields) {
    json.foreign_key(cut(name));
    if (is_shown(http::header_id(name)))
      json.text(cut(value));
    else
      json.raw("null");
  }
  json.end_object();
}

void write_rejected(JsonWriter& json, const Exchange& exchange) {
  const Router& router = exchange.snapshot.router();
  json.begin_list();
  for (const Verdict* verdict : closest(exchange.trace->verdicts, rejected_max)) {
    const Route& route = *router.routes()[router.candidates()[verdict->candidate].route].route;
    const Misfit& misfit = verdict->misfits.front();
    json.begin_object().key("route").text(cut(route.name.empty() ? route.id : route.name));
    json.key("rank").number(static_cast<std::int64_t>(verdict->rank + 1));
    json.key("field").text(name_of(misfit.field)).key("wanted").text(cut(misfit.wanted));
    json.key("found").text(cut(misfit.found)).end_object();
  }
  json.end_list();
}

std::vector<Part> parts_of(const Exchange& exchange) {
  const SecretNames secrets = exchange.snapshot.without_route().secret_names;
  const Trace& trace = *exchange.trace;
  const Record& record = exchange.record;
  std::vector<Part> parts;
  const auto add = [&](std::string_view name, auto&& write) {
    parts.push_back({name, written(write)});
  };
  add("request_id", [&](JsonWriter& json) { json.text(record.request_id()); });
  add("route", [&](JsonWriter& json) { write_route(json, exchange); });
  add("path", [&](JsonWriter& json) { json.text(cut(exchange.path)); });
  if (exchange.matched_path.size > 0)
    add("matched", [&](JsonWriter& json) { json.text(cut(exchange.matched_prefix())); });
  add("answered_by", [&](JsonWriter& json) { json.text(name_of(record.source)); });
  if (record.error) add("error", [&](JsonWriter& json) { json.text(kind_of(*record.error).name); });
  if (exchange.consumer != nullptr)
    add("consumer", [&](JsonWriter& json) {
      const Consumer& consumer = *exchange.consumer;
      json.text(cut(consumer.username.empty() ? consumer.id : consumer.username));
    });
  add("plugins", [&](JsonWriter& json) { write_steps(json, trace); });
  if (trace.forward() != nullptr)
    add("upstream", [&](JsonWriter& json) { write_upstream(json, exchange, secrets); });
  add("rejected", [&](JsonWriter& json) { write_rejected(json, exchange); });
  if (trace.forward() != nullptr)
    add("fields", [&](JsonWriter& json) { write_fields(json, *trace.forward()); });
  return parts;
}

}  // namespace

std::string_view take_explain_token(Exchange& exchange) {
  http::Headers& headers = exchange.request.headers;
  // Two of them are no token: nobody can tell which one counts.
  const auto token = headers.single(http::HeaderId::x_sluice_explain);
  headers.remove(http::HeaderId::x_sluice_explain);
  if (!token || !*token || exchange.snapshot.settings().explain_key.empty()) return {};
  return **token;
}

void begin_trace(Exchange& exchange, std::string_view token) {
  ExchangeObserver* const observer = exchange.worker.observer;
  const Snapshot& snapshot = exchange.snapshot;
  if (observer == nullptr) {
    const auto accepted =
        check_explain_token(snapshot.settings().explain_key, token, exchange.worker.loop.wall());
    if (!accepted) return;
    const Route* route = exchange.route;
    const bool is_for_it =
        accepted->route.empty() ||
        (route != nullptr && (accepted->route == route->name || accepted->route == route->id));
    if (!is_for_it) return;
  }
  exchange.trace = std::make_unique<Trace>(
      *exchange.pipeline, observer == nullptr ? TraceEnd::at_upstream : TraceEnd::before_upstream);
  exchange.trace->verdicts =
      RouterInspector(snapshot.router(), snapshot.without_route().secret_names)
          .examine_all(question_of(exchange), observer == nullptr ? candidates_max : SIZE_MAX);
  exchange.pipeline = &exchange.trace->pipeline();
  if (observer != nullptr) observer->begun(exchange);
}

void show_trace(Exchange& exchange, http::Response& response) {
  if (exchange.worker.observer != nullptr) {
    exchange.worker.observer->answered(exchange, response);
    return;
  }
  response.headers.set(http::HeaderId::x_sluice_explain, trace_json(exchange, trace_bytes_max));
}

std::string trace_json(const Exchange& exchange, std::size_t bytes_max) {
  // For the list of what is left out.
  constexpr std::size_t reserve = 128;
  std::string text = "{";
  std::vector<std::string_view> left_out;
  for (const Part& part : parts_of(exchange)) {
    if (text.size() + part.name.size() + part.json.size() + reserve > bytes_max) {
      left_out.push_back(part.name);
      continue;
    }
    if (text.size() > 1) text += ',';
    text += fmt::format("\"{}\":{}", part.name, part.json);
  }
  if (!left_out.empty())
    text += "," + fmt::format("\"left_out\":{}", written([&](JsonWriter& json) {
                                json.begin_list();
                                for (const std::string_view name : left_out)
                                  json.text(name);
                                json.end_list();
                              }));
  return text + "}";
}

}  // namespace sluice
