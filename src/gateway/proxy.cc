#include "gateway/proxy.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "gateway/forward.h"
#include "gateway/worker_state.h"
#include "http/replay.h"

namespace sluice {
namespace {

// What a body for a second attempt may keep: two reads.
constexpr std::size_t replay_bytes = 128 * 1024;

/// RFC 9110 §9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE" ||
         method == "TRACE";
}

/// The request's body over all attempts.
class RetryBody {
 public:
  RetryBody(http::BodyPtr body, bool repeatable) {
    if (body != nullptr && repeatable)
      replay_.emplace(std::move(body), replay_bytes);
    else
      body_ = std::move(body);
  }
  http::BodyPtr for_attempt() { return replay_ ? replay_->reader() : std::move(body_); }
  /// Takes back what an attempt did not touch.
  void take_back(http::BodyPtr body) {
    if (!replay_) body_ = std::move(body);
  }
  bool is_whole(bool had_body) const noexcept { return replay_ ? replay_->from_start() : !had_body || body_ != nullptr; }

 private:
  std::optional<http::Replay> replay_;
  http::BodyPtr body_;
};

/// One request's way through the targets of its service. Lives in the frame of forward().
class Forwarding {
 public:
  explicit Forwarding(Exchange& exchange)
      : exchange_(exchange),
        worker_(exchange.worker),
        service_(*exchange.route->service),
        idempotent_(is_idempotent(exchange.request.method)),
        has_body_(exchange.request.body != nullptr),
        body_(std::move(exchange.request.body),
              idempotent_ && service_.retries > 0 && exchange.request.protocol.empty()) {}

  http::ResponseTask run() {
    for (std::uint32_t attempt = 0;; ++attempt) {
      auto response = co_await try_once();
      if (response) co_return response;
      if (!exchange_.record.tries.empty()) exchange_.record.tries.back().error = response.error().code;
      if (attempt >= service_.retries || !may_retry_ || worker_.loop.now() >= exchange_.head_by)
        co_return response;
    }
  }

 private:
  http::ResponseTask try_once() {
    Loop& loop = worker_.loop;
    may_retry_ = true;
    const auto chosen = choose();
    if (!chosen) {
      may_retry_ = false;
      co_return fail(ErrorCode::no_target, "upstream " + service_.targets.id);
    }
    const upstream::Target& target = service_.targets.targets[*chosen];
    const TimePoint begun = loop.now();
    Address address;
    if (target.address) {
      address = *target.address;
    } else {
      const TimePoint by = std::min(exchange_.head_by, after(begun, service_.connect_timeout));
      CO_TRY(const ResolvedPtr addresses, co_await worker_.resolver.resolve(target.host, target.port, by));
      address = (*addresses)[loop.random() % addresses->size()].address;
    }
    Try& record = add_try(address, begun);
    const TimePoint connect_by = std::min(exchange_.head_by, after(loop.now(), service_.connect_timeout));
    auto lease = co_await worker_.pools.lease(address, connect_by);
    record.balancer_latency = loop.now() - begun;
    if (!lease) co_return std::unexpected(std::move(lease).error());
    co_return co_await send(*std::move(lease), target);
  }

  http::ResponseTask send(http::LeasePtr lease, const upstream::Target& target) {
    set_host(exchange_, target);
    http::Lease::Attempt attempt;
    attempt.head_by = exchange_.head_by;
    attempt.read_timeout = service_.read_timeout;
    attempt.write_timeout = service_.write_timeout;
    attempt.inform = &exchange_.incoming;
    attempt.body = body_.for_attempt();
    http::Lease& place = *lease;
    auto response = co_await place.send(std::move(lease), exchange_.request, attempt);
    exchange_.record.upstream_sent_at = attempt.sent_at;
    exchange_.record.upstream_head_at = worker_.loop.now();
    if (response) co_return response;
    body_.take_back(std::move(attempt.body));
    // A connection that died before the first byte of a response: what was sent may have been acted on, so that only an
    // idempotent request goes again (RFC 9110 §9.2.2). A broken or late response is not asked for twice.
    const bool died = response.error().code == ErrorCode::upstream_closed && !attempt.head_begun;
    may_retry_ = (attempt.unprocessed || (died && idempotent_)) && body_.is_whole(has_body_);
    co_return response;
  }

  /// A target that was not tried yet, as long as there is one.
  std::optional<std::size_t> choose() {
    const auto& targets = service_.targets.targets;
    if (targets.size() <= 1) return worker_.balancers.pick(service_.targets, {});
    if (tried_.size() != targets.size()) tried_.assign(targets.size(), false);
    auto chosen = worker_.balancers.pick(service_.targets, tried_);
    if (!chosen) {
      tried_.assign(targets.size(), false);
      chosen = worker_.balancers.pick(service_.targets, tried_);
    }
    if (chosen) tried_[*chosen] = true;
    return chosen;
  }

  Try& add_try(const Address& address, TimePoint begun) {
    exchange_.record.tries.push_back({address, worker_.loop.wall() - std::chrono::duration_cast<WallTime::duration>(
                                                                         worker_.loop.now() - begun),
                                      nanoseconds(0), std::nullopt});
    return exchange_.record.tries.back();
  }

  Exchange& exchange_;
  WorkerState& worker_;
  const Service& service_;
  bool idempotent_;
  bool has_body_;
  bool may_retry_ = true;
  RetryBody body_;
  std::vector<bool> tried_;
};

http::ResponseTask forward(Exchange& exchange) {
  Forwarding forwarding(exchange);
  auto response = co_await forwarding.run();
  if (response) {
    exchange.record.source = Source::upstream;
    exchange.record.upstream_status = response->status;
  }
  co_return response;
}

}  // namespace

http::ResponseTask proxy(Exchange& exchange) {
  if (exchange.route == nullptr) return fail(ErrorCode::no_route);
  const Service* service = exchange.route->service;
  if (service == nullptr) return fail(ErrorCode::no_service);
  const auto timeout = exchange.route->request_timeout ? exchange.route->request_timeout : service->request_timeout;
  if (timeout) exchange.head_by = std::min(exchange.head_by, after(exchange.received_at, *timeout));
  prepare_forward(exchange);
  exchange.record.upstream_uri = exchange.request.target;
  return forward(exchange);
}

}  // namespace sluice
