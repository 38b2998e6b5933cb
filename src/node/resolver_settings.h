#pragma once
// The resolver's settings from gateway.dns and the system's files.

#include "config/gateway_settings.h"
#include "runtime/resolver.h"

namespace sluice {

/// Files that cannot be read count as empty, as libc does.
ResolverSettings resolver_settings(const config::DnsSettings& dns);

}  // namespace sluice
