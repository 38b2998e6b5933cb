// Prompts: decorated, guarded and filtered.

#include "config/plugins/known.h"
#include "config/plugins/rules.h"
#include "config/plugins/setting.h"
#include "config/plugins/shared_records.h"

namespace sluice::config {
namespace {

constexpr Field a2a_logging[] = {
    flag("log_payloads", "false"),
    flag("log_statistics", "false"),
    whole("max_payload_size", "1048576"),
};

constexpr Field ai_a2a_proxy_plugin[] = {
    record<a2a_logging>("logging"),
    whole("max_request_body_size", "1048576"),
};

constexpr Field ai_aws_guardrails_plugin[] = {
    flag("allow_masking", "false"),
    text("aws_access_key_id"),
    text("aws_assume_role_arn"),
    required(text("aws_region")),
    text("aws_role_session_name"),
    confidential(text("aws_secret_access_key")),
    text("aws_sts_endpoint_url"),
    choice<"BOTH", "INPUT", "OUTPUT">("guarding_mode", "INPUT"),
    required(text("guardrails_id")),
    required(text("guardrails_version")),
    flag("log_blocked_content", "false"),
    number("response_buffer_size", "100"),
    flag("ssl_verify", "true"),
    flag("stop_on_error", "true"),
    choice<"concatenate_all_content", "concatenate_user_content", "last_message">(
        "text_source", "concatenate_all_content"),
    number("timeout", "10000"),
};

constexpr Field categories[] = {
    required(text("name")),
    required(whole("rejection_level")),
};

constexpr Field ai_azure_content_safety_plugin[] = {
    text("azure_api_version", "2023-10-01"),
    text("azure_client_id"),
    confidential(text("azure_client_secret")),
    text("azure_tenant_id"),
    flag("azure_use_managed_identity", "false"),
    texts("blocklist_names"),
    records<categories>("categories"),
    confidential(text("content_safety_key")),
    required(text("content_safety_url")),
    choice<"BOTH", "INPUT", "OUTPUT">("guarding_mode", "INPUT"),
    flag("halt_on_blocklist_hit", "true"),
    flag("log_blocked_content", "false"),
    choice<"EightSeverityLevels", "FourSeverityLevels">("output_type", "FourSeverityLevels"),
    number("response_buffer_size", "100"),
    flag("reveal_failure_reason", "true"),
    flag("ssl_verify", "true"),
    flag("stop_on_error", "true"),
    choice<"concatenate_all_content", "concatenate_user_content", "last_message">(
        "text_source", "concatenate_all_content"),
};

constexpr Field guardrail_metrics[] = {
    text("block_detail"),
    text("block_reason"),
    text("masked"),
};

constexpr Field guardrail_auth[] = {
    choice<"body", "header", "query">("location", "header"),
    text("name"),
    confidential(text("value")),
};

constexpr Field guardrail_request[] = {
    record<guardrail_auth>("auth"), map("body"), map("headers"), map("queries"),
    required(text("url")),
};

constexpr Field guardrail_response[] = {
    required(text("block")),
    required(text("block_message")),
};

constexpr Field ai_custom_guardrail_plugin[] = {
    flag("allow_masking", "false"),
    map("custom_metrics"),
    map("functions"),
    choice<"BOTH", "INPUT", "OUTPUT">("guarding_mode", "INPUT"),
    record<guardrail_metrics>("metrics"),
    map("params"),
    required(record<guardrail_request>("request")),
    required(record<guardrail_response>("response")),
    number("response_buffer_size", "100"),
    flag("ssl_verify", "true"),
    flag("stop_on_error", "true"),
    choice<"concatenate_all_content", "concatenate_user_content", "last_message">("text_source",
                                                                                  "last_message"),
    number("timeout", "10000"),
};

constexpr Field ai_gcp_model_armor_plugin[] = {
    flag("enable_multi_language_detection", "false"),
    text("gcp_metadata_url"),
    text("gcp_oauth_token_url"),
    confidential(text("gcp_service_account_json")),
    flag("gcp_use_service_account", "false"),
    choice<"BOTH", "INPUT", "OUTPUT">("guarding_mode", "INPUT"),
    required(text("location_id")),
    flag("log_blocked_content", "false"),
    required(text("project_id")),
    text("request_failure_message", "Request was filtered by GCP Model Armor"),
    number("response_buffer_size", "100"),
    text("response_failure_message", "Response was filtered by GCP Model Armor"),
    flag("reveal_failure_categories", "false"),
    text("source_language"),
    flag("stop_on_error", "true"),
    required(text("template_id")),
    choice<"concatenate_all_content", "concatenate_user_content", "last_message">("text_source",
                                                                                  "last_message"),
    number("timeout", "10000"),
};

constexpr Field ai_lakera_guard_plugin[] = {
    confidential(text("api_key")),
    choice<"BOTH", "INPUT", "OUTPUT">("guarding_mode", "INPUT"),
    text("lakera_service_url", "https://api.lakera.ai/v2/guard"),
    flag("log_blocked_content", "false"),
    text("project_id"),
    text("request_failure_message", "Request was filtered by Lakera Guard"),
    number("response_buffer_size", "100"),
    text("response_failure_message", "Response was filtered by Lakera Guard"),
    flag("reveal_failure_categories", "false"),
    flag("stop_on_error", "true"),
    choice<"concatenate_all_content", "concatenate_user_content", "last_message">(
        "text_source", "concatenate_all_content"),
    number("timeout", "10000"),
    flag("verify_ssl", "true"),
};

constexpr Field claim_to_header[] = {
    required(text("claim")),
    required(text("header")),
};

constexpr Field token_exchange_cache[] = {
    flag("enabled", "true"),
    whole("ttl", "3600"),
};

constexpr Field token_exchange_request[] = {
    confidential(text("actor_token")),
    text("actor_token_header"),
    choice<"config", "header", "none">("actor_token_source", "none"),
    text("actor_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    texts("audience"),
    text("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    text("resource"),
    texts("scopes"),
    text("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
};

constexpr Field oauth2_token_exchange[] = {
    record<token_exchange_cache>("cache"),
    choice<"client_secret_basic", "client_secret_post", "inherit", "none">("client_auth",
                                                                           "client_secret_basic"),
    text("client_id"),
    confidential(text("client_secret")),
    flag("enabled", "false"),
    record<token_exchange_request>("request"),
    required(text("token_endpoint")),
};

constexpr Field ai_mcp_oauth2_plugin[] = {
    map("args"),
    required(texts("authorization_servers")),
    flag("cache_introspection", "true"),
    records<claim_to_header>("claim_to_header"),
    choice<"ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512",
           "RS256", "RS384", "RS512">("client_alg"),
    choice<"client_secret_basic", "client_secret_jwt", "client_secret_post", "none",
           "private_key_jwt", "self_signed_tls_client_auth", "tls_client_auth">("client_auth"),
    text("client_id"),
    confidential(text("client_jwk")),
    confidential(text("client_secret")),
    choices<"custom_id", "id", "username">("consumer_by", R"(["custom_id","username"])"),
    texts("consumer_claim"),
    texts("consumer_groups_claim"),
    flag("consumer_groups_optional", "false"),
    flag("consumer_optional", "false"),
    texts("credential_claim", R"(["sub"])"),
    map("headers"),
    text("http_proxy"),
    text("http_proxy_authorization"),
    number("http_version", "1.1"),
    text("https_proxy"),
    text("https_proxy_authorization"),
    flag("insecure_relaxed_audience_validation", "false"),
    text("introspection_endpoint"),
    choice<"base64", "base64url", "string">("introspection_format"),
    whole("jwks_cache_ttl", "3600"),
    text("jwks_endpoint"),
    whole("jwt_claims_leeway", "0"),
    flag("keepalive", "true"),
    whole("max_request_body_size", "1048576"),
    whole("metadata_cache_ttl", "3600"),
    text("metadata_discovery_endpoint"),
    whole("metadata_discovery_retry", "3"),
    text("metadata_endpoint"),
    text("mtls_introspection_endpoint"),
    text("no_proxy"),
    flag("passthrough_credentials", "false"),
    required(text("resource")),
    texts("scopes_supported"),
    flag("ssl_verify", "true"),
    number("timeout", "10000"),
    text("tls_client_auth_cert"),
    text("tls_client_auth_key"),
    flag("tls_client_auth_ssl_verify", "true"),
    record<oauth2_token_exchange>("token_exchange"),
    records<upstream_headers>("upstream_headers"),
};

constexpr Field default_acl[] = {
    texts("allow"),
    texts("deny"),
    text("scope", "tools"),
};

constexpr Field mcp_logging[] = {
    flag("log_audits", "false"),
    flag("log_payloads", "false"),
    flag("log_statistics", "false"),
};

constexpr Field mcp_session_client[] = {
    confidential(texts("secrets")),
};

constexpr Field mcp_session[] = {
    record<mcp_session_client>("client"),  flag("managed", "true"),
    record<redis_enterprise>("redis"),     number("session_ttl", "86400"),
    choice<"client", "redis">("strategy"),
};

constexpr Field server[] = {
    flag("forward_client_headers", "true"),
    record<mcp_session>("session"),
    text("tag"),
    number("timeout", "10000"),
};

constexpr Field annotations[] = {
    flag("destructive_hint"), flag("idempotent_hint"), flag("open_world_hint"),
    flag("read_only_hint"),   text("title"),
};

constexpr Field tools[] = {
    record<global_acl_config>("acl"),
    record<annotations>("annotations"),
    required(text("description")),
    map("headers"),
    text("host"),
    choice<"DELETE", "GET", "PATCH", "POST", "PUT">("method"),
    text("name"),
    maps("parameters"),
    text("path"),
    map("query"),
    map("request_body"),
    map("responses"),
    choice<"http", "https">("scheme"),
};

constexpr Field ai_mcp_proxy_plugin[] = {
    text("access_token_claim_field"),
    choice<"consumer", "oauth_access_token">("acl_attribute_type", "consumer"),
    choice<"consumer_id", "custom_id", "username">("consumer_identifier", "username"),
    records<default_acl>("default_acl"),
    flag("include_consumer_groups", "false"),
    record<mcp_logging>("logging"),
    whole("max_request_body_size", "1048576"),
    required(choice<"conversion-listener", "conversion-only", "listener", "passthrough-listener">(
        "mode")),
    record<server>("server"),
    records<tools>("tools"),
};

constexpr Field compression_ranges[] = {
    required(whole("max_tokens")),
    required(whole("min_tokens")),
    required(number("value")),
};

constexpr Field ai_prompt_compressor_plugin[] = {
    required(records<compression_ranges>("compression_ranges")),
    choice<"rate", "target_token">("compressor_type", "rate"),
    text("compressor_url", "http://localhost:8080"),
    number("keepalive_timeout", "60000"),
    flag("log_text_data", "false"),
    choices<"assistant", "system", "user">("message_type", R"(["user"])"),
    flag("stop_on_error", "true"),
    number("timeout", "10000"),
};

constexpr Field append[] = {
    required(text("content")),
    choice<"assistant", "system", "user">("role", "system"),
};

constexpr Field prompts[] = {
    records<append>("append"),
    records<append>("prepend"),
};

constexpr Field ai_prompt_decorator_plugin[] = {
    choice<"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai">("llm_format",
                                                                                "openai"),
    whole("max_request_body_size", 0, 9007199254740991, "8192"),
    record<prompts>("prompts"),
};

constexpr Field ai_prompt_guard_plugin[] = {
    flag("allow_all_conversation_history", "false"),
    texts("allow_patterns"),
    texts("deny_patterns"),
    choice<"audio/speech", "audio/transcription", "image/generation", "realtime/generation",
           "text/embeddings", "text/generation", "video/generation">("genai_category",
                                                                     "text/generation"),
    choice<"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai">("llm_format",
                                                                                "openai"),
    flag("match_all_roles", "false"),
    whole("max_request_body_size", 0, 9007199254740991, "8192"),
};

constexpr Field templates[] = {
    required(text("name")),
    required(text("template")),
};

constexpr Field ai_prompt_template_plugin[] = {
    flag("allow_untemplated_requests", "true"),
    flag("log_original_request", "false"),
    whole("max_request_body_size", 0, 9007199254740991, "8192"),
    required(records<templates>("templates")),
};

constexpr Field custom_patterns[] = {
    required(text("name")),
    required(text("regex")),
    number("score", 0, 1, "0.5"),
};

constexpr Field ai_sanitizer_plugin[] = {
    flag("allow_all_conversation_history", "true"),
    choices<"all", "all_and_credentials", "bank", "credentials", "creditcard", "crypto", "custom",
            "date", "domain", "driverlicense", "email", "general", "ip", "medical", "nationalid",
            "nrp", "passport", "phone", "ssn", "url">("anonymize", R"(["all_and_credentials"])"),
    flag("block_if_detected", "false"),
    records<custom_patterns>("custom_patterns"),
    text("host", "localhost"),
    number("keepalive_timeout", "60000"),
    number("port", "8080"),
    flag("recover_redacted", "true"),
    choice<"placeholder", "synthetic">("redact_type", "placeholder"),
    choice<"BOTH", "INPUT", "OUTPUT">("sanitization_mode", "INPUT"),
    text("scheme", "http"),
    flag("skip_logging_sanitized_items", "false"),
    flag("stop_on_error", "true"),
    number("timeout", "10000"),
};

constexpr Field rules[] = {
    texts("allow_prompts"),
    texts("deny_prompts"),
    flag("match_all_conversation_history", "false"),
    flag("match_all_roles", "false"),
    whole("max_request_body_size"),
};

constexpr Field search[] = {
    number("threshold", "0.5"),
};

constexpr Field ai_semantic_prompt_guard_plugin[] = {
    required(record<embeddings>("embeddings")),
    choice<"audio/speech", "audio/transcription", "image/generation", "realtime/generation",
           "text/embeddings", "text/generation", "video/generation">("genai_category",
                                                                     "text/generation"),
    choice<"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai">("llm_format",
                                                                                "openai"),
    whole("max_request_body_size", "1048576"),
    record<rules>("rules"),
    record<search>("search"),
    required(record<vectordb>("vectordb")),
};

constexpr Field response_guard_rules[] = {
    texts("allow_responses"),
    texts("deny_responses"),
    whole("max_response_body_size", "8192"),
};

constexpr Field ai_semantic_response_guard_plugin[] = {
    required(record<embeddings>("embeddings")),
    choice<"audio/speech", "audio/transcription", "image/generation", "realtime/generation",
           "text/embeddings", "text/generation", "video/generation">("genai_category",
                                                                     "text/generation"),
    choice<"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai">("llm_format",
                                                                                "openai"),
    record<response_guard_rules>("rules"),
    record<search>("search"),
    required(record<vectordb>("vectordb")),
};

constexpr KnownPlugin plugins[] = {
    known<ai_a2a_proxy_plugin>("ai-a2a-proxy", not_for_consumers,
                               "Forwards and observes traffic between agents (A2A)."),
    known<ai_aws_guardrails_plugin>(
        "ai-aws-guardrails", everywhere,
        "Has AWS Guardrails judge what goes to and comes from a language model."),
    known<ai_azure_content_safety_plugin>(
        "ai-azure-content-safety", not_for_consumers,
        "Has Azure AI Content Safety judge what goes to a language model."),
    known<ai_custom_guardrail_plugin>(
        "ai-custom-guardrail", everywhere,
        "Has a service of your own judge what goes to and comes from a language model."),
    known<ai_gcp_model_armor_plugin>(
        "ai-gcp-model-armor", everywhere,
        "Has Google Cloud Model Armor judge what goes to and comes from a language model."),
    known<ai_lakera_guard_plugin>(
        "ai-lakera-guard", everywhere,
        "Has Lakera Guard judge what goes to and comes from a language model."),
    known<ai_mcp_oauth2_plugin>("ai-mcp-oauth2", not_for_consumers,
                                "Asks for OAuth 2.0 tokens in front of an MCP server."),
    known<ai_mcp_proxy_plugin>("ai-mcp-proxy", not_for_consumers,
                               "Speaks MCP for HTTP APIs, or forwards it."),
    known<ai_prompt_compressor_plugin>("ai-prompt-compressor", everywhere,
                                       "Shortens prompts before a language model gets them."),
    known<ai_prompt_decorator_plugin>("ai-prompt-decorator", everywhere,
                                      "Puts messages before or behind those of a chat."),
    known<ai_prompt_guard_plugin>("ai-prompt-guard", everywhere,
                                  "Lets prompts through, or refuses them, by regular expressions."),
    known<ai_prompt_template_plugin>("ai-prompt-template", everywhere,
                                     "Makes prompts from templates and the values of a request."),
    known<ai_sanitizer_plugin>(
        "ai-sanitizer", everywhere,
        "Removes personal data from bodies that go to or come from a language model."),
    known<ai_semantic_prompt_guard_plugin>(
        "ai-semantic-prompt-guard", everywhere,
        "Lets prompts through, or refuses them, by their meaning."),
    known<ai_semantic_response_guard_plugin>(
        "ai-semantic-response-guard", everywhere,
        "Lets answers of a language model through, or refuses them, by their meaning."),
};

}  // namespace

std::span<const KnownPlugin> ai_content_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
