// Brokers of messages.

#include "config/plugins/known.h"
#include "config/plugins/rules.h"
#include "config/plugins/setting.h"
#include "config/plugins/shared_records.h"

namespace sluice::config {
namespace {

constexpr Field oauthbearer_fields[] = {
    text("client_id"), confidential(text("client_secret")),       map("extensions"),
    texts("scopes"),   flag("token_endpoint_tls_verify", "true"), text("token_endpoint_url"),
};

constexpr Type oauthbearer = object_of<oauthbearer_fields>("oauthbearer");

constexpr Field authentication_fields[] = {
    choice<"OAUTHBEARER", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512">("mechanism"),
    record<oauthbearer>("oauthbearer"),
    confidential(text("password")),
    choice<"sasl">("strategy"),
    flag("tokenauth"),
    text("user"),
};

constexpr Type authentication = object_of<authentication_fields>("authentication");

constexpr Field bootstrap_servers[] = {
    required(text("host")),
    required(whole("port", 0, 65535)),
};

constexpr Field basic[] = {
    required(confidential(text("password"))),
    required(text("username")),
};

constexpr Field confluent_authentication_fields[] = {
    record<basic>("basic"),
    choice<"basic", "none", "oauth2">("mode", "none"),
    record<oauth2>("oauth2"),
    record<oauth2_client>("oauth2_client"),
};

constexpr Type confluent_authentication =
    object_of<confluent_authentication_fields>("confluent_authentication");

constexpr Field key_schema[] = {
    text("schema_version"),
    text("subject_name"),
};

constexpr Field confluent_fields[] = {
    record<confluent_authentication>("authentication"),
    record<key_schema>("key_schema"),
    flag("ssl_verify", "true"),
    number("ttl", 0, 3600),
    text("url"),
    record<key_schema>("value_schema"),
};

constexpr Type confluent = object_of<confluent_fields>("confluent");

constexpr Field schema_registry[] = {
    record<confluent>("confluent"),
};

constexpr Field security_fields[] = {
    text("certificate_id"),
    flag("ssl"),
    flag("ssl_verify", "true"),
};

constexpr Type security = object_of<security_fields>("security");

constexpr Field kafka_log_plugin[] = {
    record<authentication>("authentication"),
    records<bootstrap_servers>("bootstrap_servers"),
    text("cluster_name"),
    map("custom_fields_by_lua"),
    whole("keepalive", "60000"),
    flag("keepalive_enabled", "false"),
    text("key_query_arg"),
    flag("producer_async", "true"),
    whole("producer_async_buffering_limits_messages_in_memory", "50000"),
    whole("producer_async_flush_timeout", "1000"),
    number_of<-1, 0, 1>("producer_request_acks", "1"),
    whole("producer_request_limits_bytes_per_request", "1048576"),
    whole("producer_request_limits_messages_per_request", "200"),
    whole("producer_request_retries_backoff_timeout", "100"),
    whole("producer_request_retries_max_attempts", "10"),
    whole("producer_request_timeout", "2000"),
    record<schema_registry>("schema_registry"),
    record<security>("security"),
    whole("timeout", "10000"),
    required(text("topic")),
};

constexpr Field error_handling[] = {
    flag("return_error_message", "false"),
};

constexpr Field topic_headers_fields[] = {
    texts("exclude_headers"),
    flag("forward_all_by_default", "false"),
    flag("forward_http_headers_as_record_headers", "true"),
    texts("include_headers"),
    map("name_mappings"),
    choice<"concatenate_by_comma", "retain_duplicates", "take_first">("repeated_headers_behavior",
                                                                      "retain_duplicates"),
};

constexpr Type topic_headers = object_of<topic_headers_fields>("topic_headers");

constexpr Field kafka_upstream_plugin[] = {
    texts("allowed_topics"),
    record<authentication>("authentication"),
    records<bootstrap_servers>("bootstrap_servers"),
    text("cluster_name"),
    record<error_handling>("error_handling"),
    flag("forward_body", "true"),
    flag("forward_headers", "false"),
    flag("forward_method", "false"),
    flag("forward_uri", "false"),
    record<topic_headers>("headers"),
    whole("keepalive", "60000"),
    flag("keepalive_enabled", "false"),
    text("key_query_arg"),
    texts("message_by_lua_functions"),
    flag("producer_async", "true"),
    whole("producer_async_buffering_limits_messages_in_memory", "50000"),
    whole("producer_async_flush_timeout", "1000"),
    number_of<-1, 0, 1>("producer_request_acks", "1"),
    whole("producer_request_limits_bytes_per_request", "1048576"),
    whole("producer_request_limits_messages_per_request", "200"),
    whole("producer_request_retries_backoff_timeout", "100"),
    whole("producer_request_retries_max_attempts", "10"),
    whole("producer_request_timeout", "2000"),
    record<schema_registry>("schema_registry"),
    record<security>("security"),
    whole("timeout", "10000"),
    required(text("topic")),
    text("topics_query_arg"),
};

constexpr Field consumer_group[] = {
    text("consumer_group_id"),
    choice<"kong_consumer", "manual", "random">("mode", "random"),
};

constexpr Field confluent_consumer_fields[] = {
    record<confluent_authentication>("authentication"),
    flag("ssl_verify", "true"),
    number("ttl", 0, 3600),
    text("url"),
};

constexpr Type confluent_consumer = object_of<confluent_consumer_fields>("confluent_consumer");

constexpr Field consumer_schema_registry[] = {
    record<confluent_consumer>("confluent"),
};

constexpr Field topics[] = {
    required(text("name")),
    record<consumer_schema_registry>("schema_registry"),
};

constexpr Field kafka_consume_plugin[] = {
    record<authentication>("authentication"),
    choice<"earliest", "latest">("auto_offset_reset", "latest"),
    required(records<bootstrap_servers>("bootstrap_servers")),
    text("cluster_name"),
    choice<"auto", "off">("commit_strategy", "auto"),
    record<consumer_group>("consumer_group"),
    text("dlq_topic"),
    flag("enable_dlq"),
    flag("enforce_latest_offset_reset", "false"),
    record<error_handling>("error_handling"),
    texts("message_by_lua_functions"),
    choice<"json", "noop">("message_deserializer", "noop"),
    choice<"http-get", "server-sent-events", "websocket">("mode", "http-get"),
    record<consumer_schema_registry>("schema_registry"),
    record<security>("security"),
    required(records<topics>("topics")),
};

constexpr Field confluent_security[] = {
    flag("ssl_verify", "true"),
};

constexpr Field confluent_plugin[] = {
    texts("allowed_topics"),
    records<bootstrap_servers>("bootstrap_servers"),
    confidential(text("cluster_api_key")),
    confidential(text("cluster_api_secret")),
    text("cluster_name"),
    confidential(text("confluent_cloud_api_key")),
    confidential(text("confluent_cloud_api_secret")),
    record<error_handling>("error_handling"),
    flag("forward_body", "true"),
    flag("forward_headers", "false"),
    flag("forward_method", "false"),
    flag("forward_uri", "false"),
    record<topic_headers>("headers"),
    whole("keepalive", "60000"),
    flag("keepalive_enabled", "false"),
    text("key_query_arg"),
    texts("message_by_lua_functions"),
    record<oauthbearer>("oauthbearer"),
    flag("producer_async", "true"),
    whole("producer_async_buffering_limits_messages_in_memory", "50000"),
    whole("producer_async_flush_timeout", "1000"),
    number_of<-1, 0, 1>("producer_request_acks", "1"),
    whole("producer_request_limits_bytes_per_request", "1048576"),
    whole("producer_request_limits_messages_per_request", "200"),
    whole("producer_request_retries_backoff_timeout", "100"),
    whole("producer_request_retries_max_attempts", "10"),
    whole("producer_request_timeout", "2000"),
    record<schema_registry>("schema_registry"),
    record<confluent_security>("security"),
    whole("timeout", "10000"),
    required(text("topic")),
    text("topics_query_arg"),
};

constexpr Field confluent_consume_plugin[] = {
    choice<"earliest", "latest">("auto_offset_reset", "earliest"),
    records<bootstrap_servers>("bootstrap_servers"),
    confidential(text("cluster_api_key")),
    confidential(text("cluster_api_secret")),
    text("cluster_name"),
    choice<"auto", "off">("commit_strategy", "auto"),
    confidential(text("confluent_cloud_api_key")),
    confidential(text("confluent_cloud_api_secret")),
    record<consumer_group>("consumer_group"),
    text("dlq_topic"),
    flag("enable_dlq"),
    flag("enforce_latest_offset_reset", "false"),
    record<error_handling>("error_handling"),
    whole("keepalive", "60000"),
    flag("keepalive_enabled", "false"),
    texts("message_by_lua_functions"),
    choice<"json", "noop">("message_deserializer", "noop"),
    choice<"http-get", "server-sent-events", "websocket">("mode", "http-get"),
    record<oauthbearer>("oauthbearer"),
    record<consumer_schema_registry>("schema_registry"),
    record<confluent_security>("security"),
    whole("timeout", "10000"),
    required(records<topics>("topics")),
};

constexpr Field destinations[] = {
    required(text("name")),
    choice<"QUEUE", "TOPIC">("type", "QUEUE"),
};

constexpr Field message[] = {
    whole("ack_timeout", 1, 100000, "2000"),
    map("custom_fields_by_lua"),
    choice<"DIRECT", "PERSISTENT">("delivery_mode", "DIRECT"),
    required(records<destinations>("destinations")),
    flag("dmq_eligible", "false"),
    whole("priority", 0, 255, "4"),
    text("sender_id"),
    flag("tracing", "false"),
    flag("tracing_sampled", "false"),
    whole("ttl", "0"),
};

constexpr Field client_credentials_fields[] = {
    required(text("client_id")),  required(confidential(text("client_secret"))),
    whole("eagerly_expire", "5"), texts("scopes"),
    flag("ssl_verify", "true"),   required(text("token_endpoint")),
};

constexpr Type client_credentials = object_of<client_credentials_fields>("client_credentials");

constexpr Field solace_authentication_fields[] = {
    confidential(text("access_token")),
    text("access_token_header"),
    text("basic_auth_header"),
    record<client_credentials>("client_credentials"),
    confidential(text("id_token")),
    text("id_token_header"),
    confidential(text("password")),
    choice<"BASIC", "CLIENT_CREDENTIALS", "NONE", "OAUTH2">("scheme", "BASIC"),
    text("username"),
};

constexpr Type solace_authentication =
    object_of<solace_authentication_fields>("solace_authentication");

constexpr Field session_fields[] = {
    record<solace_authentication>("authentication"),
    flag("calculate_message_expiry", "true"),
    whole("connect_timeout", 100, 100000, "3000"),
    flag("generate_rcv_timestamps", "true"),
    flag("generate_send_timestamps", "true"),
    flag("generate_sender_id", "true"),
    flag("generate_sequence_number", "true"),
    required(text("host")),
    map("properties"),
    flag("ssl_validate_certificate", "true"),
    text("vpn_name"),
};

constexpr Type session = object_of<session_fields>("session");

constexpr Field solace_log_plugin[] = {
    required(record<message>("message")),
    required(record<session>("session")),
};

constexpr Field solace_headers[] = {
    texts("exclude_headers"),
    texts("include_headers"),
    map("mappings"),
};

constexpr Field user_properties[] = {
    record<solace_headers>("headers"),
    map("predefined_properties"),
};

constexpr Field solace_message[] = {
    whole("ack_timeout", 1, 100000, "2000"),
    text("content_encoding"),
    text("content_type"),
    text("default_content"),
    choice<"DIRECT", "PERSISTENT">("delivery_mode", "DIRECT"),
    required(records<destinations>("destinations")),
    flag("dmq_eligible", "false"),
    flag("forward_body", "false"),
    flag("forward_body_raw_only", "false"),
    flag("forward_headers", "false"),
    flag("forward_method", "false"),
    flag("forward_uri", "false"),
    texts("functions"),
    whole("priority", 0, 255, "4"),
    text("sender_id"),
    flag("tracing", "false"),
    flag("tracing_sampled", "false"),
    whole("ttl", "0"),
    record<user_properties>("user_properties"),
};

constexpr Field solace_upstream_plugin[] = {
    required(record<solace_message>("message")),
    required(record<session>("session")),
};

constexpr Field binds[] = {
    required(text("name")),
    choice<"QUEUE">("type", "QUEUE"),
};

constexpr Field flow[] = {
    choice<"AUTO", "CLIENT">("ack_mode", "CLIENT"),
    required(records<binds>("binds")),
    texts("functions"),
    whole("max_unacked_messages", "-1"),
    map("properties"),
    text("selector"),
    whole("wait_timeout", 1, 5000, "50"),
    whole("window_size", 1, 255, "255"),
};

constexpr Field polling[] = {
    whole("timeout", 0, 300000, "0"),
};

constexpr Field websocket[] = {
    whole("max_recv_len", "65536"),
    whole("max_send_len", "65536"),
    whole("timeout", 1, 60000, "1000"),
};

constexpr Field solace_consume_plugin[] = {
    required(record<flow>("flow")),
    choice<"AUTO", "POLLING", "SERVER-SENT-EVENTS", "WEBSOCKET">("mode", "POLLING"),
    record<polling>("polling"),
    required(record<session>("session")),
    record<websocket>("websocket"),
};

constexpr KnownPlugin plugins[] = {
    known<kafka_log_plugin>("kafka-log", not_for_groups,
                            "Writes an account of each request to a topic of Kafka."),
    known<kafka_upstream_plugin>("kafka-upstream", not_for_groups,
                                 "Writes requests to a topic of Kafka."),
    known<kafka_consume_plugin>("kafka-consume",
                                AllowedScopes{.service = false, .consumer_group = false},
                                "Lets clients read topics of Kafka over HTTP."),
    known<confluent_plugin>("confluent", not_for_groups,
                            "Writes requests to a topic of Confluent Cloud."),
    known<confluent_consume_plugin>("confluent-consume", not_for_groups,
                                    "Lets clients read a topic of Confluent Cloud over HTTP."),
    known<solace_log_plugin>("solace-log", not_for_consumers,
                             "Writes an account of each request to Solace."),
    known<solace_upstream_plugin>("solace-upstream", not_for_consumers,
                                  "Writes requests to a queue or topic of Solace."),
    known<solace_consume_plugin>("solace-consume", not_for_consumers,
                                 "Lets clients read topics and queues of Solace over HTTP."),
};

}  // namespace

std::span<const KnownPlugin> messaging_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
