// route-by-header: another upstream for requests with some header fields (kong.md §7).

#include <string>
#include <utility>
#include <vector>

#include "config/matchers.h"
#include "gateway/exchange.h"
#include "gateway/plugin_type.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

struct HeaderRule {
  config::Named<std::string> condition;
  std::string upstream_name;

  static constexpr std::string_view type_name = "route-by-header rule";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        required("condition", &HeaderRule::condition,
                 "Header fields and the value that each must have, all of them."),
        required("upstream_name", &HeaderRule::upstream_name, non_empty(),
                 "The upstream, one of `upstreams`, that gets these requests."),
    };
  }

  static void check(HeaderRule& rule, const config::Given& given) {
    if (rule.condition.empty()) given.error("condition", "must name at least one header field");
    for (const auto& [name, value] : rule.condition)
      if (!config::is_header_name(name))
        given.error("condition", config::in_quotes(name) + " is not the name of a header field");
  }
};

struct RouteByHeaderConfig {
  std::vector<HeaderRule> rules;

  static constexpr std::string_view type_name = "route-by-header";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("rules", &RouteByHeaderConfig::rules,
                 "The first rule whose condition holds chooses the upstream."),
    };
  }
};

class RouteByHeader final : public Plugin {
 public:
  using Config = RouteByHeaderConfig;

  static void check(const Config& config, const PluginDeps& deps, const config::Given& given) {
    for (std::size_t i = 0; i < config.rules.size(); ++i)
      if (!deps.upstreams.contains(config.rules[i].upstream_name))
        given.error("rules", i,
                    "there is no upstream " + config::in_quotes(config.rules[i].upstream_name));
  }

  RouteByHeader(Config config, const PluginDeps& deps) {
    for (HeaderRule& rule : config.rules)
      rules_.push_back(
          {std::move(rule.condition), &deps.upstreams.find(rule.upstream_name)->second});
  }

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    const http::Headers& headers = exchange.request.headers;
    for (const Rule& rule : rules_) {
      const bool holds = std::ranges::all_of(rule.condition, [&](const auto& condition) {
        return headers.get(condition.first) == condition.second;
      });
      if (!holds) continue;
      exchange.targets = rule.targets;
      break;
    }
    return next(exchange);
  }

 private:
  struct Rule {
    config::Named<std::string> condition;
    const upstream::TargetGroup* targets;  ///< in the snapshot that owns this plugin
  };

  std::vector<Rule> rules_;
};

}  // namespace

constinit const PluginType route_by_header =
    plugin_type<RouteByHeader>("route-by-header", 850, {.scopes = config::not_for_groups},
                               "Chooses the upstream by header fields.");

}  // namespace sluice::plugins
