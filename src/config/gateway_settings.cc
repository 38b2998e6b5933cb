// Rules between the settings of the node.

#include "config/gateway_settings.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::config {

namespace {

void check_listeners(const Gateway& gateway, const Given& given) {
  if (gateway.listeners.empty())
    given.error("listeners", "must name at least one address, got an empty list");
  for (std::size_t i = 0; i < gateway.listeners.size(); ++i) {
    const std::string& address = gateway.listeners[i].address;
    for (std::size_t j = 0; j < i; ++j)
      if (gateway.listeners[j].address == address)
        given.error("listeners", i,
                    fmt::format("must not repeat the address {}", in_quotes(address)));
    if (gateway.status && gateway.status->address == address)
      given.error("listeners", i,
                  fmt::format("must not be the address of \"status\", got {}", in_quotes(address)));
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
  if (gateway.trusted_ips.empty() &&
      std::ranges::any_of(gateway.listeners, &ListenerSettings::proxy_protocol))
    given.warning("trusted_ips",
                  "names nobody: every header on a listener with \"proxy_protocol\" is refused");
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
  else if (gateway.dns.order != DnsSettings().order && given.knows("dns"))
    given.warning("dns", "asks for A and AAAA, whatever \"order\" says: that is not heeded yet");
}

}  // namespace sluice::config
