#include "gateway/access_line.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "gateway/secrets.h"
#include "gateway/worker_state.h"
#include "http/text.h"
#include "telemetry/json.h"

namespace sluice {
namespace {

using http::HeaderId;
using telemetry::JsonText;
using telemetry::JsonWriter;

// A peer's text in the log is cut: a flood of long fields must not fill the disk (security: log
// amplification).
constexpr std::size_t value_bytes_max = 1024;
constexpr std::size_t headers_bytes_max = 4096;

std::string_view cut(std::string_view text) {
  return text.substr(0, value_bytes_max);
}

/// Which fields of a message come more than once: known names by a bit each, others by comparison.
class Repeats {
 public:
  static auto same_as(const http::Headers::Field& field) {
    return [&field](const http::Headers::Field& other) {
      return other.id == field.id && other.name_size == field.name_size &&
             (field.id != HeaderId::other || http::equal_ignoring_case(other.name(), field.name()));
    };
  }

  explicit Repeats(std::span<const http::Headers::Field> fields) : fields_(fields) {
    std::uint64_t seen = 0;
    for (const http::Headers::Field& field : fields) {
      repeated_ |= seen & bit(field.id);
      seen |= bit(field.id);
    }
  }

  /// Whether an earlier field has the name of field `i`.
  bool is_repeat(std::size_t i) const {
    return may_repeat(i) && std::ranges::any_of(fields_.first(i), same_as(fields_[i]));
  }

  /// Whether a later field has the name of field `i`.
  bool has_repeat(std::size_t i) const {
    return may_repeat(i) && std::ranges::any_of(fields_.subspan(i + 1), same_as(fields_[i]));
  }

 private:
  static constexpr std::uint64_t bit(HeaderId id) {
    return std::uint64_t{1} << static_cast<unsigned>(id);
  }

  bool may_repeat(std::size_t i) const { return (repeated_ & bit(fields_[i].id)) != 0; }

  std::span<const http::Headers::Field> fields_;
  std::uint64_t repeated_ = 0;
};

/// The known names in lower case; empty for `other`.
constexpr auto lower_names = [] {
  std::array<std::array<char, 32>, std::size(http::header_names)> texts{};
  for (std::size_t id = 0; id < texts.size(); ++id)
    std::ranges::transform(http::header_names[id], texts[id].begin(), http::lower);
  return texts;
}();

/// Kong's shape: lower-case names, and a list where a name comes more than once.
void write_headers(JsonWriter& json, const http::Headers& headers, SecretNames secrets) {
  json.begin_object();
  const auto fields = headers.fields();
  const Repeats repeats(fields);
  std::size_t written = 0;
  for (std::size_t i = 0; i < fields.size() && written < headers_bytes_max; ++i) {
    if (repeats.is_repeat(i)) continue;
    const std::string_view name = cut(fields[i].name());
    if (fields[i].id == HeaderId::other)
      json.lower_key(name);
    else
      json.key({lower_names[std::to_underlying(fields[i].id)].data(), name.size()});
    written += name.size();
    if (is_secret(fields[i], secrets)) {
      json.plain(redacted_value);
      continue;
    }
    const std::string_view value = cut(fields[i].value());
    written += value.size();
    if (!repeats.has_repeat(i)) {
      json.text(value);
      continue;
    }
    json.begin_list().text(value);
    for (const http::Headers::Field& field :
         fields.subspan(i + 1) | std::views::filter(Repeats::same_as(fields[i]))) {
      if (written >= headers_bytes_max) break;
      json.text(cut(field.value()));
      written += cut(field.value()).size();
    }
    json.end_list();
  }
  json.end_object();
}

std::int64_t in_milliseconds(nanoseconds duration) {
  return std::max<std::int64_t>(std::chrono::duration_cast<milliseconds>(duration).count(), 0);
}

std::int64_t in_milliseconds(WallTime time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

std::string_view name_of(Source source) {
  switch (source) {
    case Source::upstream:
      return "upstream";
    case Source::plugin:
      return "exit";
    default:
      return "kong";
  }
}

void write_request(JsonWriter& json, const Exchange& exchange) {
  const http::Request& request = exchange.request;
  json.key("request").begin_object().key("id").plain(exchange.record.request_id());
  if (request.method.empty()) {
    // What could not be parsed is shown as it came.
    json.key("line").text(exchange.incoming.raw_line());
  } else {
    const std::string_view path = cut(exchange.path.empty() ? request.target : exchange.path);
    const SecretNames secrets = exchange.pipeline->secret_names;
    const std::string shown =
        secrets.empty() ? std::string() : without_secrets(exchange.query, secrets);
    const std::string_view query = cut(secrets.empty() ? exchange.query : shown);
    const std::string_view mark = exchange.has_query ? "?" : "";
    json.key("method").text(cut(request.method));
    json.key("uri").text({path, mark, query});
    json.key("url").text(
        {exchange.origin.proto, "://", cut(exchange.origin.host), path, mark, query});
    json.key("querystring").text(query);
    json.key("headers");
    if (exchange.record.request_head_log.empty())
      write_headers(json, request.headers, secrets);
    else
      json.raw(exchange.record.request_head_log);
  }
  json.key("size")
      .number(static_cast<std::int64_t>(exchange.incoming.traffic().received))
      .end_object();
}

void write_latencies(JsonWriter& json, const Exchange& exchange) {
  const Record& record = exchange.record;
  const bool proxied = record.upstream_head_at != TimePoint{} && record.source == Source::upstream;
  const nanoseconds whole = record.ended_at - exchange.received_at;
  const nanoseconds waiting =
      proxied ? record.upstream_head_at - record.upstream_sent_at : nanoseconds(0);
  const nanoseconds receiving =
      proxied ? record.ended_at - record.upstream_head_at : nanoseconds(0);
  json.key("latencies").begin_object();
  json.key("request").number(in_milliseconds(whole));
  json.key("kong").number(in_milliseconds(whole - waiting - receiving));
  json.key("proxy").number(proxied ? in_milliseconds(waiting) : -1);
  json.key("receive").number(in_milliseconds(receiving)).end_object();
}

void write_tries(JsonWriter& json, const Record& record) {
  json.key("tries").begin_list();
  for (const Try& attempt : record.tries) {
    json.begin_object();
    json.key("ip").plain(attempt.address.ip_text()).key("port").number(attempt.address.port);
    json.key("balancer_start").number(in_milliseconds(attempt.balancer_start));
    json.key("balancer_latency").number(in_milliseconds(attempt.balancer_latency));
    if (attempt.error) {
      json.key("state").plain("failed").key("code").number(kind_of(*attempt.error).status);
      json.key("error").plain(kind_of(*attempt.error).name);
    }
    json.end_object();
  }
  json.end_list();
}

void write_upstream_uri(JsonWriter& json, const Exchange& exchange) {
  const SecretNames secrets = exchange.pipeline->secret_names;
  const std::string_view uri = exchange.record.upstream_uri;
  const std::size_t mark = uri.find('?');
  if (secrets.empty() || mark == std::string_view::npos) {
    json.key("upstream_uri").text(cut(uri));
    return;
  }
  const std::string query = without_secrets(uri.substr(mark + 1), secrets);
  json.key("upstream_uri").text({cut(uri.substr(0, mark)), "?", cut(query)});
}

void write_consumer(JsonWriter& json, const Exchange& exchange) {
  if (exchange.consumer == nullptr) return;
  const Consumer& consumer = *exchange.consumer;
  if (!exchange.credential_id.empty()) {
    json.key("authenticated_entity").begin_object().key("id").text(exchange.credential_id);
    json.key("consumer_id").text(consumer.id).end_object();
  }
  json.key("consumer").begin_object().key("id").text(consumer.id);
  if (!consumer.username.empty()) json.key("username").text(consumer.username);
  if (!consumer.custom_id.empty()) json.key("custom_id").text(consumer.custom_id);
  json.end_object();
}

std::string_view keep_headers(Exchange& exchange, const http::Headers& headers,
                              SecretNames secrets) {
  if (!exchange.worker.log_line) return {};
  JsonText& text = exchange.worker.log_text;
  text.clear();
  JsonWriter json(text);
  write_headers(json, headers, secrets);
  return exchange.request.headers.keep(text.view());
}

}  // namespace

void keep_request_head(Exchange& exchange) {
  exchange.record.request_head_log =
      keep_headers(exchange, exchange.request.headers, exchange.pipeline->secret_names);
}

void keep_response_head(Exchange& exchange, const http::Response& response) {
  exchange.record.response_head_log = keep_headers(exchange, response.headers, {});
}

void write_access_line(const Exchange& exchange) noexcept {
  WorkerState& worker = exchange.worker;
  if (!worker.log_line) return;
  JsonText& line = worker.log_text;
  line.clear();
  const Record& record = exchange.record;
  JsonWriter json(line);
  json.begin_object();
  write_request(json, exchange);
  json.key("response").begin_object().key("status").number(record.status);
  json.key("headers").raw(record.response_head_log.empty() ? "{}" : record.response_head_log);
  json.key("size").number(static_cast<std::int64_t>(exchange.incoming.traffic().sent)).end_object();
  json.key("client_ip")
      .text(exchange.origin.client_ip.empty() ? exchange.client->peer_text
                                              : exchange.origin.client_ip);
  json.key("started_at").number(in_milliseconds(record.started_at));
  write_latencies(json, exchange);
  write_tries(json, record);
  if (!record.upstream_uri.empty()) write_upstream_uri(json, exchange);
  if (record.upstream_status != 0) json.key("upstream_status").number(record.upstream_status);
  if (exchange.route != nullptr) {
    json.raw(exchange.route->log_json);
    if (exchange.route->service != nullptr) json.raw(exchange.route->service->log_json);
  }
  write_consumer(json, exchange);
  json.key("source").plain(name_of(record.source));
  if (record.error) {
    json.key("error").plain(kind_of(*record.error).name);
    if (!record.error_detail.empty()) json.key("error_detail").text(cut(record.error_detail));
  }
  json.raw(R"("workspace":"0dc6f45b-8f8d-40d2-a504-473544ee190b","workspace_name":"default")");
  json.end_object();
  line << '\n';
  if (!worker.log_line(line.view())) worker.metrics.log_lines_dropped.add();
}

}  // namespace sluice
