// What a message must look like.

#include "config/plugins/known.h"
#include "config/plugins/rules.h"
#include "config/plugins/setting.h"
#include "config/plugins/shared_records.h"

namespace sluice::config {
namespace {

constexpr Field parameter_schema[] = {
    flag("explode"),
    required(choice<"header", "path", "query">("in")),
    required(text("name")),
    required(flag("required")),
    text("schema"),
    choice<"deepObject", "form", "label", "matrix", "pipeDelimited", "simple", "spaceDelimited">(
        "style"),
};

constexpr Field request_validator_plugin[] = {
    texts("allowed_content_types", R"(["application/json"])"),
    flag("array_length_compat", "true"),
    text("body_schema"),
    flag("content_type_parameter_validation", "true"),
    records<parameter_schema>("parameter_schema"),
    flag("verbose_response", "false"),
    choice<"draft201909", "draft202012", "draft4", "draft6", "draft7", "kong">("version", "kong"),
};

constexpr Field oas_validation_plugin[] = {
    text("allowed_header_parameters", "Host,Content-Type,User-Agent,Accept,Content-Length"),
    required(text("api_spec")),
    flag("api_spec_encoded", "true"),
    flag("collect_all_errors", "false"),
    text("custom_base_path"),
    flag("header_parameter_check", "false"),
    flag("include_base_path", "false"),
    whole("max_structured_errors"),
    flag("notify_only_request_validation_failure", "false"),
    flag("notify_only_response_body_validation_failure", "false"),
    flag("query_parameter_check", "false"),
    flag("structured_errors", "false"),
    flag("validate_request_body", "true"),
    flag("validate_request_header_params", "true"),
    flag("validate_request_query_params", "true"),
    flag("validate_request_uri_params", "true"),
    flag("validate_response_body", "false"),
    flag("verbose_response", "false"),
};

constexpr Field json_threat_protection_plugin[] = {
    flag("allow_duplicate_object_entry_name", "true"),
    flag("allow_non_json_requests", "false"),
    choice<"block", "log_only">("enforcement_mode", "block"),
    text("error_message", "Bad Request"),
    whole("error_status_code", 400, 499, "400"),
    whole("max_array_element_count", -1, 2147483648, "-1"),
    whole("max_body_size", -1, 2147483648, "8192"),
    whole("max_container_depth", -1, 2147483648, "-1"),
    whole("max_object_entry_count", -1, 2147483648, "-1"),
    whole("max_object_entry_name_length", -1, 2147483648, "-1"),
    whole("max_string_value_length", -1, 2147483648, "-1"),
};

constexpr Field xml_threat_protection_plugin[] = {
    flag("allow_dtd", "false"),
    texts("allowed_content_types"),
    whole("attribute", "1048576"),
    number("bla_max_amplification", 1, 9007199254740991, "100"),
    whole("bla_threshold", 1024, 9007199254740991, "8388608"),
    whole("buffer", "1048576"),
    texts("checked_content_types", R"(["application/xml"])"),
    whole("comment", "1024"),
    whole("document", "10485760"),
    whole("entity", "1024"),
    whole("entityname", "1024"),
    whole("entityproperty", "1024"),
    whole("localname", "1024"),
    whole("max_attributes", "100"),
    whole("max_children", "100"),
    whole("max_depth", "50"),
    whole("max_namespaces", "20"),
    flag("namespace_aware", "true"),
    whole("namespaceuri", "1024"),
    whole("pidata", "1024"),
    whole("pitarget", "1024"),
    whole("prefix", "1024"),
    whole("text", "1048576"),
};

constexpr Field custom_injections[] = {
    required(text("name")),
    required(text("regex")),
};

constexpr Field injection_protection_plugin[] = {
    records<custom_injections>("custom_injections"),
    choice<"block", "log_only">("enforcement_mode", "block"),
    text("error_message", "Bad Request"),
    whole("error_status_code", 400, 499, "400"),
    choices<"java_exception", "js", "sql", "sql_low_sensitivity", "ssi", "xpath_abbreviated",
            "xpath_extended">("injection_types", R"(["sql"])"),
    choices<"body", "headers", "path", "path_and_query", "query">("locations",
                                                                  R"(["path_and_query"])"),
};

constexpr Field binary[] = {
    required(text("schema")),
    required(choice<"draft4">("type")),
};

constexpr Field client[] = {
    record<binary>("binary"),
    record<binary>("text"),
};

constexpr Field websocket_validator_plugin[] = {
    record<client>("client"),
    record<client>("upstream"),
};

constexpr Field websocket_size_limit_plugin[] = {
    whole("client_max_payload", 1, 33554432),
    whole("upstream_max_payload", 1, 33554432),
};

constexpr Field opa_plugin[] = {
    flag("include_body_in_opa_input", "false"),
    flag("include_consumer_in_opa_input", "false"),
    flag("include_parsed_json_body_in_opa_input", "false"),
    flag("include_route_in_opa_input", "false"),
    flag("include_service_in_opa_input", "false"),
    flag("include_uri_captures_in_opa_input", "false"),
    text("opa_host", "localhost"),
    required(text("opa_path")),
    whole("opa_port", 0, 65535, "8181"),
    choice<"http", "https">("opa_protocol", "http"),
    flag("ssl_verify", "true"),
};

constexpr KnownPlugin plugins[] = {
    known<request_validator_plugin, check_request_validator>(
        "request-validator", not_for_groups,
        "Refuses requests whose parameters or body do not fit a schema."),
    known<oas_validation_plugin>("oas-validation", not_for_groups,
                                 "Holds requests and responses against an OpenAPI document."),
    known<json_threat_protection_plugin>("json-threat-protection", not_for_consumers,
                                         "Refuses JSON bodies that are too large or too deep."),
    known<xml_threat_protection_plugin>("xml-threat-protection", not_for_groups,
                                        "Refuses XML bodies that are too large or too deep."),
    known<injection_protection_plugin>("injection-protection", not_for_consumers,
                                       "Refuses requests that look like injection attacks."),
    known<websocket_validator_plugin>("websocket-validator", not_for_groups,
                                      "Refuses WebSocket messages that do not fit a schema."),
    known<websocket_size_limit_plugin>("websocket-size-limit", not_for_groups,
                                       "Refuses WebSocket messages that are too large."),
    known<opa_plugin>("opa", not_for_consumers, "Has Open Policy Agent decide on requests."),
};

}  // namespace

std::span<const KnownPlugin> validation_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
