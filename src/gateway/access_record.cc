#include "gateway/access_record.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "gateway/exchange.h"
#include "gateway/secrets.h"
#include "gateway/worker_state.h"
#include "http/query.h"
#include "http/text.h"
#include "http/uri.h"

namespace sluice {
namespace {

using http::HeaderId;
using Text = AccessRecord::Text;

// A peer's text in the log is cut: a flood of long fields must not fill the disk (security: log
// amplification).
constexpr std::size_t value_bytes_max = 1024;
constexpr std::size_t fields_bytes_max = 4096;

std::string_view cut(std::string_view text) {
  return text.substr(0, value_bytes_max);
}

/// Whether a field's value must not be kept: also of Location, which may repeat a query.
bool is_hidden(const http::Headers::Field& field, SecretNames secrets) {
  if (secrets.empty()) [[likely]]
    return is_secret(field.id);
  if (field.id == HeaderId::location)
    return target_without_secrets(field.value(), secrets) != field.value();
  return is_secret(field, secrets);
}

AccessField entry_of(const http::Headers::Field& field, SecretNames secrets) {
  constexpr std::size_t max = value_bytes_max;
  const bool secret = is_hidden(field, secrets);
  const std::size_t value = secret ? 0 : std::min<std::size_t>(field.value_size, max);
  const std::size_t name = std::min<std::size_t>(field.name_size, max);
  return {static_cast<std::uint32_t>(value), static_cast<std::uint16_t>(name), field.id, secret};
}

/// The fields as a record holds them, in memory of `keeper`; never null, however few they are.
std::string_view keep_fields(const http::Headers& headers, SecretNames secrets,
                             http::Headers& keeper) {
  const auto fields = headers.fields();
  std::size_t count = 0;
  std::size_t shown = 0;
  for (; count < fields.size() && shown < fields_bytes_max; ++count)
    shown += std::min<std::size_t>(fields[count].name_size, value_bytes_max) +
             std::min<std::size_t>(fields[count].value_size, value_bytes_max);
  char* const begin = keeper.reserve(count * sizeof(AccessField) + shown);
  char* at = begin;
  for (const http::Headers::Field& field : fields.first(count)) {
    const AccessField entry = entry_of(field, secrets);
    std::memcpy(at, &entry, sizeof entry);
    at += sizeof entry;
    if (field.id == HeaderId::other) at = copy_short(at, {field.name_data, entry.name_size});
    at = copy_short(at, {field.value_data, entry.value_size});
  }
  return {begin, static_cast<std::size_t>(at - begin)};
}

std::int64_t milliseconds_of(WallTime time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

AccessRecord fixed_part(const Exchange& exchange) {
  const Record& record = exchange.record;
  const http::Traffic traffic = exchange.incoming.traffic();
  AccessRecord fixed;
  fixed.request_id = record.request_id_text;
  fixed.started_at = milliseconds_of(record.started_at);
  fixed.proxied = record.upstream_head_at != TimePoint{} && record.source == Source::upstream;
  fixed.whole = nanoseconds(record.ended_at - exchange.received_at).count();
  fixed.waiting =
      fixed.proxied ? nanoseconds(record.upstream_head_at - record.upstream_sent_at).count() : 0;
  fixed.receiving =
      fixed.proxied ? nanoseconds(record.ended_at - record.upstream_head_at).count() : 0;
  fixed.received = traffic.received;
  fixed.sent = traffic.sent;
  fixed.tries = static_cast<std::uint32_t>(record.tries.size());
  fixed.status = record.status;
  fixed.upstream_status = record.upstream_status;
  fixed.source = record.source;
  fixed.error = record.error ? std::to_underlying(*record.error) : AccessRecord::no_error;
  fixed.certificate_verified = exchange.client->tls().certificate_verified;
  fixed.has_query = exchange.received_mark;
  return fixed;
}

AccessRecord::Try try_of(const Try& attempt) {
  return {attempt.address.ip,
          milliseconds_of(attempt.balancer_start),
          attempt.balancer_latency.count(),
          attempt.address.scope,
          attempt.address.port,
          attempt.address.family,
          attempt.error ? std::to_underlying(*attempt.error) : AccessRecord::no_error};
}

/// The texts of one record. Those that had to be made live here.
class Texts {
 public:
  explicit Texts(Exchange& exchange) {
    const Record& record = exchange.record;
    const http::Request& request = exchange.request;
    const SecretNames secrets = exchange.pipeline->secret_names;
    if (request.method.empty()) {
      set(Text::raw_line, shown(exchange.incoming.raw_line(), secrets, target_));
    } else {
      set(Text::method, cut(request.method));
      set(Text::scheme, exchange.origin.proto);
      set(Text::host, cut(exchange.origin.host));
      set(Text::path, cut(exchange.path.empty() ? http::path_of(request.target) : exchange.path));
      if (!secrets.empty() && !exchange.received_query.empty()) {
        target_ = without_secrets(exchange.received_query, secrets);
        set(Text::query, cut(target_));
      } else {
        set(Text::query, cut(exchange.received_query));
      }
      set(Text::request_fields,
          record.request_fields.data() != nullptr
              ? record.request_fields
              : keep_fields(request.headers, secrets, exchange.request.headers));
    }
    set(Text::response_fields, record.response_fields);
    if (const http::ClientTls* tls = exchange.client->handshake.get()) {
      set(Text::tls_version, tls->version);
      set(Text::tls_cipher, tls->cipher);
      set(Text::certificate_problem, tls->certificate_problem);
    }
    set(Text::client_ip,
        exchange.origin.client_ip.empty() ? exchange.client->peer_text : exchange.origin.client_ip);
    set(Text::upstream_uri, shown(record.upstream_uri, secrets, upstream_uri_));
    if (exchange.route != nullptr) {
      set(Text::route, exchange.route->log_json);
      if (exchange.route->service != nullptr) set(Text::service, exchange.route->service->log_json);
    }
    if (exchange.consumer != nullptr) set_consumer_of(exchange);
    set(Text::error_detail, cut(record.error_detail));
  }

  std::size_t write_sizes(AccessRecord& fixed) const {
    std::size_t total = 0;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      fixed.sizes[i] = static_cast<std::uint32_t>(texts_[i].size());
      total += texts_[i].size();
    }
    return total;
  }

  void write(char* at) const {
    for (const std::string_view text : texts_)
      if (!text.empty()) at = copy_short(at, text);
  }

 private:
  void set(Text which, std::string_view text) { texts_[std::to_underlying(which)] = text; }

  /// What the log's thread does for names that look like a credential's, it cannot for these.
  static std::string_view shown(std::string_view target, SecretNames secrets, std::string& keeper) {
    if (secrets.empty() || target.empty()) return cut(target);
    keeper = target_without_secrets(target, secrets);
    return cut(keeper);
  }

  void set_consumer_of(const Exchange& exchange) {
    const Consumer& consumer = *exchange.consumer;
    set(Text::consumer_id, consumer.id);
    set(Text::consumer_username, consumer.username);
    set(Text::consumer_custom_id, consumer.custom_id);
    set(Text::credential_id, exchange.credential_id);
  }

  std::array<std::string_view, std::to_underlying(Text::count_)> texts_{};
  std::string target_;
  std::string upstream_uri_;
};

}  // namespace

void keep_request_head(Exchange& exchange) {
  if (exchange.worker.access_log == nullptr) return;
  http::Headers& headers = exchange.request.headers;
  exchange.record.request_fields = keep_fields(headers, exchange.pipeline->secret_names, headers);
}

void keep_response_head(Exchange& exchange, const http::Response& response) {
  if (exchange.worker.access_log == nullptr) return;
  exchange.record.response_fields =
      keep_fields(response.headers, exchange.pipeline->secret_names, exchange.request.headers);
}

void put_access_record(Exchange& exchange) noexcept {
  telemetry::RecordSink* log = exchange.worker.access_log;
  if (log == nullptr) return;
  const Texts texts(exchange);
  AccessRecord fixed = fixed_part(exchange);
  const auto& tries = exchange.record.tries;
  const std::size_t tries_size = tries.size() * sizeof(AccessRecord::Try);
  char* at = log->reserve(sizeof fixed + tries_size + texts.write_sizes(fixed));
  if (at == nullptr) return exchange.worker.metrics.log_lines_dropped.add();
  std::memcpy(at, &fixed, sizeof fixed);
  at += sizeof fixed;
  for (const Try& attempt : tries) {
    const AccessRecord::Try entry = try_of(attempt);
    std::memcpy(at, &entry, sizeof entry);
    at += sizeof entry;
  }
  texts.write(at);
  log->commit();
}

}  // namespace sluice
