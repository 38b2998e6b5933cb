// Settings of plugins that are not served yet: what files may say, and what is said about others.

#include "config/plugins/known.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "config/fields.h"
#include "config/redact.h"
#include "config/yaml.h"

namespace sluice::config {
namespace {

/// What is wrong with the settings, one message a line.
std::string verdict_on(std::string_view name, const std::string& settings) {
  const KnownPlugin* plugin = find_known_plugin(name);
  if (plugin == nullptr) return "no such plugin";
  Diagnostics diagnostics(Source{"config", settings});
  const auto document = parse_text(TextFormat::yaml, diagnostics);
  if (document == nullptr) return "no YAML";
  decode_into(*plugin->settings, document->root(), nullptr, diagnostics, Path("config"));
  std::string all;
  for (const Diagnostic& each : diagnostics.all())
    all += each.path + ": " + each.message + "\n";
  return all;
}

struct Case {
  std::string_view plugin;
  std::string settings;
  std::string verdict;
};

TEST(KnownPlugins, TakeWhatKongTakes) {
  const Case cases[] = {
      {"jwt", "{claims_to_verify: [exp], maximum_expiration: 60, anonymous: nobody}", ""},
      {"acl", "{allow: [a], hide_groups_header: true}", ""},
      {"rate-limiting", "{minute: 5, hour: 100, policy: redis, redis: {host: a, port: 1}}", ""},
      {"http-log", "{http_endpoint: \"http://a/b\", queue: {max_batch_size: 5}}", ""},
      {"oauth2", "{enable_client_credentials: true, scopes: [a]}", ""},
      {"ldap-auth", "{ldap_host: a, base_dn: b, attribute: c}", ""},
      {"aws-lambda", "{aws_key: a, aws_secret: b, function_name: f}", ""},
      {"rate-limiting-advanced", "{limit: [5], window_size: [60], sync_rate: -1}", ""},
      {"opentelemetry", "{traces_endpoint: \"http://a\", propagation: {default_format: w3c}}", ""},
      {"session", "{secret: a, absolute_timeout: 5, remember: true}", ""},
      {"rate-limiting",
       "{minute: 5, redis_host: a, redis_port: 1, redis_username: null, redis_password: s, "
       "redis_database: 0, redis_timeout: 2000, redis_ssl: false, redis_ssl_verify: false, "
       "redis_server_name: null}",
       ""},
      {"response-ratelimiting",
       "{limits: {a: {minute: 5}}, redis_host: null, redis_port: 6379, redis_username: null, "
       "redis_password: null, redis_database: 0, redis_timeout: 2000, redis_ssl: false, "
       "redis_ssl_verify: false, redis_server_name: null}",
       ""},
      {"opentelemetry", "{traces_endpoint: \"http://a\", endpoint: \"http://a\"}", ""},
      {"session",
       "{cookie_lifetime: 3600, cookie_idletime: null, cookie_renew: 600, cookie_discard: 10, "
       "cookie_httponly: true, cookie_samesite: Strict}",
       ""},
      {"acme",
       "{account_email: a@b, storage: redis, storage_config: {redis: {host: a, auth: s, "
       "ssl_server_name: null, namespace: \"\", scan_count: 10}}}",
       ""},
      {"proxy-cache", "{strategy: memory, response_code: [200], memory: {dictionary_name: a}}", ""},
      {"prometheus", "null", ""},
      {"pre-function", "{access: [\"return\"]}", ""},
  };
  for (const Case& each : cases)
    EXPECT_EQ(verdict_on(each.plugin, each.settings), each.verdict) << each.plugin;
}

TEST(KnownPlugins, SayWhatIsWrong) {
  const Case cases[] = {
      {"jwt", "{claims_to_verify: [exp, nfb]}",
       "config.claims_to_verify[1]: must be one of exp, nbf, got \"nfb\", did you mean \"nbf\"?\n"},
      {"jwt", "{run_on_preflight: 1}", "config.run_on_preflight: must be true or false, got 1\n"},
      {"jwt", "{cookie_name: [a]}",
       "config: unknown field \"cookie_name\", did you mean \"cookie_names\"?\n"},
      {"acl", "{allow: [a], deny: [b]}",
       "config: exactly one of \"allow\" and \"deny\" must be given\n"},
      {"rate-limiting", "{}",
       "config: at least one of second, minute, hour, day, month and year is required\n"},
      {"rate-limiting", "{minute: 10, hour: 5}",
       "config.hour: must not be lower than \"minute\", got 5\n"},
      {"http-log", "{}", "config: field \"http_endpoint\" is required\n"},
      {"http-log", "{http_endpoint: a, queue: {max_batch_size: 0}}",
       "config.queue.max_batch_size: must be a whole number between 1 and 1000000, got 0\n"},
      {"session", "{secret: 5}",
       "config.secret: must be a string, got a number, write it in quotes\n"},
      {"oauth2", "{scopes: [a]}", "config: at least one grant must be enabled\n"},
      {"rate-limiting-advanced", "{limit: [5, 6], window_size: [60]}",
       "config.window_size: must have as many elements as \"limit\", got 1 and 2\n"},
      {"request-validator", "{}",
       "config: at least one of \"body_schema\" and \"parameter_schema\" is required\n"},
      {"prometheus", "[]", "config: must be a map, got a list\n"},
  };
  for (const Case& each : cases)
    EXPECT_EQ(verdict_on(each.plugin, each.settings), each.verdict) << each.plugin;
}

/// Each nested record once.
void visit(const Type* type, std::set<const Type*>& seen, auto&& each) {
  while (type != nullptr && type->element != nullptr)
    type = type->element();
  if (type == nullptr || type->kind != TypeKind::object || !seen.insert(type).second) return;
  for (const Field& field : type->fields()) {
    each(field);
    visit(field.type, seen, each);
  }
}

TEST(KnownPlugins, HaveDefaultsThatTheyTakeThemselves) {
  std::size_t settings = 0;
  std::set<const Type*> seen;
  for (const KnownPlugin& plugin : known_plugins())
    visit(plugin.settings, seen, [&](const Field& field) {
      ++settings;
      if (field.default_text.empty()) return;
      const std::string json = default_json(field, nullptr);
      Diagnostics diagnostics(Source{"default.json", "[" + json + "]"});
      const auto document = parse_text(TextFormat::json, diagnostics);
      ASSERT_NE(document, nullptr) << plugin.name << " " << field.name << " " << json;
      const Node& value = document->root().items()[0];
      if (field.constraint.kind == Constraint::Kind::one_of && !field.constraint.words.empty() &&
          value.is_text())
        EXPECT_NE(std::ranges::find(field.constraint.words, value.text()),
                  field.constraint.words.end())
            << plugin.name << " " << field.name << " " << json;
      else
        EXPECT_TRUE(decode_into(*field.type, value, field.member(nullptr), diagnostics, Path()))
            << plugin.name << " " << field.name << " " << diagnostics.render();
    });
  EXPECT_GE(settings, 1500U);
}

TEST(KnownPlugins, AreAllOfKongsThatAreNotServed) {
  EXPECT_GE(known_plugins().size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(known_plugins(), {}, &KnownPlugin::name));
  EXPECT_EQ(find_known_plugin("jtw"), nullptr);
}

TEST(KnownPlugins, DeclareTheirCredentials) {
  for (const std::string_view name :
       {"client_secret", "aws_secret_access_key", "ldap_password", "redis_password"})
    EXPECT_TRUE(is_secret_name(name)) << name;
}

}  // namespace
}  // namespace sluice::config
