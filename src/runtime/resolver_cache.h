#pragma once
// What the resolver knows of names, the least recently asked first to go.

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/resolver.h"

namespace sluice {

/// What was asked for.
enum class ResolvedKind : std::uint8_t {
  host,     ///< by the settings' order
  address,  ///< no SRV: targets of services
};

/// Held by the cache, by its query and by who waits for that: each may go first.
struct ResolverEntry {
  ResolverEntry(std::string_view name, ResolvedKind kind);

  /// The list for a port, made once; or why there is none.
  Result<ResolvedPtr> answer(std::uint16_t port);
  /// Takes over what a query found; lists that would be the same stay the same.
  void take(std::vector<ResolvedAddress> addresses, Error reason, TimePoint until);
  /// Knows something that is not too old.
  bool serves(TimePoint now, milliseconds stale_ttl) const noexcept;

  const std::string name;  ///< in lower case
  const ResolvedKind kind;
  bool asking = false;  ///< a query runs
  bool known = false;   ///< at least one query ended
  /// Whose SRV records there were when they were last heard of: the name, or one of its search
  /// list.
  std::string service;
  TimePoint expires{};
  /// From then on what serves is asked for anew; as a rule when it expires.
  TimePoint refresh_after{};
  std::vector<ResolvedAddress> found;  ///< port 0, or a service's; empty: `error` says why
  Error error;
  std::vector<std::pair<std::uint16_t, ResolvedPtr>> by_port;
  WaitList waiting;
};

using ResolverEntryPtr = std::shared_ptr<ResolverEntry>;

class ResolverCache {
 public:
  ResolverCache(std::size_t entries_max, std::uint64_t seed)
      : entries_max_(entries_max), places_(0, Hash{seed}) {}

  /// Counts as a use. Any letter case; nothing is allocated. Null when unknown.
  const ResolverEntryPtr* find(std::string_view name, ResolvedKind kind);
  /// Precondition: find() has none of this name and kind.
  void insert(ResolverEntryPtr entry);

 private:
  struct Key {
    std::string_view name;  ///< of the entry itself
    ResolvedKind kind;
  };

  struct Hash {
    std::uint64_t seed;  ///< whoever names services in DNS cannot know which names collide
    std::size_t operator()(const Key& key) const noexcept;
  };

  struct Equal {
    bool operator()(const Key& one, const Key& other) const noexcept;
  };

  using Places = std::list<ResolverEntryPtr>;

  std::size_t entries_max_;
  Places by_use_;  ///< the last used in front
  std::unordered_map<Key, Places::iterator, Hash, Equal> places_;
};

}  // namespace sluice
