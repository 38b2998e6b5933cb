#include "runtime/resolver_cache.h"

#include <algorithm>

#include "runtime/dns_name.h"

namespace sluice {
namespace {

// Upstreams use one or two ports of a name; more than these take turns.
constexpr std::size_t ports_max = 8;

}  // namespace

ResolverEntry::ResolverEntry(std::string_view of_name, ResolvedKind of_kind)
    : name(lower_case(of_name)), kind(of_kind) {}

Result<ResolvedPtr> ResolverEntry::answer(std::uint16_t port) {
  if (found.empty()) return std::unexpected(error);
  for (const auto& [its_port, list] : by_port)
    if (its_port == port) return list;
  auto addresses = found;
  for (ResolvedAddress& resolved : addresses)
    if (resolved.address.port == 0) resolved.address.port = port;
  if (by_port.size() == ports_max) by_port.erase(by_port.begin());
  return by_port
      .emplace_back(port,
                    std::make_shared<const std::vector<ResolvedAddress>>(std::move(addresses)))
      .second;
}

void ResolverEntry::take(std::vector<ResolvedAddress> addresses, Error reason, TimePoint until) {
  if (addresses != found) by_port.clear();
  found = std::move(addresses);
  error = std::move(reason);
  expires = refresh_after = until;
  known = true;
}

bool ResolverEntry::serves(TimePoint now, milliseconds stale_ttl) const noexcept {
  if (!known) return false;
  return now < expires || (!found.empty() && now < after(expires, stale_ttl));
}

const ResolverEntryPtr* ResolverCache::find(std::string_view name, ResolvedKind kind) {
  const auto place = places_.find(Key{name, kind});
  if (place == places_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, place->second);
  return &*place->second;
}

void ResolverCache::insert(ResolverEntryPtr entry) {
  if (entries_max_ == 0) return;
  if (places_.size() >= entries_max_) {
    const ResolverEntry& oldest = *by_use_.back();
    places_.erase(Key{oldest.name, oldest.kind});
    by_use_.pop_back();
  }
  by_use_.push_front(std::move(entry));
  const ResolverEntry& newest = *by_use_.front();
  places_.emplace(Key{newest.name, newest.kind}, by_use_.begin());
}

std::size_t ResolverCache::Hash::operator()(const Key& key) const noexcept {
  // FNV-1a, of lower case so that a question needs no copy.
  std::uint64_t hash = seed ^ 0xcbf29ce484222325 ^ static_cast<std::uint64_t>(key.kind);
  for (const char letter : key.name)
    hash = (hash ^ static_cast<std::uint8_t>(lower_case(letter))) * 0x100000001b3;
  return hash ^ hash >> 32;
}

bool ResolverCache::Equal::operator()(const Key& one, const Key& other) const noexcept {
  return one.kind == other.kind && std::ranges::equal(one.name, other.name, [](char a, char b) {
           return lower_case(a) == lower_case(b);
         });
}

}  // namespace sluice
