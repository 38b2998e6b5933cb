// key-auth: who has the key is its consumer (kong.md §7).

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/matchers.h"
#include "gateway/answers.h"
#include "gateway/consumers.h"
#include "gateway/plugin_type.h"
#include "gateway/request_edit.h"
#include "gateway/snapshot.h"
#include "gateway/worker_state.h"
#include "http/form.h"
#include "http/json_object.h"
#include "http/query.h"
#include "http/text.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

// A key is short: more than this in a body is not looked through.
constexpr std::size_t body_bytes_max = 1024 * 1024;

constexpr std::string_view no_key = "No API key found in request";

struct KeyAuthConfig {
  std::vector<std::string> key_names = {"apikey"};
  bool key_in_header = true;
  bool key_in_query = true;
  bool key_in_body = false;
  bool hide_credentials = false;
  std::optional<std::string> anonymous;
  bool run_on_preflight = true;
  std::optional<std::string> realm;

  static constexpr std::string_view type_name = "key-auth";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional(
            "key_names", &KeyAuthConfig::key_names,
            matches(is_header_name, "be the name of a header field"),
            "Header fields and arguments in which the key is looked for, in this order; `_` of a "
            "name also stands for `-` of a field."),
        optional("key_in_header", &KeyAuthConfig::key_in_header, "Look into header fields."),
        optional("key_in_query", &KeyAuthConfig::key_in_query, "Look into the query."),
        optional("key_in_body", &KeyAuthConfig::key_in_body,
                 "Look into a body of up to 1 MiB that is JSON or a form, where the key is nowhere "
                 "else; a "
                 "larger one is refused."),
        optional("hide_credentials", &KeyAuthConfig::hide_credentials,
                 "Keep the key from the upstream."),
        optional("anonymous", &KeyAuthConfig::anonymous,
                 "The consumer, by id or username, that requests without a valid key come from; "
                 "without it they are refused."),
        optional("run_on_preflight", &KeyAuthConfig::run_on_preflight,
                 "Ask requests with the method OPTIONS for a key too."),
        optional("realm", &KeyAuthConfig::realm,
                 matches(is_header_value, "be the value of a header field"),
                 "The realm that WWW-Authenticate names."),
        later("identity_realms", "Realms of Konnect in which keys are looked up."),
        later("principals", "Principals of Konnect."),
    };
  }

  static void check(KeyAuthConfig& config, const config::Given& given) {
    if (config.key_names.empty())
      given.error("key_names", "must name at least one header field or argument");
    if (!config.key_in_header && !config.key_in_query && !config.key_in_body)
      given.error("one of `key_in_header`, `key_in_query` and `key_in_body` must be true");
  }
};

/// What one place says about the key.
struct Found {
  enum class State : std::uint8_t { absent, unusable, one, several } state = State::absent;
  std::string key;  ///< of State::one; an empty one is no key, and none is looked for behind it
};

/// Kong finds X-Key under the name x_key, after a field that is spelled so.
std::string with_hyphens(std::string name) {
  std::ranges::replace(name, '_', '-');
  return name;
}

class KeyAuth final : public Plugin {
 public:
  using Config = KeyAuthConfig;

  static void check(const Config& config, const PluginDeps& deps, const config::Given& given) {
    if (config.anonymous && deps.consumers.find(*config.anonymous) == nullptr)
      given.error("anonymous",
                  "no consumer has the id or username " + config::in_quotes(*config.anonymous));
  }

  KeyAuth(Config config, const PluginDeps& deps) : config_(std::move(config)) {
    if (config_.anonymous) anonymous_ = deps.consumers.find(*config_.anonymous);
    if (config_.realm) challenge_ = "Key realm=\"" + *config_.realm + "\"";
    secret_names_ = config_.key_names;
    for (const std::string& name : config_.key_names)
      if (name.contains('_')) secret_names_.push_back(with_hyphens(name));
  }

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    remove_stale_identity(exchange);
    if (!config_.run_on_preflight && exchange.request.method == "OPTIONS") return next(exchange);
    // With `anonymous` one authentication of several is enough.
    if (anonymous_ != nullptr && !exchange.credential_id.empty()) return next(exchange);
    if (config_.key_in_body && exchange.request.body != nullptr &&
        exchange.request.protocol.empty() && needs_body(exchange))
      return handle_with_body(exchange, next);
    return decide(exchange, next, nullptr);
  }

  std::span<const std::string> secret_names() const override { return secret_names_; }

 private:
  /// A body that may hold the key, taken apart.
  struct BodyKeys {
    std::optional<http::JsonObject> json;
    std::optional<http::QueryEdit> form;
    std::string_view form_text;
    std::optional<http::MultipartForm> multipart;
  };

  /// An earlier authentication's fields stay; a client's own never.
  static void remove_stale_identity(Exchange& exchange) {
    if (exchange.consumer == nullptr) remove_identity(exchange.request.headers);
  }

  /// Not where fields and query alone say who calls.
  bool needs_body(const Exchange& exchange) const {
    if (config_.hide_credentials) return true;
    for (const std::string& name : config_.key_names) {
      const Found found = find(exchange, name, nullptr);
      if (found.state != Found::State::unusable) return found.state == Found::State::absent;
    }
    return false;
  }

  http::ResponseTask handle_with_body(Exchange& exchange, Next next) const {
    const auto whole = co_await whole_body(exchange, body_bytes_max);
    if (!whole) {
      // A body that is too large holds no key; since it is lost, such a request goes nowhere.
      if (whole.error().code != ErrorCode::payload_too_large || anonymous_ != nullptr ||
          std::ranges::any_of(config_.key_names, [&](const std::string& name) {
            return find(exchange, name, nullptr).state == Found::State::one;
          }))
        co_return std::unexpected(whole.error());
      co_return unauthorized(exchange, no_key);
    }
    BodyKeys body = read(exchange, whole->text());
    co_return co_await decide(exchange, next, &body);
  }

  /// A body of another type, or that is not what its type says, holds no key.
  static BodyKeys read(const Exchange& exchange, std::string_view text) {
    BodyKeys body;
    const std::string_view type =
        exchange.request.headers.get(http::HeaderId::content_type).value_or("");
    const std::string media_type = http::media_type(type);
    if (media_type == "application/json") {
      body.json = http::JsonObject::parse(text);
    } else if (media_type == "application/x-www-form-urlencoded") {
      if (auto form = http::QueryEdit::parse(text)) {
        body.form = *std::move(form);
        body.form_text = text;
      }
    } else if (media_type == "multipart/form-data") {
      body.multipart = http::MultipartForm::parse(type, text);
    }
    return body;
  }

  http::ResponseTask decide(Exchange& exchange, Next next, BodyKeys* body) const {
    for (const std::string& name : config_.key_names) {
      Found found = find(exchange, name, body);
      if (found.state == Found::State::several)
        return refuse(exchange, next, "Duplicate API key found");
      if (found.state != Found::State::one) continue;
      if (found.key.empty()) break;
      const auto credential = exchange.snapshot.consumers().keys().find(found.key);
      if (!credential || has_expired(exchange, *credential))
        return refuse(exchange, next, "Unauthorized");
      if (config_.hide_credentials) hide(exchange, name, body);
      const Consumer& consumer = exchange.snapshot.consumers().at(credential->consumer);
      const auto set = set_consumer(exchange, consumer, credential->id.text());
      if (!set) return std::unexpected(set.error());
      return next(exchange);
    }
    return refuse(exchange, next, no_key);
  }

  static bool has_expired(const Exchange& exchange, const KeyCredential& credential) {
    return credential.time_left != KeyCredential::for_ever &&
           exchange.snapshot.live_since() + credential.time_left <= exchange.worker.loop.wall();
  }

  Found find(const Exchange& exchange, const std::string& name, const BodyKeys* body) const {
    Found found;
    if (config_.key_in_header) found = find_in_header(exchange.request.headers, name);
    if (config_.key_in_query && found.state == Found::State::absent) {
      http::QueryValue value = http::find_in_query(exchange.query, name);
      found = usable(value.count, value.has_value, std::move(value.value));
    }
    if (body != nullptr && found.state == Found::State::absent) found = find_in_body(*body, name);
    return found;
  }

  static Found usable(std::size_t count, bool has_value, std::string value) {
    using enum Found::State;
    if (count == 0) return {};
    if (count > 1) return {several, {}};
    if (!has_value) return {unusable, {}};
    return {one, std::move(value)};
  }

  static Found find_in_header(const http::Headers& headers, const std::string& name) {
    Found found = find_in_field(headers, name);
    if (found.state == Found::State::absent && name.contains('_'))
      found = find_in_field(headers, with_hyphens(name));
    return found;
  }

  static Found find_in_field(const http::Headers& headers, std::string_view name) {
    std::size_t count = 0;
    std::string_view value;
    for (const http::Headers::Field& field : headers.fields())
      if (http::equal_ignoring_case(field.name(), name) && count++ == 0) value = field.value();
    return usable(count, true, std::string(value));
  }

  static Found find_in_body(const BodyKeys& body, const std::string& name) {
    if (body.form) {
      http::QueryValue value = http::find_in_query(body.form_text, name);
      return usable(value.count, value.has_value, std::move(value.value));
    }
    if (body.multipart) {
      const std::string_view value = body.multipart->get(name).value_or("");
      return usable(body.multipart->count(name), true, std::string(value));
    }
    if (!body.json || !body.json->has(name)) return {};
    const auto text = body.json->get_text(name);
    return text ? usable(1, true, *text) : Found{Found::State::unusable, {}};
  }

  void hide(Exchange& exchange, const std::string& name, BodyKeys* body) const {
    exchange.request.headers.remove(name);
    if (name.contains('_')) exchange.request.headers.remove(with_hyphens(name));
    if (http::find_in_query(exchange.query, name).count > 0)
      set_query(exchange, http::without_parameter(exchange.query, name));
    if (body == nullptr) return;
    if (body->json && body->json->remove(name)) set_body(exchange, body->json->text());
    if (body->form && body->form->remove(name)) set_body(exchange, body->form->text());
    if (body->multipart && body->multipart->remove(name))
      set_body(exchange, body->multipart->text());
  }

  http::ResponseTask refuse(Exchange& exchange, Next next, std::string_view message) const {
    if (anonymous_ != nullptr) {
      const auto set = set_consumer(exchange, *anonymous_, "");
      if (!set) return std::unexpected(set.error());
      return next(exchange);
    }
    return unauthorized(exchange, message);
  }

  Result<http::Response> unauthorized(Exchange& exchange, std::string_view message) const {
    auto response = error_answer(exchange, 401, message);
    if (response) response->headers.set(http::HeaderId::www_authenticate, challenge_);
    return response;
  }

  Config config_;
  std::vector<std::string> secret_names_;
  const Consumer* anonymous_ = nullptr;  ///< in the snapshot that owns this plugin
  std::string challenge_ = "Key";
};

}  // namespace

constinit const PluginType key_auth = plugin_type<KeyAuth>(
    "key-auth", 1250, {.authenticates = true, .scopes = config::not_for_consumers},
    "Asks each request for the key of a consumer.");

}  // namespace sluice::plugins
