#pragma once
// One question put to name servers, one after the other, until one of them answers for good.

#include <string>

#include "runtime/dns_message.h"
#include "runtime/loop.h"
#include "runtime/resolver.h"
#include "runtime/task.h"

namespace sluice {

/// Its rcode is no_error or no_such_name, and it is whole: what did not fit a datagram came over
/// TCP. Once `enough` is set, no third attempt begins. Error(name_resolution_failed), or
/// Error(timed_out) where none gave an answer that can be read, names the last server's reason;
/// within attempts * 3 * timeout. Preconditions: is_dns_name(name), there are name servers.
/// `settings` and `enough` outlive the task.
Task<Result<DnsAnswer>> ask_servers(Loop& loop, const ResolverSettings& settings, std::string name,
                                    DnsType type, const Event& enough);

}  // namespace sluice
