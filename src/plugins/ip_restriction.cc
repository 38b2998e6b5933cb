// ip-restriction: only these addresses, or all but those (kong.md §7).

#include <string>
#include <vector>

#include "config/matchers.h"
#include "gateway/answers.h"
#include "gateway/plugin_type.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

struct IpRestrictionConfig {
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  std::optional<std::uint16_t> status;
  std::optional<std::string> message;

  static constexpr std::string_view type_name = "ip-restriction";

  static constexpr auto fields() {
    using namespace config;
    constexpr auto is_network =
        matches(is_ip_or_cidr, "be an IP address or a network such as 10.0.0.0/8");
    return std::tuple{
        optional("allow", &IpRestrictionConfig::allow, is_network,
                 "Who may; empty: everybody that `deny` does not name."),
        optional("deny", &IpRestrictionConfig::deny, is_network,
                 "Who may not, also where `allow` names them."),
        optional("status", &IpRestrictionConfig::status, between(200, 599),
                 "The status of a refusal; 403 where it is not given."),
        optional("message", &IpRestrictionConfig::message,
                 "What a refusal says; `IP address not allowed` and the address where it is not "
                 "given."),
    };
  }

  static void check(IpRestrictionConfig& config, const config::Given& given) {
    if (config.allow.empty() && config.deny.empty())
      given.error("at least one of `allow` and `deny` must name an address");
  }
};

class IpRestriction final : public Plugin {
 public:
  using Config = IpRestrictionConfig;

  IpRestriction(Config config, const PluginDeps&)
      : allow_(networks(config.allow)),
        deny_(networks(config.deny)),
        status_(config.status.value_or(403)),
        message_(std::move(config.message)) {}

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    const std::string_view ip = exchange.origin.client_ip;
    const auto address = Address::from_ip(ip, 0);
    if (!address)
      return error_answer(exchange, status_,
                          "Cannot identify the client IP address, unix domain sockets are not "
                          "supported.");
    if (!names(deny_, *address) && (allow_.empty() || names(allow_, *address)))
      return next(exchange);
    return error_answer(exchange, status_,
                        message_ ? *message_ : "IP address not allowed: " + std::string(ip));
  }

 private:
  static std::vector<Network> networks(const std::vector<std::string>& texts) {
    std::vector<Network> result;
    for (const std::string& text : texts)
      if (const auto network = Network::parse(text)) result.push_back(*network);
    return result;
  }

  static bool names(const std::vector<Network>& networks, const Address& address) {
    return std::ranges::any_of(networks,
                               [&](const Network& network) { return network.contains(address); });
  }

  const std::vector<Network> allow_;
  const std::vector<Network> deny_;
  const std::uint16_t status_;
  const std::optional<std::string> message_;
};

}  // namespace

constinit const PluginType ip_restriction =
    plugin_type<IpRestriction>("ip-restriction", 990, {.streams = {.tcp = true}},
                               "Lets only some addresses in, or keeps some out.");

}  // namespace sluice::plugins
