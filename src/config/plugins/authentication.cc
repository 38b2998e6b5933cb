// Who calls: credentials, certificates and sessions.

#include "config/plugins/known.h"
#include "config/plugins/rules.h"
#include "config/plugins/setting.h"
#include "config/plugins/shared_records.h"

namespace sluice::config {
namespace {

constexpr Field acl_plugin[] = {
    texts("allow"),
    flag("always_use_authenticated_groups", "false"),
    texts("deny"),
    flag("hide_groups_header", "false"),
    flag("include_consumer_groups", "false"),
};

constexpr Field redis[] = {
    record<cloud_authentication>("cloud_authentication"),
    whole("database", "0"),
    text("host"),
    confidential(text("password")),
    whole("port", 0, 65535, "6379"),
    text("server_name"),
    flag("ssl", "false"),
    flag("ssl_verify", "true"),
    whole("timeout", 0, 2147483646, "2000"),
    text("username"),
};

constexpr Field brute_force_protection[] = {
    record<redis>("redis"),
    choice<"cluster", "memory", "off", "redis">("strategy", "off"),
};

constexpr Field principals[] = {
    text("directory", "default"),
    flag("enabled", "false"),
    flag("error_on_miss", "true"),
};

constexpr Field basic_auth_plugin[] = {
    text("anonymous"),
    record<brute_force_protection>("brute_force_protection"),
    flag("hide_credentials", "false"),
    record<principals>("principals"),
    text("realm", "service"),
};

constexpr Field hmac_auth_plugin[] = {
    choices<"hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224">(
        "algorithms", R"(["hmac-sha1","hmac-sha256","hmac-sha384","hmac-sha512"])"),
    text("anonymous"),
    number("clock_skew", 0, 9007199254740991, "300"),
    texts("enforce_headers"),
    flag("hide_credentials", "false"),
    text("realm"),
    flag("validate_request_body", "false"),
};

constexpr Field jwt_plugin[] = {
    text("anonymous"),
    choices<"exp", "nbf">("claims_to_verify"),
    texts("cookie_names"),
    texts("header_names", R"(["authorization"])"),
    text("key_claim_name", "iss"),
    number("maximum_expiration", 0, 31536000, "0"),
    text("realm"),
    flag("run_on_preflight", "true"),
    flag("secret_is_base64", "false"),
    texts("uri_param_names", R"(["jwt"])"),
};

constexpr Field ldap_auth_plugin[] = {
    text("anonymous"),
    required(text("attribute")),
    required(text("base_dn")),
    number("cache_ttl", "60"),
    text("header_type", "ldap"),
    flag("hide_credentials", "false"),
    number("keepalive", "60000"),
    required(text("ldap_host")),
    whole("ldap_port", 0, 65535, "389"),
    flag("ldaps", "false"),
    text("realm"),
    flag("start_tls", "false"),
    number("timeout", "10000"),
    flag("verify_ldap_host", "false"),
};

constexpr Field oauth2_plugin[] = {
    flag("accept_http_if_already_terminated", "false"),
    text("anonymous"),
    text("auth_header_name", "authorization"),
    flag("enable_authorization_code", "false"),
    flag("enable_client_credentials", "false"),
    flag("enable_implicit_grant", "false"),
    flag("enable_password_grant", "false"),
    flag("global_credentials", "false"),
    flag("hide_credentials", "false"),
    flag("mandatory_scope", "false"),
    flag("persistent_refresh_token", "false"),
    choice<"lax", "none", "strict">("pkce", "lax"),
    confidential(text("provision_key")),
    text("realm"),
    number("refresh_token_ttl", 0, 100000000, "1209600"),
    flag("reuse_refresh_token", "false"),
    texts("scopes"),
    number("token_expiration", "7200"),
};

constexpr Field session_plugin[] = {
    number("absolute_timeout", "86400"),
    text("audience", "default"),
    choices<"ip", "scheme", "user-agent">("bind"),
    text("cookie_domain"),
    flag("cookie_http_only", "true"),
    text("cookie_name", "session"),
    text("cookie_path", "/"),
    choice<"Default", "Lax", "None", "Strict">("cookie_same_site", "Strict"),
    flag("cookie_secure", "true"),
    flag("hash_subject", "false"),
    number("idling_timeout", "900"),
    choices<"DELETE", "GET", "POST">("logout_methods", R"(["DELETE","POST"])"),
    text("logout_post_arg", "session_logout"),
    text("logout_query_arg", "session_logout"),
    flag("read_body_for_logout", "false"),
    flag("remember", "false"),
    number("remember_absolute_timeout", "2592000"),
    text("remember_cookie_name", "remember"),
    number("remember_rolling_timeout", "604800"),
    choices<"absolute-timeout", "audience", "id", "idling-timeout", "rolling-timeout", "subject",
            "timeout">("request_headers"),
    choices<"absolute-timeout", "audience", "id", "idling-timeout", "rolling-timeout", "subject",
            "timeout">("response_headers"),
    number("rolling_timeout", "3600"),
    confidential(text("secret", "lt9BJW1n5RfhCxTbNIKqsj8THW7YNdXTA0VW6KQwBUwg")),
    number("stale_ttl", "10"),
    choice<"cookie", "kong">("storage", "cookie"),
    flag("store_metadata", "false"),
    deprecated("cookie_lifetime"),
    deprecated("cookie_idletime"),
    deprecated("cookie_renew"),
    deprecated("cookie_discard"),
    deprecated("cookie_httponly"),
    deprecated("cookie_samesite"),
};

constexpr Field standard_webhooks_plugin[] = {
    required(confidential(text("secret_v1"))),
    whole("tolerance_second", -1, 9007199254740991, "300"),
};

constexpr Field key_auth_enc_plugin[] = {
    text("anonymous"),
    flag("hide_credentials", "true"),
    flag("key_in_body", "false"),
    flag("key_in_header", "true"),
    flag("key_in_query", "true"),
    texts("key_names", R"(["apikey"])"),
    text("realm"),
    flag("run_on_preflight", "true"),
};

constexpr Field ldap_auth_advanced_plugin[] = {
    text("anonymous"),
    required(text("attribute")),
    required(text("base_dn")),
    text("bind_dn"),
    number("cache_ttl", "60"),
    choices<"custom_id", "username">("consumer_by", R"(["custom_id","username"])"),
    flag("consumer_optional", "false"),
    text("group_base_dn"),
    text("group_member_attribute", "memberOf"),
    text("group_name_attribute"),
    texts("groups_required"),
    text("header_type", "ldap"),
    flag("hide_credentials", "true"),
    number("keepalive", "60000"),
    required(text("ldap_host")),
    confidential(text("ldap_password")),
    number("ldap_port", "389"),
    flag("ldaps", "false"),
    flag("log_search_results", "false"),
    text("realm"),
    flag("start_tls", "false"),
    number("timeout", "10000"),
    flag("verify_ldap_host", "true"),
};

constexpr Field oauth2_introspection_plugin[] = {
    text("anonymous"),
    required(confidential(text("authorization_value"))),
    choice<"client_id", "username">("consumer_by", "username"),
    texts("custom_claims_forward"),
    map("custom_introspection_headers"),
    flag("hide_credentials", "true"),
    flag("introspect_request", "false"),
    required(text("introspection_url")),
    whole("keepalive", "60000"),
    flag("run_on_preflight", "true"),
    whole("timeout", "10000"),
    text("token_type_hint"),
    number("ttl", "30"),
};

constexpr Field vault_auth_plugin[] = {
    text("access_token_name", "access_token"),
    text("anonymous"),
    flag("hide_credentials", "true"),
    flag("run_on_preflight", "true"),
    text("secret_token_name", "secret_token"),
    flag("tokens_in_body", "false"),
    record<vault>("vault"),
};

constexpr Field mtls_auth_plugin[] = {
    flag("allow_partial_chain", "false"),
    text("anonymous"),
    choice<"CN", "DN">("authenticated_group_by", "CN"),
    required(texts("ca_certificates")),
    number("cache_ttl", "60"),
    number("cert_cache_ttl", "60000"),
    choices<"custom_id", "username">("consumer_by", R"(["custom_id","username"])"),
    text("default_consumer"),
    text("http_proxy_host"),
    whole("http_proxy_port", 0, 65535),
    number("http_timeout", "30000"),
    text("https_proxy_host"),
    whole("https_proxy_port", 0, 65535),
    choice<"IGNORE_CA_ERROR", "SKIP", "STRICT">("revocation_check_mode", "IGNORE_CA_ERROR"),
    texts("san_dirname_matcher"),
    flag("send_ca_dn", "false"),
    flag("skip_consumer_lookup", "false"),
    flag("ssl_verify", "true"),
};

constexpr Field header_cert_auth_plugin[] = {
    flag("allow_partial_chain", "false"),
    text("anonymous"),
    choice<"CN", "DN">("authenticated_group_by", "CN"),
    required(texts("ca_certificates")),
    number("cache_ttl", "60"),
    number("cert_cache_ttl", "60000"),
    required(choice<"base64_encoded", "url_encoded">("certificate_header_format")),
    required(text("certificate_header_name")),
    choices<"custom_id", "username">("consumer_by", R"(["custom_id","username"])"),
    text("default_consumer"),
    text("http_proxy_host"),
    whole("http_proxy_port", 0, 65535),
    number("http_timeout", "30000"),
    text("https_proxy_host"),
    whole("https_proxy_port", 0, 65535),
    choice<"IGNORE_CA_ERROR", "SKIP", "STRICT">("revocation_check_mode", "IGNORE_CA_ERROR"),
    flag("secure_source", "true"),
    flag("skip_consumer_lookup", "false"),
    flag("ssl_verify", "true"),
};

constexpr Field tls_handshake_modifier_plugin[] = {
    choice<"REQUEST">("tls_client_certificate", "REQUEST"),
};

constexpr Field tls_metadata_headers_plugin[] = {
    text("client_cert_fingerprint_header_name", "X-Client-Cert-Fingerprint"),
    text("client_cert_header_name", "X-Client-Cert"),
    text("client_cert_issuer_dn_header_name", "X-Client-Cert-Issuer-DN"),
    text("client_cert_subject_dn_header_name", "X-Client-Cert-Subject-DN"),
    text("client_serial_header_name", "X-Client-Cert-Serial"),
    flag("inject_client_cert_details", "false"),
};

constexpr Field jwe_decrypt_plugin[] = {
    text("forward_header_name", "Authorization"),
    required(texts("key_sets")),
    text("lookup_header_name", "Authorization"),
    flag("strict", "true"),
};

constexpr Field rate_limiting[] = {
    record<redis_enterprise>("redis"),
    number("sync_rate", 0, 3600),
};

constexpr Field ace_plugin[] = {
    text("anonymous"),
    choice<"if_present", "required">("match_policy", "if_present"),
    record<rate_limiting>("rate_limiting"),
};

constexpr KnownPlugin plugins[] = {
    known<acl_plugin, check_acl>(
        "acl", not_for_consumers,
        "Lets only consumers of some groups in, or keeps some groups out."),
    known<basic_auth_plugin>("basic-auth", not_for_consumers,
                             "Asks for the name and password of a consumer."),
    known<hmac_auth_plugin>("hmac-auth", not_for_consumers,
                            "Asks for requests that are signed with a secret of a consumer."),
    known<jwt_plugin>("jwt", not_for_consumers,
                      "Asks for a JSON Web Token that was signed with a key of a consumer."),
    known<ldap_auth_plugin>("ldap-auth", not_for_consumers,
                            "Asks for a name and password that an LDAP server knows."),
    known<oauth2_plugin, check_oauth2>("oauth2", not_for_consumers,
                                       "Gives out and checks OAuth 2.0 tokens."),
    known<session_plugin>("session", not_for_consumers, "Keeps clients signed in with a cookie."),
    known<standard_webhooks_plugin>("standard-webhooks", AllowedScopes{.consumer = false},
                                    "Checks the signatures of webhooks."),
    known<key_auth_enc_plugin>("key-auth-enc", not_for_consumers,
                               "Asks for the key of a consumer; keys are stored encrypted."),
    known<ldap_auth_advanced_plugin>(
        "ldap-auth-advanced", not_for_consumers,
        "Asks for a name and password that an LDAP server knows, with groups and searches."),
    known<oauth2_introspection_plugin>("oauth2-introspection", not_for_consumers,
                                       "Asks an authorization server about OAuth 2.0 tokens."),
    known<vault_auth_plugin>("vault-auth", not_for_consumers,
                             "Asks for a token that HashiCorp Vault knows."),
    known<mtls_auth_plugin>("mtls-auth", not_for_consumers,
                            "Knows consumers by their client certificates."),
    known<header_cert_auth_plugin>(
        "header-cert-auth", not_for_consumers,
        "Knows consumers by a client certificate that a proxy in front passes on."),
    known<tls_handshake_modifier_plugin>(
        "tls-handshake-modifier", not_for_consumers,
        "Asks clients for their certificate in the TLS handshake."),
    known<tls_metadata_headers_plugin>(
        "tls-metadata-headers", not_for_consumers,
        "Tells the upstream of the client's certificate in header fields."),
    known<jwe_decrypt_plugin>("jwe-decrypt", not_for_consumers,
                              "Decrypts a JWE token of the request for the upstream."),
    known<ace_plugin>("ace", not_for_consumers,
                      "Lets in who may use an API of a developer portal."),
};

}  // namespace

std::span<const KnownPlugin> authentication_plugins() noexcept {
  return plugins;
}

}  // namespace sluice::config
