// Logs, metrics and traces.

#include "config/plugins/known.h"
#include "config/plugins/rules.h"
#include "config/plugins/setting.h"
#include "config/plugins/shared_records.h"

namespace sluice::config {
namespace {

constexpr Field prometheus_plugin[] = {
    flag("ai_metrics", "false"),
    flag("bandwidth_metrics", "false"),
    flag("latency_metrics", "false"),
    flag("per_consumer", "false"),
    flag("status_code_metrics", "false"),
    flag("upstream_health_metrics", "false"),
    flag("wasm_metrics"),
};

constexpr Field access_logs[] = {
    map("custom_attributes_by_lua"),
    text("endpoint"),
};

constexpr Field metrics[] = {
    flag("enable_ai_metrics", "false"),
    flag("enable_bandwidth_metrics", "false"),
    flag("enable_consumer_attribute", "false"),
    flag("enable_latency_metrics", "false"),
    flag("enable_request_metrics", "false"),
    flag("enable_upstream_health_metrics", "false"),
    text("endpoint"),
    number("push_interval", "60"),
};

constexpr Field propagation_fields[] = {
    choices<"aws", "b3", "datadog", "gcp", "jaeger", "ot", "w3c">("extract"),
    choices<"aws", "b3", "b3-single", "datadog", "gcp", "jaeger", "ot", "preserve", "w3c">(
        "inject"),
    texts("clear"),
    required(choice<"aws", "b3", "b3-single", "datadog", "gcp", "jaeger", "ot", "w3c">(
        "default_format")),
};

constexpr Type propagation = object_of<propagation_fields>("propagation");

constexpr Field opentelemetry_plugin[] = {
    record<access_logs>("access_logs"),
    whole("batch_flush_delay"),
    whole("batch_span_count"),
    whole("connect_timeout", 0, 2147483646, "1000"),
    choice<"aws", "b3", "b3-single", "datadog", "gcp", "ignore", "jaeger", "ot", "preserve", "w3c",
           "instana">("header_type", "preserve"),
    map("headers"),
    text("http_response_header_for_traceid"),
    text("logs_endpoint"),
    record<metrics>("metrics"),
    record<propagation>("propagation"),
    record<queue>("queue"),
    whole("read_timeout", 0, 2147483646, "5000"),
    map("resource_attributes"),
    number("sampling_rate", 0, 1),
    choice<"parent_drop_probability_fallback", "parent_probability_fallback">(
        "sampling_strategy", "parent_drop_probability_fallback"),
    whole("send_timeout", 0, 2147483646, "5000"),
    text("traces_endpoint"),
    deprecated("endpoint"),
};

constexpr Field static_tags[] = {
    required(text("name")),
    required(text("value")),
};

constexpr Field zipkin_plugin[] = {
    whole("connect_timeout", 0, 2147483646, "2000"),
    choice<"aws", "b3", "b3-single", "datadog", "gcp", "jaeger", "ot", "w3c", "instana">(
        "default_header_type", "b3"),
    text("default_service_name"),
    choice<"aws", "b3", "b3-single", "datadog", "gcp", "ignore", "jaeger", "ot", "preserve", "w3c",
           "instana">("header_type", "preserve"),
    text("http_endpoint"),
    text("http_response_header_for_traceid"),
    choice<"method", "method_path">("http_span_name", "method"),
    flag("include_credential", "true"),
    text("local_service_name", "kong"),
    choice<"annotations", "tags">("phase_duration_flavor", "annotations"),
    record<propagation>("propagation"),
    record<queue>("queue"),
    whole("read_timeout", 0, 2147483646, "5000"),
    number("sample_ratio", 0, 1, "0.001"),
    whole("send_timeout", 0, 2147483646, "5000"),
    records<static_tags>("static_tags"),
    text("tags_header", "Zipkin-Tags"),
    number_of<8, 16>("traceid_byte_count", "16"),
};

constexpr Field datadog_metrics[] = {
    choice<"consumer_id", "custom_id", "username">("consumer_identifier"),
    required(choice<"kong_latency", "latency", "request_count", "request_size", "response_size",
                    "upstream_latency">("name")),
    number("sample_rate", 0, 1),
    required(choice<"counter", "distribution", "gauge", "histogram", "meter", "set", "timer">(
        "stat_type")),
    texts("tags"),
};

constexpr Field datadog_plugin[] = {
    text("consumer_tag", "consumer"),
    number("flush_timeout"),
    text("host", "localhost"),
    records<datadog_metrics>("metrics",
                             R"([{"consumer_identifier":"custom_id","name":"kong_latency",)"
                             R"("sample_rate":1,"stat_type":"timer","tags":["app:kong"]}])"),
    whole("port", 0, 65535, "8125"),
    text("prefix", "kong"),
    record<queue>("queue"),
    whole("queue_size"),
    whole("retry_count"),
    text("route_name_tag"),
    text("service_name_tag", "name"),
    text("status_tag", "status"),
};

constexpr Field statsd_metrics[] = {
    choice<"consumer_id", "custom_id", "username">("consumer_identifier"),
    required(choice<"cache_datastore_hits_total", "cache_datastore_misses_total", "kong_latency",
                    "latency", "request_count", "request_per_user", "request_size", "response_size",
                    "shdict_usage", "status_count", "status_count_per_user",
                    "status_count_per_user_per_route", "status_count_per_workspace", "unique_users",
                    "upstream_latency">("name")),
    number("sample_rate", 0, 9007199254740991),
    choice<"service_host", "service_id", "service_name", "service_name_or_host">(
        "service_identifier"),
    required(choice<"counter", "gauge", "histogram", "meter", "set", "timer">("stat_type")),
    choice<"workspace_id", "workspace_name">("workspace_identifier"),
};

constexpr Field statsd_plugin[] = {
    texts("allow_status_codes"),
    choice<"consumer_id", "custom_id", "username">("consumer_identifier_default", "custom_id"),
    number("flush_timeout"),
    text("host", "localhost"),
    flag("hostname_in_prefix", "false"),
    records<statsd_metrics>(
        "metrics",
        R"([{"name":"cache_datastore_misses_total","sample_rate":1,"stat_type":"counter"}])"),
    whole("port", 0, 65535, "8125"),
    text("prefix", "kong"),
    record<queue>("queue"),
    whole("queue_size"),
    whole("retry_count"),
    choice<"service_host", "service_id", "service_name", "service_name_or_host">(
        "service_identifier_default", "service_name_or_host"),
    choice<"dogstatsd", "influxdb", "librato", "signalfx">("tag_style"),
    number("udp_packet_size", 0, 65507, "0"),
    flag("use_tcp", "false"),
    choice<"workspace_id", "workspace_name">("workspace_identifier_default", "workspace_id"),
};

constexpr Field statsd_advanced_metrics[] = {
    choice<"consumer_id", "custom_id", "username">("consumer_identifier"),
    required(choice<"cache_datastore_hits_total", "cache_datastore_misses_total", "kong_latency",
                    "latency", "request_count", "request_per_user", "request_size", "response_size",
                    "shdict_usage", "status_count", "status_count_per_user",
                    "status_count_per_user_per_route", "status_count_per_workspace", "unique_users",
                    "upstream_latency">("name")),
    number("sample_rate"),
    choice<"service_host", "service_id", "service_name", "service_name_or_host">(
        "service_identifier"),
    required(choice<"counter", "gauge", "histogram", "meter", "set", "timer">("stat_type")),
    choice<"workspace_id", "workspace_name">("workspace_identifier"),
};

constexpr Field statsd_advanced_plugin[] = {
    texts("allow_status_codes"),
    choice<"consumer_id", "custom_id", "username">("consumer_identifier_default", "custom_id"),
    text("host", "localhost"),
    flag("hostname_in_prefix", "false"),
    records<statsd_advanced_metrics>("metrics"),
    whole("port", 0, 65535, "8125"),
    text("prefix", "kong"),
    record<queue>("queue"),
    choice<"service_host", "service_id", "service_name", "service_name_or_host">(
        "service_identifier_default", "service_name_or_host"),
    number("udp_packet_size", 0, 65507, "0"),
    flag("use_tcp", "false"),
    choice<"workspace_id", "workspace_name">("workspace_identifier_default", "workspace_id"),
};

constexpr Field http_log_plugin[] = {
    record<vault>("client_certificate"),
    choice<"application/json", "application/json; charset=utf-8">("content_type",
                                                                  "application/json"),
    map("custom_fields_by_lua"),
    number("flush_timeout"),
    map("headers"),
    required(text("http_endpoint")),
    number("keepalive", "60000"),
    choice<"PATCH", "POST", "PUT">("method", "POST"),
    record<queue>("queue"),
    whole("queue_size"),
    whole("retry_count"),
    flag("ssl_verify", "true"),
    number("timeout", "10000"),
};

constexpr Field tcp_log_plugin[] = {
    map("custom_fields_by_lua"),  required(text("host")),
    number("keepalive", "60000"), required(whole("port", 0, 65535)),
    flag("ssl_verify", "true"),   number("timeout", "10000"),
    flag("tls", "false"),         text("tls_sni"),
};

constexpr Field udp_log_plugin[] = {
    map("custom_fields_by_lua"),
    required(text("host")),
    required(whole("port", 0, 65535)),
    number("timeout", "10000"),
};

constexpr Field file_log_plugin[] = {
    map("custom_fields_by_lua"),
    required(text("path")),
    flag("reopen", "false"),
};

constexpr Field syslog_plugin[] = {
    choice<"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning">(
        "client_errors_severity", "info"),
    map("custom_fields_by_lua"),
    choice<"auth", "authpriv", "cron", "daemon", "ftp", "kern", "local0", "local1", "local2",
           "local3", "local4", "local5", "local6", "local7", "lpr", "mail", "news", "syslog",
           "user", "uucp">("facility", "user"),
    choice<"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning">("log_level",
                                                                                  "info"),
    choice<"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning">(
        "server_errors_severity", "info"),
    choice<"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning">(
        "successful_severity", "info"),
};

constexpr Field loggly_plugin[] = {
    choice<"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning">(
        "client_errors_severity", "info"),
    map("custom_fields_by_lua"),
    text("host", "logs-01.loggly.com"),
    required(confidential(text("key"))),
    choice<"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning">("log_level",
                                                                                  "info"),
    whole("port", 0, 65535, "514"),
    choice<"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning">(
        "server_errors_severity", "info"),
    choice<"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning">(
        "successful_severity", "info"),
    texts("tags", R"(["kong"])"),
    number("timeout", "10000"),
};

constexpr KnownPlugin plugins[] = {
    known<prometheus_plugin>("prometheus", not_for_groups, "Counts requests for Prometheus."),
    known<opentelemetry_plugin>("opentelemetry", not_for_groups,
                                "Sends traces, metrics and logs over OTLP."),
    known<zipkin_plugin>("zipkin", not_for_groups, "Sends traces to a Zipkin server."),
    known<datadog_plugin>("datadog", not_for_groups, "Sends metrics to Datadog."),
    known<statsd_plugin>("statsd", not_for_groups, "Sends metrics to a StatsD server."),
    known<statsd_advanced_plugin>("statsd-advanced", not_for_groups,
                                  "Sends metrics to a StatsD server, with more of them."),
    known<http_log_plugin>("http-log", not_for_groups,
                           "Sends an account of each request to an HTTP server."),
    known<tcp_log_plugin>("tcp-log", not_for_groups,
                          "Sends an account of each request to a TCP server."),
    known<udp_log_plugin>("udp-log", not_for_groups,
                          "Sends an account of each request to a UDP server."),
    known<file_log_plugin>("file-log", not_for_groups, "Writes a line for each request to a file."),
    known<syslog_plugin>("syslog", not_for_groups, "Writes a line for each request to syslog."),
    known<loggly_plugin>("loggly", not_for_groups, "Sends an account of each request to Loggly."),
};

}  // namespace

std::span<const KnownPlugin> observability_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
