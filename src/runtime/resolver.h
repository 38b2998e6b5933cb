#pragma once
// Names to addresses: hosts file, then DNS (A, AAAA, SRV) over UDP and, when truncated, TCP; cached
// for as long as the answers say.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/dns_type.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace sluice {

/// Named in the configuration as gateway.dns.
struct ResolverSettings {
  std::vector<Address> nameservers;  ///< asked in order, each attempt the next one
  std::vector<std::string> search;   ///< appended to names with fewer dots than ndots
  unsigned ndots = 1;
  /// Types of records, each at most once: the first that a name has is taken. At least one.
  std::vector<DnsType> order = {DnsType::srv, DnsType::a, DnsType::aaaa};
  milliseconds timeout{2'000};  ///< of one question to one server
  unsigned attempts = 3;        ///< over all servers; at least 1
  milliseconds ttl_min{0};
  milliseconds ttl_max{3'600'000};
  /// For servers that do not answer, and at most for names that do not exist: their zone may say
  /// less (RFC 2308 §5).
  milliseconds negative_ttl{1'000};
  milliseconds stale_ttl{
      0};  ///< an expired answer serves this much longer while it is asked for anew
  std::size_t cache_entries = 10'000;                  ///< the least recently used go first
  std::vector<std::pair<std::string, Address>> hosts;  ///< of the hosts file; port 0
};

/// Reads resolv.conf(5) into settings: nameserver (8 at most; 127.0.0.1 when there is none), search
/// or domain (the last line counts), options ndots, timeout and attempts (rounds over all servers).
/// Lines that make no sense are skipped, as libc does.
void read_resolv_conf(std::string_view text, ResolverSettings& settings);
/// Reads hosts(5) behind the hosts that settings has; lines that make no sense are skipped.
void read_hosts_file(std::string_view text, ResolverSettings& settings);

struct ResolvedAddress {
  Address address;  ///< with port: the SRV record's; without one, or of 0, the question's
  std::uint16_t priority = 0;  ///< SRV: lower first; else 0
  std::uint32_t weight = 1;  ///< SRV's (0 counts as 1) in 1024ths, shared by the record's addresses

  bool operator==(const ResolvedAddress&) const = default;
};

using ResolvedPtr = std::shared_ptr<const std::vector<ResolvedAddress>>;

class Resolver {
 public:
  Resolver(Loop& loop, ResolverSettings settings);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Ready at once for IP addresses, names of the hosts file and cached answers. Queries run in the
  /// resolver's own Scope: who stops waiting harms nobody, and many who wait share one query.
  /// Error(name_resolution_failed) with the reason; also after `deadline`. Never empty on success:
  /// 64 addresses at most of one family, or 256 of a service (SRV, RFC 2782), by priority. The same
  /// list while nothing changed.
  Task<Result<ResolvedPtr>> resolve(std::string_view name, std::uint16_t port, TimePoint deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
