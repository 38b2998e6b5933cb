#pragma once
// The connections of one pool: all of one kind to one address.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/h2/client.h"
#include "upstream/pool.h"

namespace sluice::upstream {

class Pool final : public http::h1::ConnectionHome,
                   public http::h2::ClientHome,
                   public std::enable_shared_from_this<Pool> {
 public:
  Pool(Pools& pools, const Wanted& wanted);

  /// An idle connection of HTTP/1.1; null when there is none.
  http::LeasePtr take();
  /// A connection of its own for one request after another.
  Task<Result<http::LeasePtr>> connect(TimePoint connect_by);
  /// A place on a connection that is shared. Who stops waiting harms nobody else.
  /// A new one has `connect_timeout`, whoever first asked for it.
  Task<Result<http::LeasePtr>> share(milliseconds connect_timeout, TimePoint connect_by);

  /// Whether connections are shared, as far as is known.
  bool shares() const noexcept { return shares_; }

  /// Drops what idled too long, and what ended. The oldest are in front.
  void sweep() noexcept;
  void close() noexcept;

  std::size_t idle() const noexcept { return idle_.size(); }

  bool is_unused() const noexcept { return idle_.empty() && shared_.empty() && !connecting_; }

  PoolCounts counts;

 private:
  using Single = http::h1::ClientConnection;
  using Shared = http::h2::ClientConnection;

  void give_back(std::unique_ptr<Single> connection) noexcept override;

  void forget() noexcept override;

  void on_change() noexcept override;

  Task<Result<StreamPtr>> open(tls::Offer offer, bool& http2, TimePoint connect_by);
  http::LeasePtr lease_of(StreamPtr stream);
  http::LeasePtr take_shared();
  TimePoint grows_until() const noexcept;
  Task<Done> drive(TimePoint connect_by);

  Pools& pools_;
  Loop& loop_;
  Address address_;
  HttpVersion version_;
  tls::ClientPolicyPtr policy_;  ///< null: no TLS
  std::string name_;
  std::string preamble_;
  std::shared_ptr<tls::SessionSlot> sessions_;
  bool shares_;
  bool closed_ = false;
  std::vector<std::unique_ptr<Single>> idle_;

  WaitList waiting_;  ///< for a place, or a failure; told by the connections below, to their end
  std::vector<std::shared_ptr<Shared>> shared_;
  bool connecting_ = false;
  std::uint64_t attempts_ = 0;    ///< connects for sharing, that ended
  TimePoint redial_at_{};         ///< not before, while there are connections
  TimePoint greeted_by_{};        ///< until then the newest connection is waited for
  std::optional<Error> failure_;  ///< of the last of them
};

}  // namespace sluice::upstream
