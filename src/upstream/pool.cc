#include "upstream/pool.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/socket_stream.h"

namespace sluice::upstream {

using http::h1::ClientConnection;

class Pools::Pool final : public http::h1::ConnectionHome,
                          public std::enable_shared_from_this<Pool> {
 public:
  Pool(Loop& loop, const PoolSettings& settings, WaitList& sweeper)
      : loop_(loop), settings_(settings), sweeper_(&sweeper) {}

  std::unique_ptr<ClientConnection> take() noexcept {
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->input.stream().is_quiet()) {
        ++counts.reused;
        return connection;
      }
    }
    return nullptr;
  }

  void give_back(std::unique_ptr<ClientConnection> connection) noexcept override {
    // is_quiet() begins to read ahead, so that the end of an idle connection is heard.
    if (closed_ || connection->requests >= settings_.keepalive_max_requests ||
        idle_.size() >= settings_.keepalive_pool_size || !connection->input.stream().is_quiet())
      return;
    connection->idle_since = loop_.now();
    idle_.push_back(std::move(connection));
    sweeper_->wake_all(loop_);
  }

  void forget() noexcept override { --counts.open; }

  /// Drops what idled too long, and what ended. The oldest are in front.
  void sweep() noexcept {
    const TimePoint limit = loop_.now() - settings_.keepalive_idle_timeout;
    std::erase_if(idle_, [&](auto& connection) {
      return connection->idle_since <= limit || !connection->input.stream().is_quiet();
    });
  }

  void close() noexcept {
    closed_ = true;
    idle_.clear();
  }

  std::size_t idle() const noexcept { return idle_.size(); }

  PoolCounts counts;

 private:
  Loop& loop_;
  const PoolSettings& settings_;
  WaitList* sweeper_;
  bool closed_ = false;
  std::vector<std::unique_ptr<ClientConnection>> idle_;
};

Pools::Pools(Loop& loop, const PoolSettings& settings,
             const http::h1::ClientSettings& client_settings)
    : loop_(loop), settings_(settings), client_settings_(client_settings), background_(loop, 1) {
  static_cast<void>(background_.spawn(sweep()));
}

Pools::~Pools() {
  close_idle();
}

void Pools::close_idle() noexcept {
  for (auto& [address, pool] : pools_)
    pool->close();
}

std::size_t Pools::AddressHash::operator()(const Address& address) const noexcept {
  std::uint64_t halves[2];
  std::memcpy(halves, address.ip.data(), sizeof halves);
  std::uint64_t mixed = (halves[0] ^ (std::uint64_t{address.port} << 40)) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 29) ^ halves[1]) * 0xbf58476d1ce4e5b9;
  if (!address.path.empty()) mixed ^= std::hash<std::string>()(address.path);
  return mixed ^ (mixed >> 32);
}

Pools::Pool& Pools::pool_for(const Address& address) {
  auto& pool = pools_[address];
  if (pool == nullptr) pool = std::make_shared<Pool>(loop_, settings_, work_for_sweeper_);
  return *pool;
}

Task<Result<http::LeasePtr>> Pools::lease(const Address& address, TimePoint connect_by) {
  Pool& pool = pool_for(address);
  if (auto connection = pool.take())
    return Result<http::LeasePtr>(
        http::h1::make_lease(loop_, std::move(connection), client_settings_));
  return connect(pool, address, connect_by);
}

Task<Result<http::LeasePtr>> Pools::connect(Pool& pool, const Address& address,
                                            TimePoint connect_by) {
  const std::shared_ptr<Pool> home = pool.shared_from_this();
  CO_TRY(StreamPtr stream, co_await connect_stream(loop_, address, connect_by));
  ++home->counts.opened;
  ++home->counts.open;
  co_return http::h1::make_lease(loop_, std::make_unique<ClientConnection>(std::move(stream), home),
                                 client_settings_);
}

Task<Done> Pools::sweep() {
  for (;;) {
    std::size_t idle = 0;
    for (auto& [address, pool] : pools_)
      idle += pool->idle();
    if (idle == 0) {
      co_await wait_for(loop_, work_for_sweeper_);
      continue;
    }
    co_await sleep_until(loop_, loop_.now() + seconds(1));
    for (auto& [address, pool] : pools_)
      pool->sweep();
    // A pool that nobody holds any more and that has nothing is forgotten: addresses come and go
    // with DNS.
    std::erase_if(pools_, [](auto& entry) {
      return entry.second->idle() == 0 && entry.second.use_count() == 1;
    });
  }
}

PoolCounts Pools::counts() const noexcept {
  PoolCounts total;
  for (const auto& [address, pool] : pools_) {
    total.opened += pool->counts.opened;
    total.reused += pool->counts.reused;
    total.open += pool->counts.open;
    total.idle += pool->idle();
  }
  return total;
}

}  // namespace sluice::upstream
