// cors: which pages of other origins may use an API (kong.md §7; Fetch Standard §3.3).

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/regex.h"
#include "config/matchers.h"
#include "gateway/answers.h"
#include "gateway/plugin_type.h"
#include "http/text.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

using http::HeaderId;

// NOLINTNEXTLINE(readability-identifier-naming): `delete` is a keyword
enum class Method : std::uint8_t { get, head, put, patch, post, delete_, options, trace, connect };

constexpr auto names_of(Method) {
  return std::to_array<std::string_view>(
      {"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"});
}

/// Whether an entry of `origins` is an origin or a host itself rather than an expression.
bool is_literal(std::string_view entry) {
  return std::ranges::all_of(entry, [](char byte) {
    return http::is(byte, http::byte_class::digit) || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || std::string_view(".:/-").contains(byte);
  });
}

/// An expression counts from the first byte of what it is compared with to the last.
std::expected<std::shared_ptr<const Regex>, std::string> whole_subject(std::string_view entry) {
  if (entry.starts_with('^')) entry.remove_prefix(1);
  if (entry.ends_with('$') && !entry.ends_with("\\$")) entry.remove_suffix(1);
  return Regex::compile("^(?:" + std::string(entry) + ")$", Regex::Anchor::anywhere);
}

struct CorsConfig {
  std::vector<std::string> origins;
  std::vector<Method> methods = {Method::get,     Method::head,  Method::put,
                                 Method::patch,   Method::post,  Method::delete_,
                                 Method::options, Method::trace, Method::connect};
  std::vector<std::string> headers;
  std::vector<std::string> exposed_headers;
  std::optional<std::int64_t> max_age;
  bool credentials = false;
  bool preflight_continue = false;
  bool private_network = false;
  bool allow_origin_absent = true;

  static constexpr std::string_view type_name = "cors";

  static constexpr auto fields() {
    using namespace config;
    constexpr auto is_name = matches(is_header_name, "be the name of a header field");
    return std::tuple{
        optional(
            "origins", &CorsConfig::origins, non_empty(),
            "Who may: `*`, origins such as https://example.com, or regular expressions, of whole "
            "origins where they hold a colon, else of their hosts; empty: everybody."),
        optional("methods", &CorsConfig::methods, "What a preflight allows."),
        optional("headers", &CorsConfig::headers,
                 matches(is_header_value, "be the value of a header field"),
                 "What a preflight allows; empty: the fields that it asks for."),
        optional("exposed_headers", &CorsConfig::exposed_headers, is_name,
                 "Fields of responses that pages may read."),
        optional("max_age", &CorsConfig::max_age, between(0, 2'147'483'647),
                 "How long a preflight's answer counts, in seconds."),
        optional("credentials", &CorsConfig::credentials, "Allow cookies and other credentials."),
        optional("preflight_continue", &CorsConfig::preflight_continue,
                 "Let the upstream answer preflights."),
        optional("private_network", &CorsConfig::private_network,
                 "Allow requests from public sites to a private network, where a preflight asks."),
        optional("allow_origin_absent", &CorsConfig::allow_origin_absent,
                 "Also mark answers to requests without Origin."),
    };
  }

  static void check(CorsConfig& config, const config::Given& given) {
    for (std::size_t i = 0; i < config.origins.size(); ++i) {
      const std::string& entry = config.origins[i];
      if (entry == "*" || is_literal(entry)) continue;
      if (const auto regex = whole_subject(entry); !regex)
        given.error("origins", i, "is no regular expression: " + regex.error());
    }
  }
};

/// What Kong compares of an origin.
struct Origin {
  std::string text;  ///< without its scheme's own port, and without all that is no origin
  std::string host;  ///< without brackets
};

Origin parse_origin(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return {std::string(text), std::string(text)};
  const std::string_view scheme = text.substr(0, colon);
  std::string_view authority = text.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t user = authority.find('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  std::string_view host = authority.substr(0, authority.rfind(':'));
  if (authority.ends_with(']')) host = authority;
  const std::string_view port = authority.substr(host.size());
  const bool is_default =
      (scheme == "http" && port == ":80") || (scheme == "https" && port == ":443");
  std::string whole(scheme);
  whole.append("://").append(is_default ? host : authority);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::move(whole), std::string(host)};
}

template <class Texts>
std::string joined(const Texts& texts) {
  std::string list;
  for (const auto& text : texts) {
    if (!list.empty()) list += ',';
    list += text;
  }
  return list;
}

class Cors final : public Plugin {
 public:
  using Config = CorsConfig;

  Cors(Config config, const PluginDeps&) : config_(std::move(config)) {
    std::vector<std::string_view> methods;
    for (const Method method : config_.methods)
      methods.push_back(names_of(method)[static_cast<std::size_t>(method)]);
    methods_ = joined(methods);
    headers_ = joined(config_.headers);
    exposed_ = joined(config_.exposed_headers);
    const bool has_star = std::ranges::find(config_.origins, "*") != config_.origins.end();
    everybody_ = config_.origins.empty() || (has_star && config_.origins.size() == 1);
    every_origin_ = has_star && !everybody_;
    if (has_star) return;
    if (config_.origins.size() == 1 && is_literal(config_.origins.front())) {
      only_ = config_.origins.front();
      return;
    }
    for (const std::string& entry : config_.origins) {
      if (is_literal(entry)) {
        exact_.push_back(parse_origin(entry).text);
        continue;
      }
      if (auto regex = whole_subject(entry))
        expressions_.push_back({*std::move(regex), !entry.contains(':')});
    }
  }

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    const http::Headers& asked = exchange.request.headers;
    // Where no route matched there is nothing to allow, but the answer is marked as Kong's.
    if (exchange.route == nullptr || exchange.request.method != "OPTIONS" ||
        !asked.has(HeaderId::origin) || !asked.get("Access-Control-Request-Method"))
      return next(exchange);
    exchange.note<IsPreflight>(*this).value = true;
    if (config_.preflight_continue) return next(exchange);
    auto response = text_answer(exchange, 200, "", "");
    if (!response) return response;
    answer_preflight(exchange, response->headers);
    return response;
  }

  void on_response(Exchange& exchange, http::Response& response) const override {
    if (exchange.request.method == "OPTIONS" && exchange.note<IsPreflight>(*this).value) return;
    if (!config_.allow_origin_absent && !exchange.request.headers.has(HeaderId::origin)) return;
    allow_origin(exchange, response.headers);
    if (!exposed_.empty()) set(response.headers, "Access-Control-Expose-Headers", exposed_);
  }

 private:
  struct IsPreflight {
    bool value = false;
  };

  struct Expression {
    std::shared_ptr<const Regex> regex;
    bool is_of_host = false;  ///< one without a colon: any scheme, any port
  };

  /// For values of the configuration, and those that came in a field.
  static void set(http::Headers& headers, std::string_view name, std::string_view value) {
    static_cast<void>(headers.set(name, value));
  }

  void answer_preflight(const Exchange& exchange, http::Headers& headers) const {
    const http::Headers& asked = exchange.request.headers;
    allow_origin(exchange, headers);
    if (!headers_.empty())
      set(headers, "Access-Control-Allow-Headers", headers_);
    else if (const auto wanted = asked.get("Access-Control-Request-Headers"))
      set(headers, "Access-Control-Allow-Headers", *wanted);
    set(headers, "Access-Control-Allow-Methods", methods_);
    if (config_.max_age) set(headers, "Access-Control-Max-Age", std::to_string(*config_.max_age));
    if (config_.private_network && asked.get("Access-Control-Request-Private-Network") == "true")
      set(headers, "Access-Control-Allow-Private-Network", "true");
  }

  /// What the upstream said about origins is replaced: one voice decides.
  void allow_origin(const Exchange& exchange, http::Headers& headers) const {
    const auto origin = exchange.request.headers.get(HeaderId::origin);
    // `*` beside others counts for requests with an origin, and varies by it, as in Kong.
    const bool is_open = everybody_ || (every_origin_ && origin);
    if (every_origin_) add_vary(headers);
    if (is_open && !config_.credentials) return set(headers, "Access-Control-Allow-Origin", "*");
    if (is_open) {
      // `*` with credentials is nothing to browsers: the origin itself stands for it.
      set(headers, "Access-Control-Allow-Origin", origin.value_or("*"));
      if (!origin) return;
      add_vary(headers);
      return set(headers, "Access-Control-Allow-Credentials", "true");
    }
    add_vary(headers);
    if (!only_.empty())
      set(headers, "Access-Control-Allow-Origin", only_);
    else if (const std::string allowed = origin ? matched(*origin) : ""; !allowed.empty())
      set(headers, "Access-Control-Allow-Origin", allowed);
    else
      headers.remove("Access-Control-Allow-Origin");
    if (config_.credentials) set(headers, "Access-Control-Allow-Credentials", "true");
  }

  /// The origin as it is sent back, empty where it may not.
  std::string matched(std::string_view text) const {
    Origin origin = parse_origin(text);
    const bool may =
        std::ranges::find(exact_, origin.text) != exact_.end() ||
        std::ranges::any_of(expressions_, [&](const Expression& expression) {
          return expression.regex->matches(expression.is_of_host ? origin.host : origin.text);
        });
    return may ? std::move(origin.text) : std::string();
  }

  /// Caches must not give one origin's answer to another. What the upstream varies by stays.
  static void add_vary(http::Headers& headers) {
    for (const http::Headers::Field& field : headers.fields()) {
      if (field.id != HeaderId::vary) continue;
      std::string_view list = field.value();
      while (!list.empty()) {
        const std::string_view element = http::next_element(list);
        if (element == "*" || http::equal_ignoring_case(element, "origin")) return;
      }
    }
    headers.add(HeaderId::vary, "Origin");
  }

  Config config_;
  std::string methods_;
  std::string headers_;
  std::string exposed_;
  bool everybody_ = false;
  bool every_origin_ = false;  ///< `*` beside others
  std::string only_;           ///< the one origin that is named, sent back whoever asks
  std::vector<std::string> exact_;
  std::vector<Expression> expressions_;
};

}  // namespace

constinit const PluginType cors =
    plugin_type<Cors>("cors", 2000, {.without_route = true, .scopes = config::not_for_consumers},
                      "Lets pages of other origins use an API.");

}  // namespace sluice::plugins
