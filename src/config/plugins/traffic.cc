// How much may pass, and to where.

#include <algorithm>
#include <array>
#include <iterator>

#include "config/plugins/known.h"
#include "config/plugins/rules.h"
#include "config/plugins/setting.h"
#include "config/plugins/shared_records.h"

namespace sluice::config {
namespace {

constexpr Field counter_redis_fields[] = {
    record<cloud_authentication>("cloud_authentication"),
    whole("database", "0"),
    text("host"),
    confidential(text("password")),
    whole("port", 0, 65535, "6379"),
    text("server_name"),
    flag("ssl", "false"),
    flag("ssl_verify", "false"),
    whole("timeout", 0, 2147483646, "2000"),
    text("username"),
};

constexpr Type counter_redis = object_of<counter_redis_fields>("counter_redis");

/// What was in `redis` before Kong 3.6, and is in files that were dumped from it since.
constexpr Field old_redis[] = {
    deprecated("redis_host"),        deprecated("redis_port"),
    deprecated("redis_username"),    confidential(deprecated("redis_password")),
    deprecated("redis_database"),    deprecated("redis_timeout"),
    deprecated("redis_ssl"),         deprecated("redis_ssl_verify"),
    deprecated("redis_server_name"),
};

template <std::size_t Count>
constexpr auto with_old_redis(const Field (&own)[Count]) {
  std::array<Field, Count + std::size(old_redis)> all;
  std::ranges::copy(old_redis, std::ranges::copy(own, all.begin()).out);
  return all;
}

constexpr Field rate_limiting_own[] = {
    number("day", 0, 9007199254740991),
    number("error_code", 0, 9007199254740991, "429"),
    text("error_message", "API rate limit exceeded"),
    flag("fault_tolerant", "true"),
    text("header_name"),
    flag("hide_client_headers", "false"),
    number("hour", 0, 9007199254740991),
    choice<"consumer", "consumer-group", "credential", "header", "ip", "path", "service">(
        "limit_by", "consumer"),
    number("minute", 0, 9007199254740991),
    number("month", 0, 9007199254740991),
    text("path"),
    choice<"cluster", "local", "redis">("policy", "local"),
    record<counter_redis>("redis"),
    number("second", 0, 9007199254740991),
    number("sync_rate", "-1"),
    number("year", 0, 9007199254740991),
};

constexpr auto rate_limiting_plugin = with_old_redis(rate_limiting_own);

constexpr Field response_ratelimiting_own[] = {
    flag("block_on_first_violation", "false"),
    flag("fault_tolerant", "true"),
    text("header_name", "x-kong-limit"),
    flag("hide_client_headers", "false"),
    choice<"consumer", "credential", "ip">("limit_by", "consumer"),
    map("limits"),
    choice<"cluster", "local", "redis">("policy", "local"),
    record<counter_redis>("redis"),
};

constexpr auto response_ratelimiting_plugin = with_old_redis(response_ratelimiting_own);

constexpr Field throttling[] = {
    flag("enabled", "false"),
    number("interval", 1, 1000000, "5"),
    number("queue_limit", 1, 1000000, "5"),
    number("retry_times", 1, 1000000, "3"),
};

constexpr Field rate_limiting_advanced_plugin[] = {
    choices<"consumer", "consumer-group", "credential", "header", "ip", "path", "route", "service">(
        "compound_identifier"),
    texts("consumer_groups"),
    choice<"consumer.custom_id", "consumer.id", "consumer.username">("counter_key"),
    text("dictionary_name", "kong_rate_limiting_counters"),
    flag("disable_penalty", "false"),
    flag("enforce_consumer_groups", "false"),
    number("error_code", "429"),
    text("error_message", "API rate limit exceeded"),
    text("header_name"),
    flag("hide_client_headers", "false"),
    choice<"consumer", "consumer-group", "credential", "header", "ip", "path", "route", "service">(
        "identifier", "consumer"),
    required(numbers("limit")),
    text("lock_dictionary_name", "kong_locks"),
    text("namespace"),
    text("path"),
    record<redis_enterprise>("redis"),
    number("retry_after_jitter_max", "0"),
    choice<"cluster", "local", "redis">("strategy", "local"),
    number("sync_rate"),
    record<throttling>("throttling"),
    required(numbers("window_size")),
    choice<"fixed", "sliding">("window_type", "sliding"),
};

constexpr Field service_protection_plugin[] = {
    text("dictionary_name", "kong_rate_limiting_counters"),
    flag("disable_penalty", "false"),
    number("error_code", "429"),
    text("error_message", "API rate limit exceeded"),
    flag("hide_client_headers", "false"),
    required(numbers("limit")),
    text("lock_dictionary_name", "kong_locks"),
    text("namespace"),
    record<redis_enterprise>("redis"),
    number("retry_after_jitter_max", "0"),
    choice<"cluster", "local", "redis">("strategy", "local"),
    number("sync_rate"),
    required(numbers("window_size")),
    choice<"fixed", "sliding">("window_type", "sliding"),
};

constexpr Field graphql_rate_limiting_advanced_plugin[] = {
    choice<"default", "node_quantifier">("cost_strategy", "default"),
    text("dictionary_name", "kong_rate_limiting_counters"),
    flag("hide_client_headers", "false"),
    choice<"consumer", "credential", "ip">("identifier", "consumer"),
    required(numbers("limit")),
    number("max_cost", "0"),
    text("namespace"),
    flag("pass_all_downstream_headers", "false"),
    record<redis_enterprise>("redis"),
    number("score_factor", "1"),
    choice<"cluster", "redis">("strategy", "cluster"),
    required(number("sync_rate")),
    required(numbers("window_size")),
    choice<"fixed", "sliding">("window_type", "sliding"),
};

constexpr Field response_headers_fields[] = {
    flag("X-Cache-Key", "true"),
    flag("X-Cache-Status", "true"),
    flag("age", "true"),
};

constexpr Type response_headers = object_of<response_headers_fields>("response_headers");

constexpr Field proxy_cache_plugin[] = {
    flag("cache_control", "false"),
    whole("cache_ttl", 0, 9007199254740991, "300"),
    texts("content_type", R"(["application/json","text/plain"])"),
    flag("ignore_uri_case", "false"),
    record<memory>("memory"),
    choices<"GET", "HEAD", "PATCH", "POST", "PUT">("request_method", R"(["GET","HEAD"])"),
    wholes("response_code", R"([200,301,404])"),
    record<response_headers>("response_headers"),
    whole("storage_ttl"),
    required(choice<"memory">("strategy")),
    texts("vary_headers"),
    texts("vary_query_params"),
};

constexpr Field proxy_cache_advanced_plugin[] = {
    flag("bypass_on_err", "false"),
    flag("cache_control", "false"),
    whole("cache_ttl", "300"),
    texts("content_type", R"(["application/json","text/plain"])"),
    flag("ignore_uri_case", "false"),
    record<memory>("memory"),
    record<redis_enterprise>("redis"),
    choices<"GET", "HEAD", "PATCH", "POST", "PUT">("request_method", R"(["GET","HEAD"])"),
    wholes("response_code", R"([200,301,404])"),
    record<response_headers>("response_headers"),
    whole("storage_ttl"),
    required(choice<"memory", "redis">("strategy")),
    texts("vary_headers"),
    texts("vary_query_params"),
};

constexpr Field graphql_proxy_cache_advanced_plugin[] = {
    flag("bypass_on_err", "false"),
    whole("cache_ttl", "300"),
    record<memory>("memory"),
    record<redis_enterprise>("redis"),
    choice<"memory", "redis">("strategy", "memory"),
    texts("vary_headers"),
};

constexpr Field canary_plugin[] = {
    text("canary_by_header_name"),
    number("duration", "3600"),
    texts("groups"),
    choice<"allow", "consumer", "deny", "header", "ip", "none">("hash", "consumer"),
    text("hash_header"),
    number("percentage", 0, 100),
    number("start"),
    number("steps", 1, 9007199254740991, "1000"),
    flag("upstream_fallback", "false"),
    text("upstream_host"),
    whole("upstream_port", 0, 65535),
    text("upstream_uri"),
};

constexpr Field forward_proxy_plugin[] = {
    confidential(text("auth_password")),
    text("auth_username"),
    texts("ca_certificates"),
    text("http_proxy_host"),
    whole("http_proxy_port", 0, 65535),
    text("https_proxy_host"),
    whole("https_proxy_port", 0, 65535),
    flag("https_verify", "true"),
    choice<"http">("proxy_scheme", "http"),
    choice<"append", "delete", "transparent">("x_headers", "append"),
};

constexpr Field upstream_timeout_plugin[] = {
    whole("connect_timeout", 0, 2147483646),
    whole("read_timeout", 0, 2147483646),
    whole("send_timeout", 0, 2147483646),
};

constexpr Field account_key[] = {
    required(text("key_id")),
    text("key_set"),
};

constexpr Field consul[] = {
    text("host"),      flag("https", "false"),      text("kv_path"), whole("port", 0, 65535),
    number("timeout"), confidential(text("token")),
};

constexpr Field extra_options[] = {
    text("namespace"),
    number("scan_count", "10"),
};

constexpr Field acme_redis[] = {
    record<cloud_authentication>("cloud_authentication"),
    whole("database", "0"),
    record<extra_options>("extra_options"),
    text("host"),
    confidential(text("password")),
    whole("port", 0, 65535, "6379"),
    text("server_name"),
    flag("ssl", "false"),
    flag("ssl_verify", "false"),
    whole("timeout", 0, 2147483646, "2000"),
    text("username"),
    confidential(deprecated("auth")),
    deprecated("ssl_server_name"),
    deprecated("namespace"),
    deprecated("scan_count"),
};

constexpr Field shm[] = {
    text("shm_name", "kong"),
};

constexpr Field acme_vault[] = {
    choice<"kubernetes", "token">("auth_method", "token"),
    text("auth_path"),
    text("auth_role"),
    text("host"),
    flag("https", "false"),
    text("jwt_path"),
    text("kv_path"),
    whole("port", 0, 65535),
    number("timeout"),
    text("tls_server_name"),
    flag("tls_verify", "true"),
    confidential(text("token")),
};

constexpr Field storage_config[] = {
    record<consul>("consul"),    map("kong"), record<acme_redis>("redis"), record<shm>("shm"),
    record<acme_vault>("vault"),
};

constexpr Field acme_plugin[] = {
    required(text("account_email")),
    record<account_key>("account_key"),
    flag("allow_any_domain", "false"),
    text("api_uri", "https://acme-v02.api.letsencrypt.org/directory"),
    choice<"ecc", "rsa">("cert_type", "rsa"),
    texts("domains"),
    confidential(text("eab_hmac_key")),
    text("eab_kid"),
    flag("enable_ipv4_common_name", "true"),
    number("fail_backoff_minutes", "5"),
    text("preferred_chain"),
    number("renew_threshold_days", "14"),
    number_of<2048, 3072, 4096>("rsa_key_size", "4096"),
    choice<"consul", "kong", "redis", "shm", "vault">("storage", "shm"),
    record<storage_config>("storage_config"),
    flag("tos_accepted", "false"),
};

constexpr KnownPlugin plugins[] = {
    known<rate_limiting_plugin, check_rate_limiting>(
        "rate-limiting", everywhere, "Limits how many requests clients may send in a time."),
    known<response_ratelimiting_plugin>("response-ratelimiting", not_for_groups,
                                        "Limits by what the upstream's responses say was used."),
    known<rate_limiting_advanced_plugin, check_rate_limiting_advanced>(
        "rate-limiting-advanced", everywhere,
        "Limits how many requests clients may send, with several limits and sliding windows."),
    known<service_protection_plugin>(
        "service-protection",
        AllowedScopes{.route = false, .consumer = false, .consumer_group = false},
        "Limits how many requests reach a service in all."),
    known<graphql_rate_limiting_advanced_plugin>("graphql-rate-limiting-advanced", not_for_groups,
                                                 "Limits GraphQL queries by what they cost."),
    known<proxy_cache_plugin>("proxy-cache", everywhere,
                              "Keeps responses in memory and serves them again."),
    known<proxy_cache_advanced_plugin>("proxy-cache-advanced", everywhere,
                                       "Keeps responses in memory or Redis and serves them again."),
    known<graphql_proxy_cache_advanced_plugin>(
        "graphql-proxy-cache-advanced", not_for_groups,
        "Keeps answers to GraphQL queries and serves them again."),
    known<canary_plugin>("canary", not_for_consumers,
                         "Sends a growing part of the requests to another upstream."),
    known<forward_proxy_plugin>("forward-proxy", not_for_groups,
                                "Reaches upstreams through an HTTP proxy."),
    known<upstream_timeout_plugin>(
        "upstream-timeout", not_for_groups,
        "Sets timeouts towards the upstream in place of those of the service."),
    known<acme_plugin>("acme", AllowedScopes{false, false, false, false},
                       "Gets certificates from an ACME server such as Let's Encrypt."),
};

}  // namespace

std::span<const KnownPlugin> traffic_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
