// Requests and responses that change, and functions that answer.

#include "config/plugins/known.h"
#include "config/plugins/rules.h"
#include "config/plugins/setting.h"
#include "config/plugins/shared_records.h"

namespace sluice::config {
namespace {

constexpr Field add_fields[] = {
    texts("body"),
    texts("headers"),
    choices<"boolean", "number", "string">("json_types"),
    texts("querystring"),
};

constexpr Type add = object_of<add_fields>("add");

constexpr Field allow[] = {
    texts("body"),
};

constexpr Field remove_fields[] = {
    texts("body"),
    texts("headers"),
    texts("querystring"),
};

constexpr Type remove = object_of<remove_fields>("remove");

constexpr Field replace[] = {
    texts("body"),        texts("headers"), choices<"boolean", "number", "string">("json_types"),
    texts("querystring"), text("uri"),
};

constexpr Field request_transformer_advanced_plugin[] = {
    record<add>("add"),           record<allow>("allow"),     record<add>("append"),
    flag("dots_in_keys", "true"), text("http_method"),        record<remove>("remove"),
    record<remove>("rename"),     record<replace>("replace"),
};

constexpr Field add_2_fields[] = {
    texts("headers"),
    texts("if_status"),
    texts("json"),
    choices<"boolean", "number", "string">("json_types"),
};

constexpr Type add_2 = object_of<add_2_fields>("add_2");

constexpr Field allow_2[] = {
    texts("json"),
};

constexpr Field remove_2[] = {
    texts("headers"),
    texts("if_status"),
    texts("json"),
};

constexpr Field rename[] = {
    texts("headers"),
    texts("if_status"),
};

constexpr Field replace_2[] = {
    text("body"),
    texts("headers"),
    texts("if_status"),
    texts("json"),
    choices<"boolean", "number", "string">("json_types"),
};

constexpr Field transform[] = {
    texts("functions"),
    texts("if_status"),
    texts("json"),
};

constexpr Field response_transformer_advanced_plugin[] = {
    record<add_2>("add"),         record<allow_2>("allow"),       record<add_2>("append"),
    flag("dots_in_keys", "true"), record<remove_2>("remove"),     record<rename>("rename"),
    record<replace_2>("replace"), record<transform>("transform"),
};

constexpr Field route_transformer_advanced_plugin[] = {
    flag("escape_path", "false"),
    text("host"),
    text("path"),
    text("port"),
};

constexpr Field exit_transformer_plugin[] = {
    required(texts("functions")),
    flag("handle_unexpected", "false"),
    flag("handle_unknown", "false"),
};

constexpr Field request_jq_program_options_fields[] = {
    flag("ascii_output", "false"), flag("compact_output", "true"), flag("join_output", "false"),
    flag("raw_output", "false"),   flag("sort_keys", "false"),
};

constexpr Type request_jq_program_options =
    object_of<request_jq_program_options_fields>("request_jq_program_options");

constexpr Field jq_plugin[] = {
    texts("request_if_media_type", R"(["application/json"])"),
    text("request_jq_program"),
    record<request_jq_program_options>("request_jq_program_options"),
    texts("response_if_media_type", R"(["application/json"])"),
    wholes("response_if_status_code", R"([200])"),
    text("response_jq_program"),
    record<request_jq_program_options>("response_jq_program_options"),
};

constexpr Field degraphql_plugin[] = {
    text("graphql_server_path", "/graphql"),
};

constexpr Field grpc_gateway_plugin[] = {
    text("proto"),
};

constexpr Field grpc_web_plugin[] = {
    text("allow_origin_header", "*"),
    flag("pass_stripped_path"),
    text("proto"),
};

constexpr Field mocking_plugin[] = {
    text("api_specification"),         text("api_specification_filename"),
    text("custom_base_path"),          flag("include_base_path", "false"),
    wholes("included_status_codes"),   number("max_delay_time", "1"),
    number("min_delay_time", "0.001"), flag("random_delay", "false"),
    flag("random_examples", "false"),  flag("random_status_code", "false"),
};

constexpr Field cache_3[] = {
    whole("cache_ttl", "300"),
    record<memory>("memory"),
    record<redis_enterprise>("redis"),
    choice<"memory", "off", "redis">("strategy", "off"),
};

constexpr Field cache_4[] = {
    flag("bypass", "false"),
};

constexpr Field body[] = {
    map("custom"),
    flag("decode", "false"),
    flag("forward", "false"),
};

constexpr Field error[] = {
    whole("error_response_code", "400"),
    text("error_response_msg", "service callout error"),
    wholes("http_statuses"),
    choice<"continue", "fail", "retry">("on_error", "fail"),
    whole("retries", "2"),
};

constexpr Field headers[] = {
    map("custom"),
    flag("forward", "false"),
};

constexpr Field proxy[] = {
    confidential(text("auth_password")),
    text("auth_username"),
    text("http_proxy"),
    text("https_proxy"),
};

constexpr Field timeouts[] = {
    whole("connect", 0, 2147483646),
    whole("read", 0, 2147483646),
    whole("write", 0, 2147483646),
};

constexpr Field http_opts[] = {
    record<proxy>("proxy"),
    text("ssl_server_name"),
    flag("ssl_verify", "true"),
    record<timeouts>("timeouts"),
};

constexpr Field request_2[] = {
    record<body>("body"),           text("by_lua"),
    record<error>("error"),         record<headers>("headers"),
    record<http_opts>("http_opts"), text("method", "GET"),
    record<headers>("query"),       required(text("url")),
};

constexpr Field body_2[] = {
    flag("decode", "false"),
    flag("store", "true"),
};

constexpr Field headers_2[] = {
    flag("store", "true"),
};

constexpr Field response[] = {
    record<body_2>("body"),
    text("by_lua"),
    record<headers_2>("headers"),
};

constexpr Field callouts[] = {
    record<cache_4>("cache"),     texts("depends_on"),
    required(text("name")),       required(record<request_2>("request")),
    record<response>("response"),
};

constexpr Field body_3[] = {
    map("custom"),
    flag("decode", "true"),
    flag("forward", "true"),
};

constexpr Field headers_3[] = {
    map("custom"),
    flag("forward", "true"),
};

constexpr Field upstream[] = {
    record<body_3>("body"),
    text("by_lua"),
    record<headers_3>("headers"),
    record<headers_3>("query"),
};

constexpr Field request_callout_plugin[] = {
    record<cache_3>("cache"),
    required(records<callouts>("callouts")),
    record<upstream>("upstream"),
};

constexpr Field cache_5[] = {
    record<memory>("memory"),
    record<redis_enterprise>("redis"),
    choice<"memory", "redis">("strategy"),
};

constexpr Field resources[] = {
    record<cache_5>("cache"),
    map("vault"),
};

constexpr Field datakit_plugin[] = {
    flag("debug", "false"),
    required(texts("nodes")),
    record<resources>("resources"),
};

constexpr Field pre_function_plugin[] = {
    texts("access"),
    texts("body_filter"),
    texts("certificate"),
    texts("header_filter"),
    texts("log"),
    texts("rewrite"),
    texts("ws_client_frame"),
    texts("ws_close"),
    texts("ws_handshake"),
    texts("ws_upstream_frame"),
};

constexpr Field post_function_plugin[] = {
    texts("access"),
    texts("body_filter"),
    texts("certificate"),
    texts("header_filter"),
    texts("log"),
    texts("rewrite"),
    texts("ws_client_frame"),
    texts("ws_close"),
    texts("ws_handshake"),
    texts("ws_upstream_frame"),
};

constexpr Field aws_lambda_plugin[] = {
    text("aws_assume_role_arn"),
    choice<"v1", "v2">("aws_imds_protocol_version", "v1"),
    confidential(text("aws_key")),
    text("aws_region"),
    text("aws_role_session_name", "kong"),
    confidential(text("aws_secret")),
    text("aws_sts_endpoint_url"),
    flag("awsgateway_compatible", "false"),
    choice<"1.0", "2.0">("awsgateway_compatible_payload_version", "1.0"),
    flag("base64_encode_body", "true"),
    flag("disable_https", "false"),
    choice<"correct", "legacy">("empty_arrays_mode", "legacy"),
    flag("forward_request_body", "false"),
    flag("forward_request_headers", "false"),
    flag("forward_request_method", "false"),
    flag("forward_request_uri", "false"),
    text("function_name"),
    text("host"),
    choice<"DryRun", "Event", "RequestResponse">("invocation_type", "RequestResponse"),
    flag("is_proxy_integration", "false"),
    number("keepalive", "60000"),
    choice<"None", "Tail">("log_type", "Tail"),
    whole("port", 0, 65535, "443"),
    flag("preserve_lambda_api_error_code", "false"),
    text("proxy_url"),
    text("qualifier"),
    flag("skip_large_bodies", "true"),
    flag("ssl_verify", "true"),
    number("timeout", "60000"),
    whole("unhandled_status", 100, 999),
};

constexpr Field azure_functions_plugin[] = {
    confidential(text("apikey")),
    required(text("appname")),
    text("clientid"),
    required(text("functionname")),
    text("hostdomain", "azurewebsites.net"),
    flag("https", "true"),
    flag("https_verify", "false"),
    number("keepalive", "60000"),
    text("routeprefix", "api"),
    number("timeout", "600000"),
};

constexpr std::array<Field, 0> app_dynamics_plugin = {};

constexpr KnownPlugin plugins[] = {
    known<request_transformer_advanced_plugin>("request-transformer-advanced", Edition::enterprise),
    known<response_transformer_advanced_plugin>("response-transformer-advanced",
                                                Edition::enterprise),
    known<route_transformer_advanced_plugin>("route-transformer-advanced", Edition::enterprise),
    known<exit_transformer_plugin>("exit-transformer", Edition::enterprise),
    known<jq_plugin>("jq", Edition::enterprise),
    known<degraphql_plugin>("degraphql", Edition::enterprise),
    known<grpc_gateway_plugin>("grpc-gateway", Edition::free),
    known<grpc_web_plugin>("grpc-web", Edition::free),
    known<mocking_plugin>("mocking", Edition::enterprise),
    known<request_callout_plugin>("request-callout", Edition::enterprise),
    known<datakit_plugin>("datakit", Edition::enterprise),
    known<pre_function_plugin>("pre-function", Edition::free),
    known<post_function_plugin>("post-function", Edition::free),
    known<aws_lambda_plugin>("aws-lambda", Edition::free),
    known<azure_functions_plugin>("azure-functions", Edition::free),
    known<app_dynamics_plugin>("app-dynamics", Edition::enterprise),
};

}  // namespace

std::span<const KnownPlugin> transformation_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
