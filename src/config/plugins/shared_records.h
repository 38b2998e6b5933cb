#pragma once
// Records that the settings of plugins in several files have in common.

#include "config/plugins/setting.h"

namespace sluice::config {

inline constexpr Field auth_fields[] = {
    flag("allow_override", "false"),
    text("aws_access_key_id"),
    confidential(text("aws_secret_access_key")),
    text("azure_client_id"),
    confidential(text("azure_client_secret")),
    text("azure_tenant_id"),
    flag("azure_use_managed_identity", "false"),
    text("gcp_metadata_url"),
    text("gcp_oauth_token_url"),
    confidential(text("gcp_service_account_json")),
    flag("gcp_use_service_account", "false"),
    text("header_name"),
    confidential(text("header_value")),
    choice<"body", "query">("param_location"),
    text("param_name"),
    confidential(text("param_value")),
};

inline constexpr Type auth = object_of<auth_fields>("auth");

inline constexpr Field azure_fields[] = {
    text("api_version", "2023-05-15"),
    text("deployment_id"),
    text("instance"),
};

inline constexpr Type azure = object_of<azure_fields>("azure");

inline constexpr Field bedrock_fields[] = {
    text("aws_assume_role_arn"),           text("aws_region"),
    text("aws_role_session_name"),         text("aws_sts_endpoint_url"),
    text("batch_bucket_prefix"),           text("batch_role_arn"),
    flag("embeddings_normalize", "false"), text("performance_config_latency"),
    text("video_output_s3_uri"),
};

inline constexpr Type bedrock = object_of<bedrock_fields>("bedrock");

inline constexpr Field cache_fields[] = {
    flag("enabled", "true"),
    whole("ttl"),
};

inline constexpr Type cache = object_of<cache_fields>("cache");

inline constexpr Field client_jwk_fields[] = {
    text("alg"),
    text("crv"),
    confidential(text("d")),
    confidential(text("dp")),
    confidential(text("dq")),
    text("e"),
    text("issuer"),
    confidential(text("k")),
    texts("key_ops"),
    text("kid"),
    text("kty"),
    text("n"),
    confidential(text("oth")),
    confidential(text("p")),
    confidential(text("q")),
    confidential(text("qi")),
    text("r"),
    text("t"),
    text("use"),
    text("x"),
    texts("x5c"),
    text("x5t"),
    text("x5t#S256"),
    text("x5u"),
    text("y"),
};

inline constexpr Type client_jwk = object_of<client_jwk_fields>("client_jwk");

inline constexpr Field cloud_authentication_fields[] = {
    choice<"aws", "azure", "gcp">("auth_provider"),
    text("aws_access_key_id"),
    text("aws_assume_role_arn"),
    text("aws_cache_name"),
    flag("aws_is_serverless", "true"),
    text("aws_region"),
    text("aws_role_session_name"),
    confidential(text("aws_secret_access_key")),
    text("azure_client_id"),
    confidential(text("azure_client_secret")),
    text("azure_tenant_id"),
    confidential(text("gcp_service_account_json")),
};

inline constexpr Type cloud_authentication =
    object_of<cloud_authentication_fields>("cloud_authentication");

inline constexpr Field cluster_nodes_fields[] = {
    text("ip", "127.0.0.1"),
    whole("port", 0, 65535, "6379"),
};

inline constexpr Type cluster_nodes = object_of<cluster_nodes_fields>("cluster_nodes");

inline constexpr Field conditions_fields[] = {
    texts("has_audience"),
    texts("has_scopes"),
    texts("missing_audience"),
    texts("missing_scopes"),
};

inline constexpr Type conditions = object_of<conditions_fields>("conditions");

inline constexpr Field embeddings_gemini_fields[] = {
    text("api_endpoint"),
    text("location_id"),
    text("project_id"),
};

inline constexpr Type embeddings_gemini = object_of<embeddings_gemini_fields>("embeddings_gemini");

inline constexpr Field huggingface_fields[] = {
    flag("use_cache"),
    flag("wait_for_model"),
};

inline constexpr Type huggingface = object_of<huggingface_fields>("huggingface");

inline constexpr Field embeddings_options_fields[] = {
    record<azure>("azure"),
    record<bedrock>("bedrock"),
    record<embeddings_gemini>("gemini"),
    record<huggingface>("huggingface"),
    text("upstream_url"),
};

inline constexpr Type embeddings_options =
    object_of<embeddings_options_fields>("embeddings_options");

inline constexpr Field embeddings_model_fields[] = {
    required(text("name")),
    record<embeddings_options>("options"),
    required(choice<"azure", "bedrock", "gemini", "huggingface", "mistral", "ollama", "openai">(
        "provider")),
};

inline constexpr Type embeddings_model = object_of<embeddings_model_fields>("embeddings_model");

inline constexpr Field embeddings_fields[] = {
    record<auth>("auth"),
    required(record<embeddings_model>("model")),
};

inline constexpr Type embeddings = object_of<embeddings_fields>("embeddings");

inline constexpr Field global_acl_config_fields[] = {
    texts("allow"),
    texts("deny"),
};

inline constexpr Type global_acl_config = object_of<global_acl_config_fields>("global_acl_config");

inline constexpr Field memory_fields[] = {
    text("dictionary_name", "kong_db_cache"),
};

inline constexpr Type memory = object_of<memory_fields>("memory");

inline constexpr Field oauth2_fields[] = {
    texts("audience"),
    text("client_id"),
    confidential(text("client_secret")),
    choice<"client_credentials", "password">("grant_type", "client_credentials"),
    confidential(text("password")),
    texts("scopes", R"(["openid"])"),
    required(text("token_endpoint")),
    map("token_headers"),
    map("token_post_args"),
    text("username"),
};

inline constexpr Type oauth2 = object_of<oauth2_fields>("oauth2");

inline constexpr Field oauth2_client_fields[] = {
    choice<"client_secret_basic", "client_secret_jwt", "client_secret_post", "none">(
        "auth_method", "client_secret_post"),
    choice<"HS256", "HS512">("client_secret_jwt_alg", "HS512"),
    text("http_proxy"),
    text("http_proxy_authorization"),
    number("http_version", "1.1"),
    text("https_proxy"),
    text("https_proxy_authorization"),
    flag("keep_alive", "true"),
    text("no_proxy"),
    flag("ssl_verify", "true"),
    whole("timeout", 0, 2147483646, "10000"),
};

inline constexpr Type oauth2_client = object_of<oauth2_client_fields>("oauth2_client");

inline constexpr Field pgvector_fields[] = {
    text("database", "kong-pgvector"),
    text("host", "127.0.0.1"),
    confidential(text("password")),
    whole("port", "5432"),
    flag("ssl", "false"),
    text("ssl_cert"),
    confidential(text("ssl_cert_key")),
    flag("ssl_required", "false"),
    flag("ssl_verify", "true"),
    choice<"any", "tlsv1_2", "tlsv1_3">("ssl_version", "tlsv1_2"),
    number("timeout", "5000"),
    text("user", "postgres"),
};

inline constexpr Type pgvector = object_of<pgvector_fields>("pgvector");

inline constexpr Field openid_principals_fields[] = {
    text("directory", "default"),
    flag("enabled", "false"),
    flag("error_on_miss", "true"),
    flag("match_consumer", "true"),
    flag("match_consumer_groups", "true"),
    text("principal_by"),
    texts("principal_claim"),
};

inline constexpr Type openid_principals = object_of<openid_principals_fields>("openid_principals");

inline constexpr Field proof_of_possession_mtls_from_header_fields[] = {
    flag("allow_partial_chain", "false"),
    required(texts("ca_certificates")),
    number("cert_cache_ttl", "60000"),
    choice<"base64_encoded", "url_encoded">("certificate_header_format", "url_encoded"),
    required(text("certificate_header_name")),
    text("http_proxy_host"),
    whole("http_proxy_port", 0, 65535),
    number("http_timeout", "30000"),
    text("https_proxy_host"),
    whole("https_proxy_port", 0, 65535),
    choice<"IGNORE_CA_ERROR", "SKIP", "STRICT">("revocation_check_mode", "IGNORE_CA_ERROR"),
    flag("secure_source", "true"),
    flag("ssl_verify", "true"),
};

inline constexpr Type proof_of_possession_mtls_from_header =
    object_of<proof_of_possession_mtls_from_header_fields>("proof_of_possession_mtls_from_header");

inline constexpr Field queue_fields[] = {
    number_of<-1, 1>("concurrency_limit", "1"),
    number("initial_retry_delay", 0.001, 1000000, "0.01"),
    whole("max_batch_size", 1, 1000000, "1"),
    whole("max_bytes"),
    number("max_coalescing_delay", 0, 3600, "1"),
    whole("max_entries", 1, 1000000, "10000"),
    number("max_retry_delay", 0.001, 1000000, "60"),
    number("max_retry_time", "60"),
};

inline constexpr Type queue = object_of<queue_fields>("queue");

inline constexpr Field sentinel_nodes_fields[] = {
    required(text("host", "127.0.0.1")),
    whole("port", 0, 65535, "6379"),
};

inline constexpr Type sentinel_nodes = object_of<sentinel_nodes_fields>("sentinel_nodes");

inline constexpr Field redis_enterprise_fields[] = {
    whole("cluster_max_redirections", "5"),
    records<cluster_nodes>("cluster_nodes"),
    whole("connect_timeout", 0, 2147483646, "2000"),
    flag("connection_is_proxied", "false"),
    whole("database", "0"),
    text("host", "127.0.0.1"),
    whole("keepalive_backlog", 0, 2147483646),
    whole("keepalive_pool_size", 1, 2147483646, "256"),
    confidential(text("password")),
    whole("port", 0, 65535, "6379"),
    whole("read_timeout", 0, 2147483646, "2000"),
    whole("send_timeout", 0, 2147483646, "2000"),
    text("sentinel_master"),
    records<sentinel_nodes>("sentinel_nodes"),
    confidential(text("sentinel_password")),
    choice<"any", "master", "slave">("sentinel_role"),
    text("sentinel_username"),
    text("server_name"),
    flag("ssl", "false"),
    flag("ssl_verify", "true"),
    text("username"),
    record<cloud_authentication>("cloud_authentication"),
};

inline constexpr Type redis_enterprise = object_of<redis_enterprise_fields>("redis_enterprise");

inline constexpr Field request_fields[] = {
    texts("audience"),
    flag("empty_audience", "false"),
    flag("empty_scopes", "false"),
    texts("scopes"),
};

inline constexpr Type request = object_of<request_fields>("request");

inline constexpr Field subject_token_issuers_fields[] = {
    record<conditions>("conditions"),
    required(text("issuer")),
    text("jwks_uri"),
    flag("verify_signature", "false"),
};

inline constexpr Type subject_token_issuers =
    object_of<subject_token_issuers_fields>("subject_token_issuers");

inline constexpr Field token_exchange_fields[] = {
    record<cache>("cache"),
    record<request>("request"),
    required(records<subject_token_issuers>("subject_token_issuers")),
};

inline constexpr Type token_exchange = object_of<token_exchange_fields>("token_exchange");

inline constexpr Field upstream_headers_fields[] = {
    required(text("header")),
    required(texts("path")),
};

inline constexpr Type upstream_headers = object_of<upstream_headers_fields>("upstream_headers");

inline constexpr Field vault_fields[] = {
    text("id"),
};

inline constexpr Type vault = object_of<vault_fields>("vault");

inline constexpr Field vectordb_fields[] = {
    required(whole("dimensions")),
    required(choice<"cosine", "euclidean">("distance_metric")),
    record<pgvector>("pgvector"),
    record<redis_enterprise>("redis"),
    required(choice<"pgvector", "redis">("strategy")),
    number("threshold"),
};

inline constexpr Type vectordb = object_of<vectordb_fields>("vectordb");

}  // namespace sluice::config
