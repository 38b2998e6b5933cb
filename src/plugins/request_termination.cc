// request-termination: a fixed answer instead of the upstream's (kong.md §7).

#include <string>

#include <unistd.h>

#include "config/matchers.h"
#include "gateway/answers.h"
#include "gateway/plugin_type.h"
#include "gateway/worker_state.h"
#include "http/query.h"
#include "http/text.h"
#include "http/whole_body.h"
#include "plugins/catalog.h"
#include "telemetry/json.h"

namespace sluice::plugins {
namespace {

using telemetry::JsonWriter;

// What `echo` shows of a request's body; a larger one is answered with 413.
constexpr std::size_t echo_bytes_max = 1024 * 1024;

struct RequestTerminationConfig {
  std::uint16_t status_code = 503;
  std::optional<std::string> message;
  std::optional<std::string> body;
  std::optional<std::string> content_type;
  std::optional<std::string> trigger;
  bool echo = false;

  static constexpr std::string_view type_name = "request-termination";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        // A final status: an informational one would leave the client waiting for an answer.
        optional("status_code", &RequestTerminationConfig::status_code, between(200, 599),
                 "The status of the answer."),
        optional("message", &RequestTerminationConfig::message,
                 "What the answer says, as JSON with the name message."),
        optional("body", &RequestTerminationConfig::body,
                 "The whole body of the answer, instead of `message`."),
        optional("content_type", &RequestTerminationConfig::content_type,
                 matches(is_header_value, "be the value of a header field"),
                 "What `body` is; application/json; charset=utf-8 where it is not given."),
        optional("trigger", &RequestTerminationConfig::trigger,
                 matches(is_header_name, "be the name of a header field"),
                 "Only requests with a header field or query argument of this name are answered."),
        optional("echo", &RequestTerminationConfig::echo,
                 "Answer with a description of the request and its route."),
    };
  }

  static void check(RequestTerminationConfig& config, const config::Given& given) {
    if (config.message && (config.content_type || config.body))
      given.error("message", "`message` excludes `body` and `content_type`");
    if (config.content_type && !config.body)
      given.error("content_type", "`content_type` needs a `body`");
    if (config.echo && (config.content_type || config.body))
      given.error("echo", "`echo` excludes `body` and `content_type`");
  }
};

std::string_view default_message(std::uint16_t status) {
  switch (status) {
    case 401:
      return "Unauthorized";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 500:
      return "An unexpected error occurred";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service unavailable";
    default:
      return "";
  }
}

class RequestTermination final : public Plugin {
 public:
  using Config = RequestTerminationConfig;

  RequestTermination(Config config, const PluginDeps&) : config_(std::move(config)) {
    if (!config_.message) {
      const std::string_view standard = default_message(config_.status_code);
      if (!standard.empty()) config_.message = standard;
    }
  }

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    if (config_.trigger && !exchange.request.headers.get(*config_.trigger) &&
        http::find_in_query(exchange.query, *config_.trigger).count == 0)
      return next(exchange);
    if (config_.echo) return describe(exchange);
    if (config_.body)
      return text_answer(exchange, config_.status_code,
                         config_.content_type.value_or("application/json; charset=utf-8"),
                         *config_.body);
    if (config_.message) return message_answer(exchange, config_.status_code, *config_.message);
    return text_answer(exchange, config_.status_code, "application/json; charset=utf-8", "{}");
  }

 private:
  static void write_headers(JsonWriter& json, const http::Headers& headers,
                            std::span<const std::string> secrets) {
    json.begin_object();
    for (const http::Headers::Field& field : headers.fields()) {
      const bool secret = std::ranges::any_of(secrets, [&](const std::string& name) {
        return http::equal_ignoring_case(name, field.name());
      });
      json.lower_key(field.name()).text(secret ? "REDACTED" : field.value());
    }
    json.end_object();
  }

  static void write_query(JsonWriter& json, std::string_view query,
                          std::span<const std::string> secrets) {
    json.begin_object();
    while (const auto pair = http::next_query_parameter(query)) {
      const std::string name = http::decode_query(pair->name);
      const bool secret = std::ranges::find(secrets, name) != secrets.end();
      json.foreign_key(name);
      if (pair->has_value)
        json.text(secret ? "REDACTED" : http::decode_query(pair->value));
      else
        json.boolean(true);
    }
    json.end_object();
  }

  /// The log's text is a member, name and all.
  static std::string_view object_of(std::string_view member) {
    return member.substr(member.find('{'));
  }

  http::ResponseTask describe(Exchange& exchange) const {
    std::string body;
    if (exchange.request.body != nullptr) {
      CO_TRY(const Chunk whole, co_await http::read_whole(*exchange.request.body, echo_bytes_max));
      body = whole.text();
    }
    const std::span<const std::string> secrets = exchange.pipeline->secret_names;
    telemetry::JsonText text;
    JsonWriter json(text);
    json.begin_object();
    if (config_.message) json.key("message").text(*config_.message);
    char host_name[256] = {};
    static_cast<void>(::gethostname(host_name, sizeof host_name - 1));
    json.key("kong").begin_object().key("hostname").text(host_name);
    json.key("worker_pid").number(::getpid()).end_object();
    json.key("request").begin_object();
    json.key("method").text(exchange.request.method);
    json.key("scheme").text(exchange.client->scheme);
    json.key("host").text(exchange.origin.host);
    json.key("port").number(exchange.client->local->port);
    json.key("path").text(exchange.path);
    json.key("headers");
    write_headers(json, exchange.request.headers, secrets);
    json.key("query");
    write_query(json, exchange.query, secrets);
    json.key("raw_body").text(body);
    json.end_object();
    json.key("matched_route").raw(object_of(exchange.route->log_json));
    if (exchange.route->service != nullptr)
      json.key("matched_service").raw(object_of(exchange.route->service->log_json));
    json.end_object();
    co_return text_answer(exchange, config_.status_code, "application/json; charset=utf-8",
                          text.view());
  }

  Config config_;
};

}  // namespace

constinit const PluginType request_termination = plugin_type<RequestTermination>(
    "request-termination", 2, {}, "Answers requests itself, with a fixed status and body.");

}  // namespace sluice::plugins
