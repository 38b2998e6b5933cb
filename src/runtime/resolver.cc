#include "runtime/resolver.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>

#include "runtime/dns_message.h"
#include "runtime/dns_name.h"
#include "runtime/dns_query.h"
#include "runtime/resolver_cache.h"
#include "runtime/scope.h"

namespace sluice {
namespace {

// Each has two sockets at most; a worker has thousands of names only when somebody makes them up.
constexpr std::size_t queries_max = 1024;
// Of one service: 64 records whose names have many addresses each.
constexpr std::size_t service_addresses_max = 256;
// Of weights: several addresses share their record's.
constexpr std::size_t weight_unit = 1024;
// Who serves already does not wait longer for further targets of its service.
constexpr milliseconds stragglers_patience{100};

Error failure(std::string_view name, std::string_view reason) {
  return {ErrorCode::name_resolution_failed, std::string(name) + ": " + std::string(reason)};
}

/// What the search for one name came to.
struct Finding {
  std::vector<ResolvedAddress> addresses;  ///< port 0, or a service's; empty: `reason` says why
  nanoseconds ttl{};
  std::string reason;
  bool absent = false;    ///< a server says so, hence the next name of the search list may be tried
  bool no_name = false;   ///< absent, and what is more the name does not exist
  bool declined = false;  ///< servers answered, if only with an error
  std::string service;    ///< whose SRV records there are
  bool partial =
      false;  ///< a part of it could not be asked for: serves, and is soon asked for anew

  static Finding of_failure(const Error& error, milliseconds ttl) {
    return {.ttl = ttl,
            .reason = error.detail.text(),
            .declined = error.code == ErrorCode::name_resolution_failed};
  }

  static Finding of_absence(const DnsAnswer& answer, milliseconds ttl) {
    const bool no_name = answer.rcode == DnsRcode::no_such_name;
    return {.ttl = answer.ttl ? std::min<nanoseconds>(ttl, *answer.ttl) : ttl,
            .reason = no_name ? "no such name" : "no such records",
            .absent = true,
            .no_name = no_name};
  }
};

/// What the target of a service's record came to.
struct ServiceTarget {
  bool settled = false;
  ResolvedPtr addresses;  ///< null: none
  nanoseconds ttl{};
  bool partial = true;  ///< is soon asked for anew
};

/// Whether those targets that are still asked for can be done without: none of them is better than
/// one that has addresses. Precondition: both lists are by priority.
bool serves(const std::vector<DnsService>& services, const std::deque<ServiceTarget>& targets) {
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (targets[i].addresses == nullptr) continue;
    for (std::size_t better = 0; services[better].priority < services[i].priority; ++better)
      if (!targets[better].settled) return false;
    return true;
  }
  return false;
}

/// The questions for one name.
struct Search {
  const std::string& name;
  std::deque<std::optional<Finding>> findings;  ///< in their order; empty: still asked for
  /// There are servers that never answer for a family: once another is found, it gets two attempts.
  Event enough;
  WaitList news;
};

/// Why there is nothing. Precondition: all are settled, and empty.
Finding nothing_of(std::deque<std::optional<Finding>>& findings,
                   const std::vector<DnsType>& types) {
  // A name that does not exist has no records of any type (RFC 8020), whatever became of the other
  // question. But servers that know hosts alone say it of their services too.
  for (std::size_t i = 0; i < types.size(); ++i)
    if (types[i] != DnsType::srv && findings[i]->no_name) return *std::move(findings[i]);
  for (std::size_t i = 0; i < types.size(); ++i)
    if (types[i] != DnsType::srv && !findings[i]->absent) return *std::move(findings[i]);
  for (auto& finding : findings)
    if (!finding->absent) return *std::move(finding);
  return *std::move(findings.back());
}

std::vector<DnsType> families_of(std::vector<DnsType> order) {
  std::erase(order, DnsType::srv);
  return order.empty() ? std::vector{DnsType::a, DnsType::aaaa} : order;
}

/// Of the first of the families that a list without DNS has; all of it when it has none of them.
std::vector<ResolvedAddress> by_order(std::vector<ResolvedAddress> known,
                                      const std::vector<DnsType>& families) {
  const auto family_of = [](const ResolvedAddress& resolved) {
    return resolved.address.family == Address::Family::ipv6 ? DnsType::aaaa : DnsType::a;
  };
  for (const DnsType type : families) {
    if (std::ranges::find(known, type, family_of) == known.end()) continue;
    std::erase_if(known, [&](const auto& resolved) { return family_of(resolved) != type; });
    break;
  }
  return known;
}

}  // namespace

struct Resolver::State {
  State(Loop& its_loop, ResolverSettings its_settings);

  Task<Result<ResolvedPtr>> resolve(std::string_view name, ResolvedKind kind, std::uint16_t port,
                                    TimePoint deadline);
  Task<Result<ResolvedPtr>> wait(ResolverEntryPtr entry, std::uint16_t port, TimePoint deadline);

  /// IP addresses, names of the hosts file, localhost: what needs no server, and is empty for all
  /// others.
  std::vector<ResolvedAddress> known_without_asking(std::string_view name) const;
  /// False when too many queries run.
  bool begin_query(const ResolverEntryPtr& entry);
  Task<Done> query(ResolverEntryPtr entry);
  void settle(ResolverEntry& entry, Finding finding);

  Task<Finding> find(const ResolverEntry& entry);
  Task<Finding> find_first(const std::string& name, const ResolverEntry& entry);
  Task<Done> ask(Search& search, DnsType type, std::optional<Finding>& finding);
  Task<Finding> find_addresses(const std::string& name, DnsType type, const Event& enough);
  Task<Finding> find_services(const std::string& name);
  Task<Done> resolve_targets(const std::vector<DnsService>& services,
                             std::deque<ServiceTarget>& targets);
  Task<Done> resolve_target(const DnsService& service, ServiceTarget& target, WaitList& news);
  nanoseconds clamped(nanoseconds ttl) const;

  struct Hash {
    using is_transparent = void;

    std::size_t operator()(std::string_view name) const noexcept {
      return std::hash<std::string_view>()(name);
    }
  };

  Loop& loop;
  const ResolverSettings settings;
  const std::vector<DnsType>
      families;  ///< the order without SRV: for targets of services, and hosts
  std::unordered_map<std::string, std::vector<ResolvedAddress>, Hash, std::equal_to<>> hosts;
  ResolverCache cache;
  Scope queries;
};

Resolver::State::State(Loop& its_loop, ResolverSettings its_settings)
    : loop(its_loop),
      settings(std::move(its_settings)),
      families(families_of(settings.order)),
      cache(settings.cache_entries, loop.random()),
      queries(loop, queries_max) {
  for (const auto& [name, address] : settings.hosts) {
    std::string key = lower_case(name);
    if (key.ends_with('.')) key.pop_back();
    auto& addresses = hosts[std::move(key)];
    if (std::ranges::find(addresses, address, &ResolvedAddress::address) == addresses.end())
      addresses.push_back({address});
  }
}

Task<Result<ResolvedPtr>> Resolver::State::resolve(std::string_view name, ResolvedKind kind,
                                                   std::uint16_t port, TimePoint deadline) {
  const TimePoint now = loop.now();
  const ResolverEntryPtr* const cached = cache.find(name, kind);
  if (cached != nullptr && (*cached)->serves(now, settings.stale_ttl)) {
    ResolverEntry& entry = **cached;
    // What serves does so whether or not its refresh can begin, or ends at once with something
    // else.
    if (entry.asking || now < entry.refresh_after) return entry.answer(port);
    const ResolverEntryPtr alive = *cached;
    auto answer = entry.answer(port);
    static_cast<void>(begin_query(alive));
    return answer;
  }

  const ResolverEntryPtr entry =
      cached != nullptr ? *cached : std::make_shared<ResolverEntry>(name, kind);
  if (cached == nullptr) {
    if (auto known = known_without_asking(name); !known.empty()) {
      entry->take(std::move(known), {}, never);
      cache.insert(entry);
      return entry->answer(port);
    }
  }
  if (!is_dns_name(name))
    return std::unexpected(failure(name.substr(0, 256), "is not a valid host name"));
  if (!entry->asking && !begin_query(entry))
    return std::unexpected(failure(name, "too many queries"));
  if (cached == nullptr) cache.insert(entry);
  if (!entry->asking) return entry->answer(port);
  return wait(entry, port, deadline);
}

Task<Result<ResolvedPtr>> Resolver::State::wait(ResolverEntryPtr entry, std::uint16_t port,
                                                TimePoint deadline) {
  if (!co_await wait_for(loop, entry->waiting, deadline) && entry->asking)
    co_return std::unexpected(failure(entry->name, "not resolved in time"));
  co_return entry->answer(port);
}

std::vector<ResolvedAddress> Resolver::State::known_without_asking(std::string_view name) const {
  std::string_view ip = name;
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  const bool is_bracketed = ip.size() < name.size();
  const auto address = Address::from_ip(ip, 0);
  if (address && ip.find('%') == std::string_view::npos &&
      (!is_bracketed || address->family == Address::Family::ipv6))
    return {{*address}};

  const std::string plain =
      lower_case(name.ends_with('.') ? name.substr(0, name.size() - 1) : name);
  if (const auto host = hosts.find(plain); host != hosts.end())
    return by_order(host->second, families);
  if (is_dns_name(name) && is_localhost(name))
    return by_order({{*Address::from_ip("127.0.0.1", 0)}, {*Address::from_ip("::1", 0)}}, families);
  return {};
}

bool Resolver::State::begin_query(const ResolverEntryPtr& entry) {
  entry->asking = true;
  if (queries.spawn(query(entry))) return true;
  entry->asking = false;
  return false;
}

Task<Done> Resolver::State::query(ResolverEntryPtr entry) {
  settle(*entry, co_await find(*entry));
  co_return Done{};
}

nanoseconds Resolver::State::clamped(nanoseconds ttl) const {
  return std::max<nanoseconds>(settings.ttl_min, std::min<nanoseconds>(settings.ttl_max, ttl));
}

void Resolver::State::settle(ResolverEntry& entry, Finding finding) {
  const TimePoint now = loop.now();
  entry.asking = false;
  entry.waiting.wake_all(loop);
  if (!finding.service.empty() || !finding.addresses.empty() || finding.absent)
    entry.service = std::move(finding.service);
  if (!finding.addresses.empty()) {
    entry.take(std::move(finding.addresses), {}, after(now, clamped(finding.ttl)));
    if (finding.partial)
      entry.refresh_after = std::min(entry.expires, after(now, settings.negative_ttl));
  } else if (!finding.absent && entry.serves(now, settings.stale_ttl)) {
    // RFC 8767 §5: the old answer serves on while no server gives a better one.
    entry.refresh_after = after(now, finding.ttl);
  } else {
    entry.take({}, failure(entry.name, finding.reason), after(now, finding.ttl));
  }
}

Task<Finding> Resolver::State::find(const ResolverEntry& entry) {
  if (settings.nameservers.empty())
    co_return Finding{.ttl = settings.negative_ttl, .reason = "no name server is configured"};
  Finding first_absence;
  for (const std::string& name : names_to_ask(entry.name, settings)) {
    Finding finding = co_await find_first(name, entry);
    if (!finding.absent) co_return finding;
    if (!first_absence.absent) first_absence = std::move(finding);
  }
  co_return first_absence;
}

/// All types are asked for at once; who comes first in the order is awaited as long as it may have
/// something.
Task<Finding> Resolver::State::find_first(const std::string& name, const ResolverEntry& entry) {
  const std::vector<DnsType>& types = entry.kind == ResolvedKind::host ? settings.order : families;
  Search search{.name = name, .findings = std::deque<std::optional<Finding>>(types.size())};
  Scope questions(loop, types.size());
  for (std::size_t i = 0; i < types.size(); ++i)
    static_cast<void>(questions.spawn(ask(search, types[i], search.findings[i])));
  bool partial = false;
  for (std::size_t i = 0; i < types.size(); ++i) {
    std::optional<Finding>& finding = search.findings[i];
    while (!finding)
      co_await wait_for(loop, search.news);
    // Addresses of a name that may be a service at other ports may be those of another server. Many
    // servers that only know hosts answer with an error, though.
    const bool failed_service = types[i] == DnsType::srv && !finding->absent &&
                                (!finding->declined || entry.service == name);
    if (!finding->addresses.empty() || failed_service) {
      finding->partial = finding->partial || partial;
      co_return *std::move(finding);
    }
    partial = partial || !finding->absent;
  }
  co_return nothing_of(search.findings, types);
}

Task<Done> Resolver::State::ask(Search& search, DnsType type, std::optional<Finding>& finding) {
  finding = type == DnsType::srv ? co_await find_services(search.name)
                                 : co_await find_addresses(search.name, type, search.enough);
  if (!finding->addresses.empty()) search.enough.set(loop);
  search.news.wake_all(loop);
  co_return Done{};
}

Task<Finding> Resolver::State::find_addresses(const std::string& name, DnsType type,
                                              const Event& enough) {
  const Result<DnsAnswer> answer = co_await ask_servers(loop, settings, name, type, enough);
  if (!answer) co_return Finding::of_failure(answer.error(), settings.negative_ttl);
  if (answer->addresses.empty()) co_return Finding::of_absence(*answer, settings.negative_ttl);
  Finding finding{.ttl = answer->ttl.value_or(seconds(0))};
  for (const Address& address : answer->addresses)
    finding.addresses.push_back({address});
  co_return finding;
}

Task<Finding> Resolver::State::find_services(const std::string& name) {
  const Event enough;
  const auto answer = co_await ask_servers(loop, settings, name, DnsType::srv, enough);
  if (!answer) {
    Finding finding = Finding::of_failure(answer.error(), settings.negative_ttl);
    finding.reason = "SRV: " + finding.reason;
    if (!finding.declined)
      finding.reason += "; if these servers know no SRV, leave it out of gateway.dns.order";
    co_return finding;
  }
  const std::vector<DnsService>& services = answer->services;
  // Kubernetes names a service itself as the target of each of its ports: which one is meant, the
  // question's port says (as Kong).
  const auto names_itself = [&](const DnsService& each) { return lower_case(each.target) == name; };
  if (std::ranges::all_of(services, names_itself))
    co_return Finding::of_absence(*answer, settings.negative_ttl);

  std::deque<ServiceTarget> targets(services.size());
  co_await resolve_targets(services, targets);
  Finding finding{.ttl = answer->ttl.value_or(seconds(0)),
                  .reason = "no target of the service has an address",
                  .service = name};
  for (std::size_t i = 0; i < services.size(); ++i) {
    finding.partial = finding.partial || targets[i].partial;
    if (targets[i].addresses == nullptr) continue;
    // A service is known no longer than its targets are.
    finding.ttl = std::min(finding.ttl, targets[i].ttl);
    const std::vector<ResolvedAddress>& addresses = *targets[i].addresses;
    const auto weight = static_cast<std::uint32_t>(std::max<std::size_t>(services[i].weight, 1) *
                                                   weight_unit / addresses.size());
    for (const ResolvedAddress& resolved : addresses) {
      if (finding.addresses.size() == service_addresses_max) break;
      finding.addresses.push_back({resolved.address, services[i].priority, weight});
    }
  }
  if (finding.addresses.empty()) finding.ttl = settings.negative_ttl;
  co_return finding;
}

Task<Done> Resolver::State::resolve_targets(const std::vector<DnsService>& services,
                                            std::deque<ServiceTarget>& targets) {
  WaitList news;
  Scope questions(loop, services.size());
  for (std::size_t i = 0; i < services.size(); ++i)
    static_cast<void>(questions.spawn(resolve_target(services[i], targets[i], news)));
  TimePoint until = never;
  while (!std::ranges::all_of(targets, &ServiceTarget::settled)) {
    if (until == never && serves(services, targets)) until = loop.now() + stragglers_patience;
    if (loop.now() >= until) break;
    co_await wait_for(loop, news, until);
  }
  co_return Done{};
}

Task<Done> Resolver::State::resolve_target(const DnsService& service, ServiceTarget& target,
                                           WaitList& news) {
  // Targets are absolute names (RFC 2782), or what zones have in their place: IP addresses. An
  // empty one says that there is no such service.
  const bool is_ip = Address::from_ip(service.target, 0).has_value();
  const std::string name = is_ip ? service.target : service.target + ".";
  auto found = co_await resolve(name, ResolvedKind::address, service.port, never);
  const TimePoint now = loop.now();
  target.settled = true;
  news.wake_all(loop);
  if (!found) co_return Done{};
  target.addresses = *std::move(found);
  const ResolverEntryPtr* const entry = cache.find(name, ResolvedKind::address);
  if (entry == nullptr) co_return Done{};
  const ResolverEntry& known = **entry;
  const bool stale = known.expires < now;
  target.partial = stale || known.refresh_after < known.expires;
  target.ttl = stale ? settings.negative_ttl : std::max(nanoseconds(0), known.expires - now);
  co_return Done{};
}

Resolver::Resolver(Loop& loop, ResolverSettings settings)
    : state_(std::make_unique<State>(loop, std::move(settings))) {}

Resolver::~Resolver() = default;

Task<Result<ResolvedPtr>> Resolver::resolve(std::string_view name, std::uint16_t port,
                                            TimePoint deadline) {
  return state_->resolve(name, ResolvedKind::host, port, deadline);
}

}  // namespace sluice
