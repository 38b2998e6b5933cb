// Rules between the settings of the node.

#include "config/gateway_settings.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::config {

namespace {

/// Whether `wide` is all addresses of the family and the port of `address`: nobody else can have
/// it.
bool holds(std::string_view wide, std::string_view address) {
  const bool is_6 = wide.starts_with("[::]:");
  if (!is_6 && !wide.starts_with("0.0.0.0:")) return false;
  const std::string_view port = wide.substr(wide.rfind(':'));
  return port != ":0" && !address.starts_with("unix:") && address.starts_with('[') == is_6 &&
         address.substr(address.rfind(':')) == port;
}

/// What `other`, which stands elsewhere in the settings, has of `address`; empty: nothing.
std::string overlap(std::string_view address, std::string_view other) {
  if (address == other || (!holds(address, other) && !holds(other, address))) return {};
  return fmt::format("must not share its port with {}: 0.0.0.0 and [::] are all addresses",
                     in_quotes(other));
}

void check_listeners(const Gateway& gateway, const Given& given) {
  if (gateway.listeners.empty())
    given.error("listeners", "must name at least one address, got an empty list");
  for (std::size_t i = 0; i < gateway.listeners.size(); ++i) {
    const std::string& address = gateway.listeners[i].address;
    for (std::size_t j = 0; j < i; ++j) {
      if (gateway.listeners[j].address == address)
        given.error("listeners", i,
                    fmt::format("must not repeat the address {}", in_quotes(address)));
      else if (std::string why = overlap(address, gateway.listeners[j].address); !why.empty())
        given.error("listeners", i, std::move(why));
    }
    if (gateway.status && gateway.status->address == address)
      given.error("listeners", i,
                  fmt::format("must not be the address of \"status\", got {}", in_quotes(address)));
    else if (gateway.status)
      if (std::string why = overlap(address, gateway.status->address); !why.empty())
        given.error("listeners", i, std::move(why));
  }
}

void check_real_ip(const Gateway& gateway, const Given& given) {
  if (gateway.real_ip_header == proxy_protocol &&
      std::ranges::none_of(gateway.listeners, &ListenerSettings::proxy_protocol))
    given.warning("real_ip_header",
                  "has no effect: it needs a listener with \"proxy_protocol\", and there is none");
}

/// To them a header of the PROXY protocol is a malformed request.
void check_who_may_send_proxy_headers(const Gateway& gateway, const Given& given) {
  const auto listener = std::ranges::find_if(gateway.listeners, &ListenerSettings::proxy_protocol);
  if (gateway.trusted_ips.empty() && listener != gateway.listeners.end())
    given.warning(
        "listeners", static_cast<std::size_t>(listener - gateway.listeners.begin()),
        "\"proxy_protocol\" takes headers from \"trusted_ips\" alone, which names nobody: "
        "every header is refused; name the load balancers there");
}

}  // namespace

void Gateway::check(Gateway& gateway, const Given& given) {
  if (given.knows({"listeners", "status"})) check_listeners(gateway, given);
  if (given.knows({"listeners", "real_ip_header"})) check_real_ip(gateway, given);
  if (given.knows({"listeners", "trusted_ips"})) check_who_may_send_proxy_headers(gateway, given);
  if (gateway.router_flavor == RouterFlavor::traditional)
    given.unsupported("router_flavor",
                      "Kong's router before 3.0 is not supported, use traditional_compatible, "
                      "which only tries routes that are equal otherwise in another order");
  if (gateway.dns.order.empty() && given.knows("dns"))
    given.error("dns", "must have at least one record type in \"order\", got an empty list");
}

}  // namespace sluice::config
