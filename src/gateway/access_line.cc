#include "gateway/access_line.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ranges>
#include <span>
#include <utility>

#include "base/inline_vector.h"
#include "config/effective.h"
#include "gateway/access_record.h"
#include "gateway/secrets.h"
#include "http/text.h"

namespace sluice {
namespace {

using http::HeaderId;
using telemetry::JsonText;
using telemetry::JsonWriter;
using Text = AccessRecord::Text;

/// A record's parts, in place.
class Parts {
 public:
  /// Precondition: put_access_record() made it.
  explicit Parts(std::string_view record) {
    std::memcpy(&fixed, record.data(), sizeof fixed);
    tries_ = record.data() + sizeof fixed;
    const char* at = tries_ + fixed.tries * sizeof(AccessRecord::Try);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      texts_[i] = {at, fixed.sizes[i]};
      at += fixed.sizes[i];
    }
  }

  std::string_view operator[](Text which) const { return texts_[std::to_underlying(which)]; }

  AccessRecord::Try attempt(std::size_t i) const {
    AccessRecord::Try entry;
    std::memcpy(&entry, tries_ + i * sizeof entry, sizeof entry);
    return entry;
  }

  AccessRecord fixed;

 private:
  const char* tries_;
  std::array<std::string_view, std::to_underlying(Text::count_)> texts_;
};

struct Field {
  HeaderId id;
  bool secret;
  std::string_view name;  ///< of `other` names
  std::string_view value;

  bool same_name(const Field& field) const {
    return id == field.id && (id != HeaderId::other || http::equal_ignoring_case(name, field.name));
  }
};

using Fields = InlineVector<Field, 24>;

Fields fields_of(std::string_view bytes) {
  Fields fields;
  const char* at = bytes.data();
  const auto take = [&](std::size_t size) {
    return std::string_view(std::exchange(at, at + size), size);
  };
  while (at != bytes.data() + bytes.size()) {
    AccessField entry;
    std::memcpy(&entry, at, sizeof entry);
    at += sizeof entry;
    const std::string_view name = take(entry.id == HeaderId::other ? entry.name_size : 0);
    fields.push_back({entry.id, entry.secret, name, take(entry.value_size)});
  }
  return fields;
}

/// Which fields come more than once: known names by a bit each, others by comparison.
class Repeats {
 public:
  explicit Repeats(std::span<const Field> fields) : fields_(fields) {
    std::uint64_t seen = 0;
    for (const Field& field : fields) {
      repeated_ |= seen & bit(field.id);
      seen |= bit(field.id);
    }
  }

  /// Whether an earlier field has the name of field `i`.
  bool is_repeat(std::size_t i) const { return may_repeat(i) && has_same(fields_.first(i), i); }

  /// Whether a later field has the name of field `i`.
  bool has_repeat(std::size_t i) const {
    return may_repeat(i) && has_same(fields_.subspan(i + 1), i);
  }

 private:
  static constexpr std::uint64_t bit(HeaderId id) {
    return std::uint64_t{1} << static_cast<unsigned>(id);
  }

  bool may_repeat(std::size_t i) const { return (repeated_ & bit(fields_[i].id)) != 0; }

  bool has_same(std::span<const Field> fields, std::size_t i) const {
    return std::ranges::any_of(fields,
                               [&](const Field& field) { return field.same_name(fields_[i]); });
  }

  std::span<const Field> fields_;
  std::uint64_t repeated_ = 0;
};

/// The known names in lower case; empty for `other`.
constexpr auto lower_names = [] {
  std::array<std::array<char, 32>, std::size(http::header_names)> texts{};
  for (std::size_t id = 0; id < texts.size(); ++id)
    std::ranges::transform(http::header_names[id], texts[id].begin(), http::lower);
  return texts;
}();

bool is_hidden(const Field& field) {
  return field.secret || (field.id == HeaderId::other && config::is_credential_name(field.name));
}

void write_value(JsonWriter& json, const Field& field) {
  // A redirect may repeat the query.
  if (field.id == HeaderId::location)
    json.text(target_without_secrets(field.value, {}));
  else
    json.text(field.value);
}

/// Kong's shape: lower-case names, and a list where a name comes more than once.
void write_fields(JsonWriter& json, std::string_view bytes) {
  json.begin_object();
  const Fields fields = fields_of(bytes);
  const Repeats repeats(fields);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    if (repeats.is_repeat(i)) continue;
    if (field.id == HeaderId::other)
      json.lower_key(field.name);
    else
      json.key(
          {lower_names[std::to_underlying(field.id)].data(), http::header_name(field.id).size()});
    if (is_hidden(field)) {
      json.plain(redacted_value);
    } else if (!repeats.has_repeat(i)) {
      write_value(json, field);
    } else {
      json.begin_list();
      for (const Field& each : std::span(fields).subspan(i))
        if (each.same_name(field)) write_value(json, each);
      json.end_list();
    }
  }
  json.end_object();
}

/// Whole milliseconds of nanoseconds, not below 0.
std::int64_t in_milliseconds(std::int64_t duration) {
  return std::max<std::int64_t>(duration / 1'000'000, 0);
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

void write_request(JsonWriter& json, const Parts& parts) {
  const AccessRecord& fixed = parts.fixed;
  json.key("request").begin_object().key("id").plain(
      {fixed.request_id.data(), fixed.request_id.size()});
  if (parts[Text::method].empty()) {
    // What could not be parsed is shown as it came.
    json.key("line").text(target_without_secrets(parts[Text::raw_line], {}));
  } else {
    const std::string_view path = parts[Text::path];
    const std::string query = without_secrets(parts[Text::query], {});
    const std::string_view mark = fixed.has_query ? "?" : "";
    json.key("method").text(parts[Text::method]);
    json.key("uri").text({path, mark, query});
    json.key("url").text({parts[Text::scheme], "://", parts[Text::host], path, mark, query});
    json.key("querystring").text(query);
    json.key("headers");
    write_fields(json, parts[Text::request_fields]);
  }
  if (const auto version = parts[Text::tls_version]; !version.empty()) {
    json.key("tls").begin_object().key("version").text(version);
    json.key("cipher").text(parts[Text::tls_cipher]);
    json.key("client_verify");
    if (const auto problem = parts[Text::certificate_problem]; !problem.empty())
      json.text({"FAILED:", problem});
    else
      json.plain(fixed.certificate_verified ? "SUCCESS" : "NONE");
    json.end_object();
  }
  json.key("size").number(static_cast<std::int64_t>(fixed.received)).end_object();
}

void write_response(JsonWriter& json, const Parts& parts) {
  json.key("response").begin_object().key("status").number(parts.fixed.status).key("headers");
  write_fields(json, parts[Text::response_fields]);
  json.key("size").number(static_cast<std::int64_t>(parts.fixed.sent)).end_object();
}

void write_latencies(JsonWriter& json, const AccessRecord& fixed) {
  json.key("latencies").begin_object();
  json.key("request").number(in_milliseconds(fixed.whole));
  json.key("kong").number(in_milliseconds(fixed.whole - fixed.waiting - fixed.receiving));
  json.key("proxy").number(fixed.proxied ? in_milliseconds(fixed.waiting) : -1);
  json.key("receive").number(in_milliseconds(fixed.receiving)).end_object();
}

void write_tries(JsonWriter& json, const Parts& parts) {
  json.key("tries").begin_list();
  for (std::size_t i = 0; i < parts.fixed.tries; ++i) {
    const AccessRecord::Try entry = parts.attempt(i);
    const Address address{entry.family, entry.port, entry.scope, entry.ip, {}};
    json.begin_object();
    json.key("ip").plain(address.ip_text()).key("port").number(address.port);
    json.key("balancer_start").number(entry.start);
    json.key("balancer_latency").number(in_milliseconds(entry.latency));
    if (entry.error != AccessRecord::no_error) {
      const ErrorKind& kind = kind_of(static_cast<ErrorCode>(entry.error));
      json.key("state").plain("failed").key("code").number(kind.status);
      json.key("error").plain(kind.name);
    }
    json.end_object();
  }
  json.end_list();
}

void write_consumer(JsonWriter& json, const Parts& parts) {
  const std::string_view id = parts[Text::consumer_id];
  if (id.empty()) return;
  if (!parts[Text::credential_id].empty()) {
    json.key("authenticated_entity").begin_object().key("id").text(parts[Text::credential_id]);
    json.key("consumer_id").text(id).end_object();
  }
  json.key("consumer").begin_object().key("id").text(id);
  if (const auto name = parts[Text::consumer_username]; !name.empty())
    json.key("username").text(name);
  if (const auto custom_id = parts[Text::consumer_custom_id]; !custom_id.empty())
    json.key("custom_id").text(custom_id);
  json.end_object();
}

}  // namespace

void write_access_line(std::string_view record, JsonText& line) {
  const Parts parts(record);
  const AccessRecord& fixed = parts.fixed;
  JsonWriter json(line);
  json.begin_object();
  write_request(json, parts);
  write_response(json, parts);
  json.key("client_ip").text(parts[Text::client_ip]);
  json.key("started_at").number(fixed.started_at);
  write_latencies(json, fixed);
  write_tries(json, parts);
  if (const auto uri = parts[Text::upstream_uri]; !uri.empty())
    json.key("upstream_uri").text(target_without_secrets(uri, {}));
  if (fixed.upstream_status != 0) json.key("upstream_status").number(fixed.upstream_status);
  for (const Text text : {Text::route, Text::service})
    if (!parts[text].empty()) json.raw(parts[text]);
  write_consumer(json, parts);
  json.key("source").plain(name_of(fixed.source));
  if (fixed.error != AccessRecord::no_error) {
    json.key("error").plain(kind_of(static_cast<ErrorCode>(fixed.error)).name);
    if (const auto detail = parts[Text::error_detail]; !detail.empty())
      json.key("error_detail").text(detail);
  }
  json.raw(R"("workspace":"0dc6f45b-8f8d-40d2-a504-473544ee190b","workspace_name":"default")");
  json.end_object();
  line << '\n';
}

}  // namespace sluice
