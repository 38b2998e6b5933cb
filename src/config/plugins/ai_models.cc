// Large language models behind the gateway.

#include "config/plugins/known.h"
#include "config/plugins/rules.h"
#include "config/plugins/setting.h"
#include "config/plugins/shared_records.h"

namespace sluice::config {
namespace {

constexpr Field logging[] = {
    flag("log_payloads", "false"),
    flag("log_statistics", "false"),
};

constexpr Field cache_write_cost_list[] = {
    required(number("cost")),
    required(text("ttl")),
};

constexpr Field cohere[] = {
    choice<"classification", "clustering", "image", "search_document", "search_query">(
        "embedding_input_type", "classification"),
    flag("wait_for_model"),
};

constexpr Field context_window_factor_fields[] = {
    required(text("above")),
    required(number("input_factor")),
    required(number("output_factor")),
};

constexpr Type context_window_factor =
    object_of<context_window_factor_fields>("context_window_factor");

constexpr Field dashscope[] = {
    flag("international", "true"),
};

constexpr Field databricks[] = {
    text("workspace_instance_id"),
};

constexpr Field gemini_fields[] = {
    text("api_endpoint"),
    text("endpoint_id"),
    text("location_id"),
    text("project_id"),
};

constexpr Type gemini = object_of<gemini_fields>("gemini");

constexpr Field service_tier_factor[] = {
    required(number("factor")),
    required(text("tier")),
};

constexpr Field options_fields[] = {
    text("anthropic_version"),
    text("azure_api_version", "2023-05-15"),
    text("azure_deployment_id"),
    text("azure_instance"),
    record<bedrock>("bedrock"),
    number("cache_read_cost"),
    number("cache_write_cost"),
    records<cache_write_cost_list>("cache_write_cost_list"),
    record<cohere>("cohere"),
    records<context_window_factor>("context_window_factor"),
    record<dashscope>("dashscope"),
    record<databricks>("databricks"),
    whole("embeddings_dimensions"),
    record<gemini>("gemini"),
    record<huggingface>("huggingface"),
    number("input_cost"),
    choice<"ollama", "openai", "raw">("llama2_format"),
    whole("max_tokens"),
    choice<"ollama", "openai">("mistral_format"),
    number("output_cost"),
    records<service_tier_factor>("service_tier_factor"),
    number("temperature", 0, 5),
    whole("top_k", 0, 500),
    number("top_p", 0, 1),
    text("upstream_path"),
    text("upstream_url"),
};

constexpr Type options = object_of<options_fields>("options");

constexpr Field model_fields[] = {
    text("model_alias"),
    text("name"),
    record<options>("options"),
    required(choice<"anthropic", "azure", "bedrock", "cerebras", "cohere", "dashscope",
                    "databricks", "deepseek", "gemini", "huggingface", "llama2", "mistral",
                    "ollama", "openai", "vllm", "xai">("provider")),
};

constexpr Type model = object_of<model_fields>("model");

constexpr Field llm_fields[] = {
    record<auth>("auth"),
    text("description"),
    record<logging>("logging"),
    map("metadata"),
    required(record<model>("model")),
    required(
        choice<"audio/v1/audio/speech", "audio/v1/audio/transcriptions",
               "audio/v1/audio/translations", "image/v1/images/edits",
               "image/v1/images/generations", "llm/v1/assistants", "llm/v1/batches", "llm/v1/chat",
               "llm/v1/completions", "llm/v1/embeddings", "llm/v1/files", "llm/v1/responses",
               "preserve", "realtime/v1/realtime", "video/v1/videos/generations">("route_type")),
    whole("weight", 1, 65535, "100"),
};

constexpr Type llm = object_of<llm_fields>("llm");

constexpr Field ai_llm_as_judge_plugin[] = {
    text("http_proxy_host"),
    whole("http_proxy_port", 0, 65535),
    whole("http_timeout", "60000"),
    text("https_proxy_host"),
    whole("https_proxy_port", 0, 65535),
    flag("https_verify", "true"),
    flag("ignore_assistant_prompts", "true"),
    flag("ignore_system_prompts", "true"),
    flag("ignore_tool_prompts", "true"),
    required(record<llm>("llm")),
    number("message_countback", 1, 1000, "1"),
    text("prompt"),
    number("sampling_rate", 0, 1, "1"),
};

constexpr Field proxied_model_options_fields[] = {
    text("anthropic_version"),
    text("azure_api_version", "2023-05-15"),
    text("azure_deployment_id"),
    text("azure_instance"),
    record<bedrock>("bedrock"),
    number("cache_read_cost"),
    number("cache_write_cost"),
    records<cache_write_cost_list>("cache_write_cost_list"),
    record<cohere>("cohere"),
    records<context_window_factor>("context_window_factor"),
    record<dashscope>("dashscope"),
    record<databricks>("databricks"),
    whole("embeddings_dimensions"),
    record<gemini>("gemini"),
    record<huggingface>("huggingface"),
    number("input_cost", 0, 9007199254740991),
    choice<"ollama", "openai", "raw">("llama2_format"),
    whole("max_tokens", "256"),
    choice<"ollama", "openai">("mistral_format"),
    number("output_cost", 0, 9007199254740991),
    records<service_tier_factor>("service_tier_factor"),
    number("temperature", 0, 5),
    whole("top_k", 0, 500),
    number("top_p", 0, 1),
    text("upstream_path"),
    text("upstream_url"),
};

constexpr Type proxied_model_options =
    object_of<proxied_model_options_fields>("proxied_model_options");

constexpr Field proxied_model_fields[] = {
    text("model_alias"),
    text("name"),
    record<proxied_model_options>("options"),
    required(choice<"anthropic", "azure", "bedrock", "cohere", "gemini", "huggingface", "llama2",
                    "mistral", "openai", "cerebras", "dashscope", "databricks", "deepseek",
                    "ollama", "vllm", "xai">("provider")),
};

constexpr Type proxied_model = object_of<proxied_model_fields>("proxied_model");

constexpr Field ai_proxy_plugin[] = {
    record<auth>("auth"),
    choice<"audio/speech", "audio/transcription", "image/generation", "text/embeddings",
           "text/generation", "video/generation">("genai_category", "text/generation"),
    choice<"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai">("llm_format",
                                                                                "openai"),
    record<logging>("logging"),
    whole("max_request_body_size", 0, 9007199254740991, "8192"),
    required(record<proxied_model>("model")),
    flag("model_name_header", "true"),
    choice<"allow", "always", "deny">("response_streaming", "allow"),
    required(choice<"llm/v1/chat", "llm/v1/completions", "preserve", "audio/v1/audio/speech",
                    "audio/v1/audio/transcriptions", "audio/v1/audio/translations",
                    "image/v1/images/edits", "image/v1/images/generations", "llm/v1/assistants",
                    "llm/v1/batches", "llm/v1/embeddings", "llm/v1/files", "llm/v1/responses",
                    "realtime/v1/realtime", "video/v1/videos/generations">("route_type")),
};

constexpr Field match_fields[] = {
    text("key"),
    required(
        choice<"consumer", "consumer_group", "header", "ip", "model", "path", "provider">("type")),
    required(texts("values")),
};

constexpr Type match = object_of<match_fields>("match");

constexpr Field acl_entries[] = {
    required(records<match>("match")),
};

constexpr Field acls[] = {
    records<acl_entries>("allow"),
    records<acl_entries>("deny"),
};

constexpr Field balancer[] = {
    choice<"consistent-hashing", "least-connections", "lowest-latency", "lowest-usage", "priority",
           "round-robin", "semantic">("algorithm", "round-robin"),
    whole("connect_timeout", 1, 2147483646, "60000"),
    whole("fail_timeout", 1, 2147483646, "10000"),
    choices<"error", "http_403", "http_404", "http_429", "http_500", "http_502", "http_503",
            "http_504", "invalid_header", "non_idempotent", "timeout">("failover_criteria",
                                                                       R"(["error","timeout"])"),
    text("hash_on_header", "X-Kong-LLM-Request-ID"),
    choice<"e2e", "tpot">("latency_strategy", "tpot"),
    whole("max_fails", 0, 32767, "0"),
    whole("read_timeout", 1, 2147483646, "60000"),
    whole("retries", 0, 32767, "5"),
    whole("slots", 10, 65536, "10000"),
    choice<"completion-tokens", "cost", "llm-accuracy", "prompt-tokens", "total-tokens">(
        "tokens_count_strategy", "total-tokens"),
    whole("write_timeout", 1, 2147483646, "60000"),
};

constexpr Field ai_proxy_advanced_plugin[] = {
    record<acls>("acls"),
    record<balancer>("balancer"),
    record<embeddings>("embeddings"),
    choice<"audio/speech", "audio/transcription", "image/generation", "realtime/generation",
           "text/embeddings", "text/generation", "video/generation">("genai_category",
                                                                     "text/generation"),
    choice<"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai">("llm_format",
                                                                                "openai"),
    whole("max_request_body_size", "1048576"),
    flag("model_name_header", "true"),
    choice<"allow", "always", "deny">("response_streaming", "allow"),
    required(records<llm>("targets")),
    record<vectordb>("vectordb"),
};

constexpr Field ai_rag_injector_plugin[] = {
    map("collection_acl_config"),
    choice<"consumer_group", "consumer_id", "custom_id", "username">("consumer_identifier",
                                                                     "consumer_group"),
    required(record<embeddings>("embeddings")),
    number("fetch_chunks_count", "5"),
    choice<"compatible", "strict">("filter_mode", "compatible"),
    record<global_acl_config>("global_acl_config"),
    choice<"assistant", "system", "user">("inject_as_role", "user"),
    text("inject_template"),
    whole("max_filter_clauses", 1, 1000, "100"),
    flag("stop_on_failure", "false"),
    flag("stop_on_filter_error", "false"),
    required(record<vectordb>("vectordb")),
    text("vectordb_namespace", "kong_rag_injector"),
};

constexpr Field llm_providers[] = {
    required(numbers("limit")),
    required(choice<"anthropic", "azure", "bedrock", "cohere", "customCost", "gemini",
                    "huggingface", "llama2", "mistral", "openai", "requestPrompt">("name")),
    required(numbers("window_size")),
};

constexpr Field limits[] = {
    required(number("limit")),
    choice<"completion_tokens", "cost", "prompt_tokens", "total_tokens">("tokens_count_strategy",
                                                                         "total_tokens"),
    required(whole("window_size")),
};

constexpr Field policy_match[] = {
    text("key"),
    flag("partition_by", "false"),
    required(
        choice<"consumer", "consumer_group", "header", "ip", "model", "path", "provider">("type")),
    texts("values"),
};

constexpr Field policies[] = {
    text("id"),
    records<limits>("limits"),
    records<policy_match>("match"),
    choice<"fixed", "sliding">("window_type", "sliding"),
};

constexpr Field ai_rate_limiting_advanced_plugin[] = {
    text("custom_cost_count_function"),
    flag("decrease_by_fractions_in_redis", "false"),
    text("dictionary_name", "kong_rate_limiting_counters"),
    flag("disable_penalty", "false"),
    number("error_code", "429"),
    flag("error_hide_providers", "false"),
    text("error_message", "AI token rate limit exceeded for provider(s): "),
    text("header_name"),
    flag("hide_client_headers", "false"),
    choice<"consumer", "consumer-group", "credential", "header", "ip", "path", "service">(
        "identifier", "consumer"),
    choice<"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai">("llm_format"),
    records<llm_providers>("llm_providers"),
    text("namespace"),
    text("path"),
    records<policies>("policies"),
    record<redis_enterprise>("redis"),
    text("request_prompt_count_function"),
    number("retry_after_jitter_max", "0"),
    choice<"cluster", "local", "redis">("strategy", "local"),
    number("sync_rate"),
    choice<"completion_tokens", "cost", "prompt_tokens", "total_tokens">("tokens_count_strategy",
                                                                         "total_tokens"),
    choice<"fixed", "sliding">("window_type", "sliding"),
};

constexpr Field transforming_llm_fields[] = {
    record<auth>("auth"),
    text("description"),
    record<logging>("logging"),
    map("metadata"),
    required(record<proxied_model>("model")),
    required(choice<"llm/v1/chat", "llm/v1/completions", "preserve", "audio/v1/audio/speech",
                    "audio/v1/audio/transcriptions", "audio/v1/audio/translations",
                    "image/v1/images/edits", "image/v1/images/generations", "llm/v1/assistants",
                    "llm/v1/batches", "llm/v1/embeddings", "llm/v1/files", "llm/v1/responses",
                    "realtime/v1/realtime", "video/v1/videos/generations">("route_type")),
    whole("weight", 1, 65535, "100"),
};

constexpr Type transforming_llm = object_of<transforming_llm_fields>("transforming_llm");

constexpr Field ai_request_transformer_plugin[] = {
    text("http_proxy_host"),
    whole("http_proxy_port", 0, 65535),
    whole("http_timeout", "60000"),
    text("https_proxy_host"),
    whole("https_proxy_port", 0, 65535),
    flag("https_verify", "true"),
    required(record<transforming_llm>("llm")),
    whole("max_request_body_size", 0, 9007199254740991, "8192"),
    required(text("prompt")),
    text("transformation_extract_pattern"),
};

constexpr Field ai_response_transformer_plugin[] = {
    text("http_proxy_host"),
    whole("http_proxy_port", 0, 65535),
    whole("http_timeout", "60000"),
    text("https_proxy_host"),
    whole("https_proxy_port", 0, 65535),
    flag("https_verify", "true"),
    required(record<transforming_llm>("llm")),
    whole("max_request_body_size", 0, 9007199254740991, "8192"),
    flag("parse_llm_response_json_instructions", "false"),
    required(text("prompt")),
    text("transformation_extract_pattern"),
};

constexpr Field ai_semantic_cache_plugin[] = {
    flag("cache_control", "false"),
    whole("cache_ttl", "300"),
    required(record<embeddings>("embeddings")),
    flag("exact_caching", "false"),
    flag("ignore_assistant_prompts", "false"),
    flag("ignore_system_prompts", "false"),
    flag("ignore_tool_prompts", "false"),
    choice<"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai">("llm_format",
                                                                                "openai"),
    number("message_countback", 1, 1000, "1"),
    flag("stop_on_failure", "false"),
    required(record<vectordb>("vectordb")),
};

constexpr KnownPlugin plugins[] = {
    known<ai_llm_as_judge_plugin>("ai-llm-as-judge", everywhere,
                                  "Has one language model score the answers of others."),
    known<ai_proxy_plugin>(
        "ai-proxy", everywhere,
        "Forwards requests to a language model, in one format for all providers."),
    known<ai_proxy_advanced_plugin>("ai-proxy-advanced", everywhere,
                                    "Forwards requests to one of several language models."),
    known<ai_rag_injector_plugin>("ai-rag-injector", everywhere,
                                  "Adds what a vector database knows to prompts."),
    known<ai_rate_limiting_advanced_plugin>("ai-rate-limiting-advanced", everywhere,
                                            "Limits how much of a language model clients use."),
    known<ai_request_transformer_plugin>("ai-request-transformer", AllowedScopes{.consumer = false},
                                         "Has a language model rewrite request bodies."),
    known<ai_response_transformer_plugin>("ai-response-transformer", everywhere,
                                          "Has a language model rewrite responses."),
    known<ai_semantic_cache_plugin>(
        "ai-semantic-cache", everywhere,
        "Answers prompts from earlier answers to prompts of the same meaning."),
};

}  // namespace

std::span<const KnownPlugin> ai_models_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
