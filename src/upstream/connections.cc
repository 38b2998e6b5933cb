#include "upstream/connections.h"

#include <algorithm>

#include "runtime/socket_stream.h"

namespace sluice::upstream {
namespace {

// Beyond, requests wait for a place: an upstream that allows few streams says how much it wants.
constexpr std::size_t shared_max = 64;
// After a failed connect, where other connections may soon have room.
constexpr milliseconds redial_pause{1000};
// How long others wait for a new connection's word on how many requests it takes.
constexpr milliseconds greeting_patience{1000};

}  // namespace

Pool::Pool(Pools& pools, const Wanted& wanted)
    : pools_(pools),
      loop_(pools.loop_),
      address_(wanted.address),
      version_(wanted.transport.version),
      policy_(wanted.transport.tls),
      name_(wanted.name),
      preamble_(wanted.preamble),
      sessions_(policy_ ? std::make_shared<tls::SessionSlot>() : nullptr),
      shares_(version_ == HttpVersion::http_2 || (version_ == HttpVersion::automatic && policy_)) {}

http::LeasePtr Pool::take() {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->input.stream().is_quiet()) {
      ++counts.reused;
      return http::h1::make_lease(loop_, std::move(connection), pools_.client_settings_);
    }
  }
  return nullptr;
}

void Pool::give_back(std::unique_ptr<Single> connection) noexcept {
  // is_quiet() begins to read ahead, so that the end of an idle connection is heard.
  if (closed_ || connection->requests >= pools_.settings_.keepalive_max_requests ||
      idle_.size() >= pools_.settings_.keepalive_pool_size ||
      !connection->input.stream().is_quiet())
    return;
  connection->idle_since = loop_.now();
  idle_.push_back(std::move(connection));
  pools_.work_for_sweeper_.wake_all(loop_);
}

void Pool::forget() noexcept {
  --counts.open;
  pools_.work_for_sweeper_.wake_all(loop_);
}

void Pool::sweep() noexcept {
  const TimePoint limit = loop_.now() - pools_.settings_.keepalive_idle_timeout;
  std::erase_if(idle_, [&](auto& connection) {
    return connection->idle_since <= limit || !connection->input.stream().is_quiet();
  });
}

void Pool::close() noexcept {
  closed_ = true;
  idle_.clear();
  for (const auto& connection : shared_)
    connection->shut_down();
}

Task<Result<StreamPtr>> Pool::open(tls::Offer offer, bool& http2, TimePoint connect_by) {
  CO_TRY(StreamPtr stream, co_await connect_stream(loop_, address_, connect_by));
  if (!preamble_.empty())
    static_cast<void>(stream->write(Chunks(Chunk::copy_of(preamble_)), Flush::end_of_turn, never));
  http2 = offer == tls::Offer::http_2;
  if (!policy_) co_return stream;
  auto secured = pools_.context_for(policy_).connect(std::move(stream), name_, offer, sessions_);
  auto shaken = co_await secured->shake(connect_by);
  if (!shaken) {
    Error error = std::move(shaken).error();
    const bool late = error.code == ErrorCode::timed_out;
    co_return fail(late ? ErrorCode::connect_timeout : ErrorCode::tls_failed,
                   "TLS with " + address_.text() + " (" + name_ + "): " + error.detail.text());
  }
  http2 = secured->alpn() == "h2";
  if (offer == tls::Offer::http_2 && !http2)
    co_return fail(ErrorCode::tls_failed,
                   "TLS with " + address_.text() + ": the upstream does not offer HTTP/2");
  co_return secured;
}

http::LeasePtr Pool::lease_of(StreamPtr stream) {
  ++counts.opened;
  ++counts.open;
  return http::h1::make_lease(loop_,
                              std::make_unique<Single>(std::move(stream), shared_from_this()),
                              pools_.client_settings_);
}

Task<Result<http::LeasePtr>> Pool::connect(TimePoint connect_by) {
  const auto self = shared_from_this();
  bool http2 = false;
  CO_TRY(StreamPtr stream, co_await open(tls::Offer::http_1_1, http2, connect_by));
  co_return self->lease_of(std::move(stream));
}

http::LeasePtr Pool::take_shared() {
  const auto has_room = [](const auto& connection) { return connection->has_room(); };
  // A new one may be with somebody who never answers.
  auto found = std::ranges::find_if(
      shared_, [&](const auto& each) { return has_room(each) && !each->is_new(); });
  if (found == shared_.end()) found = std::ranges::find_if(shared_, has_room);
  if (found == shared_.end()) return nullptr;
  Shared& connection = **found;
  if (connection.requests() > 0) ++counts.reused;
  if (connection.requests() + 1 >= pools_.settings_.keepalive_max_requests) connection.shut_down();
  return connection.lease();
}

/// Until when a connection that is in the making, or new, may soon have room for all; or a time
/// that has passed.
TimePoint Pool::grows_until() const noexcept {
  if (connecting_) return never;
  return !shared_.empty() && shared_.back()->is_new() ? greeted_by_ : TimePoint{};
}

Task<Result<http::LeasePtr>> Pool::share(milliseconds connect_timeout, TimePoint connect_by) {
  const auto self = shared_from_this();
  for (;;) {
    if (auto lease = take_shared()) co_return lease;
    if (!shares_) co_return co_await connect(connect_by);  // ALPN said so
    const bool may_dial = shared_.empty() || loop_.now() >= redial_at_;
    const TimePoint grown_by = grows_until();
    const bool grows = loop_.now() < grown_by;
    if (!grows && may_dial && shared_.size() < shared_max) {
      connecting_ = true;
      if (!pools_.drivers_.spawn(drive(after(loop_.now(), connect_timeout)))) {
        connecting_ = false;
        co_return fail(ErrorCode::overloaded, "too many upstream connections");
      }
    }
    const std::uint64_t seen = attempts_;
    TimePoint look_at = may_dial ? connect_by : std::min(connect_by, redial_at_);
    if (grows) look_at = std::min(look_at, grown_by);
    if (!co_await wait_for(loop_, waiting_, look_at) && loop_.now() >= connect_by)
      co_return fail(ErrorCode::connect_timeout, "no connection to " + address_.text());
    if (attempts_ != seen && failure_ && shared_.empty()) co_return std::unexpected(*failure_);
  }
}

/// Connects, and stays for the connection's life.
Task<Done> Pool::drive(TimePoint connect_by) {
  const auto self = shared_from_this();
  const auto offer = version_ == HttpVersion::http_2 ? tls::Offer::http_2 : tls::Offer::either;
  bool http2 = false;
  auto stream = co_await open(offer, http2, connect_by);
  connecting_ = false;
  ++attempts_;
  failure_.reset();
  if (!stream) {
    failure_ = std::move(stream).error();
    redial_at_ = loop_.now() + redial_pause;
    on_change();
    co_return Done{};
  }
  if (!http2) {
    shares_ = false;
    // As if it came back from a first request: the next who asks takes it.
    lease_of(*std::move(stream));
    on_change();
    co_return Done{};
  }
  const auto connection =
      std::make_shared<Shared>(loop_, *std::move(stream), pools_.client_settings_,
                               pools_.settings_.keepalive_idle_timeout, *this);
  ++counts.opened;
  ++counts.open;
  shared_.push_back(connection);
  greeted_by_ = loop_.now() + greeting_patience;
  if (closed_) connection->shut_down();
  on_change();
  co_await Shared::run(connection);
  std::erase(shared_, connection);
  forget();
  co_return Done{};
}

void Pool::on_change() noexcept {
  waiting_.wake_all(loop_);
}

}  // namespace sluice::upstream
