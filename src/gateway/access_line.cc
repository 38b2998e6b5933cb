#include "gateway/access_line.h"

#include <algorithm>

#include "gateway/worker_state.h"
#include "http/text.h"
#include "telemetry/json.h"

namespace sluice {
namespace {

using http::HeaderId;
using telemetry::JsonWriter;

// A peer's text in the log is cut: a flood of long fields must not fill the disk (security: log
// amplification).
constexpr std::size_t value_bytes_max = 1024;
constexpr std::size_t headers_bytes_max = 4096;

std::string_view cut(std::string_view text) {
  return text.substr(0, value_bytes_max);
}

bool is_secret(HeaderId id) {
  return id == HeaderId::authorization || id == HeaderId::proxy_authorization ||
         id == HeaderId::cookie || id == HeaderId::set_cookie;
}

/// Kong's shape: lower-case names, and a list where a name comes more than once.
void write_headers(JsonWriter& json, const http::Headers& headers, std::string& scratch) {
  json.begin_object();
  const auto fields = headers.fields();
  std::size_t written = 0;
  for (std::size_t i = 0; i < fields.size() && written < headers_bytes_max; ++i) {
    const auto same = [&](const http::Headers::Field& other) {
      return other.id == fields[i].id && other.name_size == fields[i].name_size &&
             http::equal_ignoring_case(other.name(), fields[i].name());
    };
    if (std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(i), same))
      continue;
    scratch.assign(cut(fields[i].name()));
    for (char& byte : scratch)
      byte = http::lower(byte);
    json.foreign_key(scratch);
    written += scratch.size();
    if (is_secret(fields[i].id)) {
      json.text("REDACTED");
      continue;
    }
    const auto rest = fields.subspan(i);
    const bool several = std::ranges::count_if(rest, same) > 1;
    if (several) json.begin_list();
    for (const http::Headers::Field& field : rest) {
      if (!same(field)) continue;
      json.text(cut(field.value()));
      written += std::min<std::size_t>(field.value_size, value_bytes_max);
    }
    if (several) json.end_list();
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

void write_request(JsonWriter& json, const Exchange& exchange, std::string& scratch) {
  const http::Request& request = exchange.request;
  json.key("request").begin_object().key("id").text(exchange.record.request_id());
  if (request.method.empty()) {
    // What could not be parsed is shown as it came.
    json.key("line").text(exchange.incoming.raw_line());
  } else {
    const std::string_view path = exchange.path.empty() ? request.target : exchange.path;
    json.key("method").text(cut(request.method));
    scratch.assign(cut(path));
    if (exchange.has_query) scratch.append("?").append(cut(exchange.query));
    json.key("uri").text(scratch);
    scratch.insert(0, cut(exchange.origin.host)).insert(0, "://").insert(0, exchange.origin.proto);
    json.key("url").text(scratch);
    json.key("querystring").text(cut(exchange.query));
    json.key("headers");
    if (exchange.record.request_head_log.empty())
      write_headers(json, request.headers, scratch);
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
    json.key("ip").text(attempt.address.ip_text()).key("port").number(attempt.address.port);
    json.key("balancer_start").number(in_milliseconds(attempt.balancer_start));
    json.key("balancer_latency").number(in_milliseconds(attempt.balancer_latency));
    if (attempt.error) {
      json.key("state").text("failed").key("code").number(kind_of(*attempt.error).status);
      json.key("error").text(kind_of(*attempt.error).name);
    }
    json.end_object();
  }
  json.end_list();
}

std::string_view keep_headers(Exchange& exchange, const http::Headers& headers) {
  if (!exchange.worker.log_line) return {};
  thread_local std::string text, scratch;
  text.clear();
  JsonWriter json(text);
  write_headers(json, headers, scratch);
  return exchange.request.headers.keep(text);
}

}  // namespace

void keep_request_head(Exchange& exchange) {
  exchange.record.request_head_log = keep_headers(exchange, exchange.request.headers);
}

void keep_response_head(Exchange& exchange, const http::Response& response) {
  exchange.record.response_head_log = keep_headers(exchange, response.headers);
}

void write_access_line(const Exchange& exchange) noexcept {
  WorkerState& worker = exchange.worker;
  if (!worker.log_line) return;
  thread_local std::string scratch;
  std::string& line = worker.log_buffer;
  line.clear();
  const Record& record = exchange.record;
  JsonWriter json(line);
  json.begin_object();
  write_request(json, exchange, scratch);
  json.key("response").begin_object().key("status").number(record.status);
  json.key("headers").raw(record.response_head_log.empty() ? "{}" : record.response_head_log);
  json.key("size").number(static_cast<std::int64_t>(exchange.incoming.traffic().sent)).end_object();
  json.key("client_ip")
      .text(exchange.origin.client_ip.empty() ? exchange.client->peer_text
                                              : exchange.origin.client_ip);
  json.key("started_at").number(in_milliseconds(record.started_at));
  write_latencies(json, exchange);
  write_tries(json, record);
  if (!record.upstream_uri.empty()) json.key("upstream_uri").text(cut(record.upstream_uri));
  if (record.upstream_status != 0) json.key("upstream_status").number(record.upstream_status);
  if (exchange.route != nullptr) {
    json.key("route").raw(exchange.route->log_json);
    if (exchange.route->service != nullptr)
      json.key("service").raw(exchange.route->service->log_json);
  }
  json.key("source").text(name_of(record.source));
  if (record.error) {
    json.key("error").text(kind_of(*record.error).name);
    if (!record.error_detail.empty()) json.key("error_detail").text(cut(record.error_detail));
  }
  json.key("workspace")
      .text("0dc6f45b-8f8d-40d2-a504-473544ee190b")
      .key("workspace_name")
      .text("default");
  json.end_object();
  line += '\n';
  if (!worker.log_line(line)) worker.metrics.log_lines_dropped.add();
}

}  // namespace sluice
