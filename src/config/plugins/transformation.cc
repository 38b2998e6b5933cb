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

constexpr Field response_additions_fields[] = {
    texts("headers"),
    texts("if_status"),
    texts("json"),
    choices<"boolean", "number", "string">("json_types"),
};

constexpr Type response_additions = object_of<response_additions_fields>("response_additions");

constexpr Field response_allowed[] = {
    texts("json"),
};

constexpr Field response_removals[] = {
    texts("headers"),
    texts("if_status"),
    texts("json"),
};

constexpr Field rename[] = {
    texts("headers"),
    texts("if_status"),
};

constexpr Field response_replacements[] = {
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
    record<response_additions>("add"),        record<response_allowed>("allow"),
    record<response_additions>("append"),     flag("dots_in_keys", "true"),
    record<response_removals>("remove"),      record<rename>("rename"),
    record<response_replacements>("replace"), record<transform>("transform"),
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

constexpr Field callout_cache[] = {
    whole("cache_ttl", "300"),
    record<memory>("memory"),
    record<redis_enterprise>("redis"),
    choice<"memory", "off", "redis">("strategy", "off"),
};

constexpr Field callout_entry_cache[] = {
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

constexpr Field callout_request[] = {
    record<body>("body"),           text("by_lua"),
    record<error>("error"),         record<headers>("headers"),
    record<http_opts>("http_opts"), text("method", "GET"),
    record<headers>("query"),       required(text("url")),
};

constexpr Field callout_response_body[] = {
    flag("decode", "false"),
    flag("store", "true"),
};

constexpr Field callout_response_headers[] = {
    flag("store", "true"),
};

constexpr Field response[] = {
    record<callout_response_body>("body"),
    text("by_lua"),
    record<callout_response_headers>("headers"),
};

constexpr Field callouts[] = {
    record<callout_entry_cache>("cache"),
    texts("depends_on"),
    required(text("name")),
    required(record<callout_request>("request")),
    record<response>("response"),
};

constexpr Field callout_upstream_body[] = {
    map("custom"),
    flag("decode", "true"),
    flag("forward", "true"),
};

constexpr Field callout_upstream_headers[] = {
    map("custom"),
    flag("forward", "true"),
};

constexpr Field upstream[] = {
    record<callout_upstream_body>("body"),
    text("by_lua"),
    record<callout_upstream_headers>("headers"),
    record<callout_upstream_headers>("query"),
};

constexpr Field request_callout_plugin[] = {
    record<callout_cache>("cache"),
    required(records<callouts>("callouts")),
    record<upstream>("upstream"),
};

constexpr Field datakit_cache[] = {
    record<memory>("memory"),
    record<redis_enterprise>("redis"),
    choice<"memory", "redis">("strategy"),
};

constexpr Field resources[] = {
    record<datakit_cache>("cache"),
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
    known<request_transformer_advanced_plugin>(
        "request-transformer-advanced", everywhere,
        "Changes requests before the upstream gets them, with more rules."),
    known<response_transformer_advanced_plugin>(
        "response-transformer-advanced", everywhere,
        "Changes responses before the client gets them, with more rules."),
    known<route_transformer_advanced_plugin>(
        "route-transformer-advanced", not_for_groups,
        "Changes host, port and path of the upstream by templates."),
    known<exit_transformer_plugin>("exit-transformer", not_for_groups,
                                   "Changes the gateway's own answers, in Lua."),
    known<jq_plugin>("jq", not_for_groups, "Changes JSON bodies with jq programs."),
    known<degraphql_plugin>("degraphql", not_for_consumers,
                            "Offers queries of a GraphQL upstream as REST."),
    known<grpc_gateway_plugin>("grpc-gateway", not_for_groups,
                               "Offers gRPC services as JSON over HTTP."),
    known<grpc_web_plugin>("grpc-web", not_for_groups, "Lets browsers call gRPC services."),
    known<mocking_plugin>("mocking", not_for_groups,
                          "Answers with the examples of an OpenAPI document."),
    known<request_callout_plugin>("request-callout", everywhere,
                                  "Calls other services before a request goes on."),
    known<datakit_plugin>(
        "datakit", everywhere,
        "Calls other services and makes requests and responses from their answers."),
    known<pre_function_plugin>("pre-function", not_for_consumers,
                               "Runs Lua of your own before all other plugins."),
    known<post_function_plugin>("post-function", not_for_consumers,
                                "Runs Lua of your own behind all other plugins."),
    known<aws_lambda_plugin>("aws-lambda", not_for_groups,
                             "Answers requests by a function of AWS Lambda."),
    known<azure_functions_plugin>("azure-functions", not_for_groups,
                                  "Answers requests by a function of Azure."),
    known<app_dynamics_plugin>("app-dynamics", not_for_groups, "Reports requests to AppDynamics."),
};

}  // namespace

std::span<const KnownPlugin> transformation_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
