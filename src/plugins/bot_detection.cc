// bot-detection: keeps clients out by their User-Agent (kong.md §7).

#include <memory>
#include <string>
#include <vector>

#include "base/regex.h"
#include "gateway/answers.h"
#include "gateway/plugin_type.h"
#include "http/text.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

using Expressions = std::vector<std::shared_ptr<const Regex>>;

struct BotDetectionConfig {
  std::vector<std::string> allow;
  std::vector<std::string> deny;

  static constexpr std::string_view type_name = "bot-detection";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("allow", &BotDetectionConfig::allow, non_empty(),
                 "Regular expressions of user agents that may, whatever else says."),
        optional("deny", &BotDetectionConfig::deny, non_empty(),
                 "Regular expressions of user agents that may not, beside well-known robots."),
    };
  }

  static void check(BotDetectionConfig& config, const config::Given& given) {
    const auto check_list = [&](std::string_view field, const std::vector<std::string>& list) {
      for (std::size_t i = 0; i < list.size(); ++i)
        if (const auto regex = Regex::compile(list[i], Regex::Anchor::anywhere); !regex)
          given.error(field, i, "is no regular expression: " + regex.error());
    };
    check_list("allow", config.allow);
    check_list("deny", config.deny);
  }
};

/// Robots that name themselves: search engines, archives, monitors, link checkers and scrapers. The
/// list is Sluice's own; Kong's has the same purpose and differs in rare ones.
constexpr std::string_view well_known =
    R"((?:Google(?:bot|Other|-(?:HTTP-Java-Client|Read-Aloud|Site-Verification|InspectionTool))|)"
    R"(AdsBot|Mediapartners|APIs-Google|FeedFetcher|bingbot|BingPreview|msnbot|adidxbot|Slurp|)"
    R"(DuckDuckBot|Baiduspider|Yandex(?:Bot|Images|Metrika|Direct)|Sogou.*spider|Exabot|)"
    R"(facebookexternalhit|facebookcatalog|Twitterbot|LinkedInBot|Pinterestbot|Slackbot|)"
    R"(TelegramBot|Discordbot|Applebot|AhrefsBot|SemrushBot|MJ12bot|DotBot|rogerbot|PetalBot|)"
    R"(BLEXBot|SEOkicks|SeznamBot|YodaoBot|YoudaoBot|Yeti|Daumoa|Qwantify|CCBot|GPTBot|ClaudeBot|)"
    R"(anthropic-ai|PerplexityBot|Bytespider|Amazonbot|ia_archiver|archive\.org_bot|heritrix|)"
    R"(Nutch|Scrapy|HTTrack|WebCopier|WebZIP|larbin|grub-client|gsa-crawler|htdig|ZyBorg|)"
    R"(Xenu Link Sleuth|W3C_Validator|W3C-checklink|LinkChecker|Checklinks|Pingdom|UptimeRobot|)"
    R"(StatusCake|Site24x7|GomezAgent|YottaaMonitor|WhatWeb|Nikto|sqlmap|masscan|zgrab|)"
    R"(Wotbox|Gigabot|ICC-Crawler|ichiro|yacybot|voyager/|Java/\d|Python-urllib|)"
    R"([A-Za-z]+(?:-|_|\.)?[Cc]rawler|[A-Za-z]+[Ss]pider/))";

class BotDetection final : public Plugin {
 public:
  using Config = BotDetectionConfig;

  BotDetection(const Config& config, const PluginDeps&)
      : allow_(compiled(config.allow)), deny_(compiled(config.deny)) {
    if (auto robots = Regex::compile(well_known, Regex::Anchor::anywhere))
      deny_.push_back(*std::move(robots));
  }

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    std::size_t count = 0;
    std::string_view agent;
    for (const http::Headers::Field& field : exchange.request.headers.fields())
      if (field.id == http::HeaderId::user_agent && count++ == 0) agent = field.value();
    if (count == 0) return next(exchange);
    if (count > 1) return error_answer(exchange, 400, "Only one User-Agent header allowed");
    agent = http::trim(agent);
    if (any_matches(allow_, agent) || !any_matches(deny_, agent)) return next(exchange);
    return error_answer(exchange, 403, "Forbidden");
  }

 private:
  static Expressions compiled(const std::vector<std::string>& texts) {
    Expressions expressions;
    for (const std::string& text : texts)
      if (auto regex = Regex::compile(text, Regex::Anchor::anywhere))
        expressions.push_back(*std::move(regex));
    return expressions;
  }

  static bool any_matches(const Expressions& expressions, std::string_view text) {
    return std::ranges::any_of(expressions,
                               [&](const auto& expression) { return expression->matches(text); });
  }

  const Expressions allow_;
  Expressions deny_;
};

}  // namespace

constinit const PluginType bot_detection =
    plugin_type<BotDetection>("bot-detection", 2500, {.scopes = config::not_for_consumers},
                              "Keeps robots out by their User-Agent.");

}  // namespace sluice::plugins
