// redirect: sends clients elsewhere (kong.md §7).

#include <string>

#include "config/matchers.h"
#include "gateway/answers.h"
#include "gateway/plugin_type.h"
#include "http/uri.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

/// An absolute URL; anything else could not be told from a path of this host.
bool is_absolute_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  const std::string_view scheme = text.substr(0, colon);
  return colon != std::string_view::npos && (scheme == "http" || scheme == "https") &&
         text.size() > colon + 3 && config::is_header_value(text) && !text.contains(' ');
}

struct RedirectConfig {
  std::string location;
  std::uint16_t status_code = 301;
  bool keep_incoming_path = false;

  static constexpr std::string_view type_name = "redirect";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        required("location", &RedirectConfig::location,
                 matches(is_absolute_url, "be a URL with http:// or https://"),
                 "Where clients are sent."),
        // A final status: an informational one would leave the client waiting for an answer.
        optional("status_code", &RedirectConfig::status_code, between(200, 599),
                 "The status of the answer."),
        optional(
            "keep_incoming_path", &RedirectConfig::keep_incoming_path,
            "Send clients to the path (in its normal form) and query that they asked for, on the "
            "location's host."),
    };
  }
};

class Redirect final : public Plugin {
 public:
  using Config = RedirectConfig;

  Redirect(Config config, const PluginDeps&) : config_(std::move(config)) {
    const std::size_t host = config_.location.find("://") + 3;
    origin_ = config_.location.substr(0, config_.location.find_first_of("/?#", host));
    const std::size_t fragment = config_.location.find('#');
    if (fragment != std::string::npos) fragment_ = config_.location.substr(fragment);
  }

  http::ResponseTask handle(Exchange& exchange, Next) const override {
    auto response = text_answer(exchange, config_.status_code, "", "redirecting");
    if (!response) return std::unexpected(std::move(response).error());
    if (!config_.keep_incoming_path) {
      response->headers.set(http::HeaderId::location, config_.location);
      return response;
    }
    const std::string_view path = exchange.request.target == "*"
                                      ? "/"
                                      : http::escape_path(exchange.path, exchange.request.headers);
    const std::string_view query = http::query_of(exchange.request.target);
    response->headers.set(http::HeaderId::location, {origin_, path, query, fragment_});
    return response;
  }

 private:
  Config config_;
  std::string origin_;
  std::string fragment_;
};

}  // namespace

constinit const PluginType redirect =
    plugin_type<Redirect>("redirect", 779, {}, "Sends clients to another place.");

}  // namespace sluice::plugins
