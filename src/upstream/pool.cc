#include "upstream/pool.h"

#include <algorithm>
#include <cstring>

#include "upstream/connections.h"

namespace sluice::upstream {
namespace {

// Connections that are shared, over all pools of a worker.
constexpr std::size_t drivers_max = 4096;

}  // namespace

Pools::Pools(Loop& loop, const PoolSettings& settings,
             const http::h1::ClientSettings& client_settings)
    : loop_(loop),
      settings_(settings),
      client_settings_(client_settings),
      background_(loop, 1),
      drivers_(loop, drivers_max) {
  static_cast<void>(background_.spawn(sweep()));
}

Pools::~Pools() {
  close_idle();
}

void Pools::close_idle() noexcept {
  closed_ = true;
  for (auto& [key, pool] : pools_)
    pool->close();
}

std::size_t Pools::KeyHash::operator()(const KeyView& key) const noexcept {
  const Address& address = key.address;
  std::uint64_t halves[2];
  std::memcpy(halves, address.ip.data(), sizeof halves);
  std::uint64_t mixed = (halves[0] ^ (std::uint64_t{address.port} << 40)) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 29) ^ halves[1]) * 0xbf58476d1ce4e5b9;
  if (!address.path.empty()) mixed ^= std::hash<std::string>()(address.path);
  if (!key.transport.empty() || !key.preamble.empty())
    mixed ^= 7 * std::hash<std::string_view>()(key.preamble) +

             std::hash<std::string_view>()(key.transport) +
             31 * std::hash<std::string_view>()(key.name);
  return mixed ^ (mixed >> 32);
}

Pool& Pools::pool_for(const Wanted& wanted) {
  const KeyView key{wanted.address, wanted.transport.key, wanted.name, wanted.preamble};
  const auto found = pools_.find(key);
  if (found != pools_.end()) return *found->second;
  auto pool = std::make_shared<Pool>(*this, wanted);
  if (closed_) pool->close();
  return *pools_
              .emplace(Key{wanted.address, wanted.transport.key, std::string(wanted.name),
                           std::string(wanted.preamble)},
                       std::move(pool))
              .first->second;
}

tls::ClientContext& Pools::context_for(const tls::ClientPolicyPtr& policy) {
  auto& context = contexts_[policy->key];
  if (context == nullptr) context = std::make_unique<tls::ClientContext>(loop_, policy);
  return *context;
}

Task<Result<http::LeasePtr>> Pools::lease(const Wanted& wanted, TimePoint connect_by) {
  Pool& pool = pool_for(wanted);
  if (auto lease = pool.take()) return Result<http::LeasePtr>(std::move(lease));
  if (pool.shares() && !wanted.upgrades) return pool.share(wanted.connect_timeout, connect_by);
  return pool.connect(connect_by);
}

Task<Done> Pools::sweep() {
  for (;;) {
    const bool has_work = std::ranges::any_of(pools_, [](const auto& entry) {
      return entry.second->idle() > 0 || entry.second->is_unused();
    });
    if (!has_work) {
      co_await wait_for(loop_, work_for_sweeper_);
      continue;
    }
    co_await sleep_until(loop_, loop_.now() + seconds(1));
    for (auto& [key, pool] : pools_)
      pool->sweep();
    // A pool that nobody holds any more and that has nothing is forgotten: addresses come and go
    // with DNS.
    std::erase_if(pools_, [this](auto& entry) {
      const bool unused = entry.second->is_unused() && entry.second.use_count() == 1;
      if (unused) {
        forgotten_.opened += entry.second->counts.opened;
        forgotten_.reused += entry.second->counts.reused;
      }
      return unused;
    });
    std::erase_if(contexts_, [](const auto& entry) { return entry.second->is_unused(); });
  }
}

PoolCounts Pools::counts() const noexcept {
  PoolCounts total = forgotten_;
  for (const auto& [key, pool] : pools_) {
    total.opened += pool->counts.opened;
    total.reused += pool->counts.reused;
    total.open += pool->counts.open;
    total.idle += pool->idle();
  }
  return total;
}

}  // namespace sluice::upstream
