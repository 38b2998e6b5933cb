#include "gateway/proxy.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "gateway/access_record.h"
#include "gateway/call_deadline.h"
#include "gateway/forward.h"
#include "gateway/grpc.h"
#include "gateway/worker_state.h"
#include "http/replay.h"

namespace sluice {
namespace {

// A connection that ends while requests are on their way to it turns them away (GOAWAY), and nobody
// acted on them: that is no try of `retries`, unless it served nobody before. Bounded, since an
// upstream may do so for ever.
constexpr std::uint32_t turned_away_max = 32;

// What a body for a second attempt may keep: two reads.
constexpr std::size_t replay_bytes = 128 * 1024;

/// RFC 9110 §9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
         method == "DELETE" || method == "TRACE";
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

  bool is_whole(bool had_body) const noexcept {
    return replay_ ? replay_->from_start() : !had_body || body_ != nullptr;
  }

 private:
  std::optional<http::Replay> replay_;
  http::BodyPtr body_;
};

/// Whom a certificate must be for: a host as it stands in Host, without port and brackets.
std::string_view server_name(std::string_view authority) {
  const std::string_view host = host_without_port(authority);
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

/// One request's way through the targets of its service. Lives in the frame of forward().
class Forwarding {
 public:
  explicit Forwarding(Exchange& exchange)
      : exchange_(exchange),
        worker_(exchange.worker),
        service_(*exchange.route->service),
        group_(target_group(exchange)),
        idempotent_(is_idempotent(exchange.request.method)),
        has_body_(exchange.request.body != nullptr),
        body_(std::move(exchange.request.body), may_go_again()) {
    if (!service_.shows_certificate_of(group_)) return;
    if (&group_ != &service_.targets) redirected_ = service_.transport.showing(group_.certificate);
    transport_ = redirected_ ? &*redirected_ : &*service_.targets_transport;
  }

  /// What connections for this client begin with. Nobody knows the port of one that a trusted peer
  /// names.
  void compose_preamble() {
    if (service_.proxy_protocol == ProxyVersion::none) return;
    Address client = exchange_.client->peer;
    const std::string_view named = exchange_.origin.client_ip;
    if (named != exchange_.client->peer_text)
      if (auto address = Address::from_ip(named, 0)) client = *std::move(address);
    preamble_ = compose_proxy_header(service_.proxy_protocol, client, *exchange_.client->local);
  }

  /// The next target: one that was not tried yet, as long as there is one. Null when there is none
  /// at all.
  const upstream::Target* choose() {
    const auto& targets = group_.targets;
    has_others_ = false;
    if (targets.size() == 1) return targets.data();
    if (tried_.size() != targets.size()) tried_.assign(targets.size(), false);
    auto chosen = worker_.balancers.pick(group_, tried_);
    if (!chosen && !targets.empty()) {
      tried_.assign(targets.size(), false);
      chosen = worker_.balancers.pick(group_, tried_);
    }
    if (!chosen) return nullptr;
    tried_[*chosen] = true;
    return &targets[*chosen];
  }

  TimePoint connect_by() const noexcept {
    return std::min(exchange_.head_by, after(worker_.loop.now(), service_.connect_timeout));
  }

  /// Precondition: the request has its upstream's Host, which is what SNI says (kong.md §3).
  upstream::Wanted wanted(const Address& address) const noexcept {
    const upstream::Transport& transport = *transport_;
    const http::Request& request = exchange_.request;
    return {.address = address,
            .transport = transport,
            .name = transport.tls ? server_name(request.authority) : std::string_view(),
            .connect_timeout = service_.connect_timeout,
            .preamble = preamble_,
            .upgrades = !request.protocol.empty()};
  }

  void begin_try(const Address& address) {
    exchange_.record.tries.push_back({address, worker_.loop.wall(), nanoseconds(0), std::nullopt});
    try_begun_ = worker_.loop.now();
  }

  void connected() noexcept {
    exchange_.record.tries.back().balancer_latency = worker_.loop.now() - try_begun_;
  }

  http::Lease::Attempt attempt() {
    http::Lease::Attempt attempt;
    attempt.head_by = exchange_.head_by;
    attempt.read_timeout = service_.read_timeout;
    attempt.write_timeout = service_.write_timeout;
    attempt.inform = &exchange_.incoming;
    attempt.piece_max = exchange_.incoming.piece_max();
    attempt.body = body_.for_attempt();
    return attempt;
  }

  /// Whether the request may go once more after this failure.
  bool may_retry(const Error& error, http::Lease::Attempt& attempt) {
    body_.take_back(std::move(attempt.body));
    // A connection that died before the first byte of a response: what was sent may have been acted
    // on, so that only an idempotent request goes again (RFC 9110 §9.2.2). A broken or late
    // response is not asked for twice.
    const bool died = error.code == ErrorCode::upstream_closed && !attempt.head_begun;
    return (attempt.unprocessed || (died && idempotent_)) && body_.is_whole(has_body_);
  }

  /// Counts the failure; false when it was the last one.
  bool again(bool turned_away = false) {
    if (worker_.loop.now() >= exchange_.head_by) return false;
    if (turned_away && turned_away_++ < turned_away_max) return true;
    return attempts_++ < service_.retries;
  }

  /// An address of the target's name: one that did not fail yet, as long as there is one.
  Task<Result<Address>> resolve(const upstream::Target& target, TimePoint by) {
    CO_TRY(const ResolvedPtr addresses,
           co_await worker_.resolver.resolve(target.host, target.port, by));
    has_others_ = addresses->size() > 1;
    co_return upstream::pick_address(*addresses, failed_, worker_.loop.random());
  }

  /// The last try came to this. Of its address that says something unless the connection served
  /// before: then it just ended, or turned the request away.
  void fail_try(const Error& error, bool reused) {
    Try& last = exchange_.record.tries.back();
    last.error = error.code;
    if (has_others_ && !reused) failed_.push_back(last.address);
  }

  /// Whether there may be an address yet where a name had none until `by`: of another target, or
  /// while it is still asked for. The same question once more would be in vain.
  bool may_resolve(TimePoint by) const noexcept {
    return group_.targets.size() > 1 || worker_.loop.now() >= by;
  }

 private:
  /// Whether another attempt may need the body: an upstream of HTTP/2 also says of a request that
  /// is not idempotent, and whose body has begun to leave, that nobody acted on it (RFC 9113 §8.7).
  bool may_go_again() const noexcept {
    const bool shares = service_.transport.version != upstream::HttpVersion::http_1_1;
    return ((idempotent_ && service_.retries > 0) || shares) && exchange_.request.protocol.empty();
  }

  Exchange& exchange_;
  WorkerState& worker_;
  const Service& service_;
  const upstream::TargetGroup& group_;
  const upstream::Transport* transport_ = &service_.transport;
  std::optional<upstream::Transport> redirected_;  ///< to targets that see another certificate
  bool idempotent_;
  bool has_body_;
  RetryBody body_;
  std::string preamble_;
  std::vector<bool> tried_;      ///< targets
  std::vector<Address> failed_;  ///< of names with several
  bool has_others_ = false;
  std::uint32_t attempts_ = 0;
  std::uint32_t turned_away_ = 0;
  TimePoint try_begun_{};
};

http::ResponseTask forward(Exchange& exchange) {
  WorkerState& worker = exchange.worker;
  Record& record = exchange.record;
  Forwarding forwarding(exchange);
  forwarding.compose_preamble();
  for (;;) {
    const upstream::Target* target = forwarding.choose();
    if (target == nullptr)
      co_return fail(ErrorCode::no_target, "every target has weight 0, or there is none");

    Address address;
    if (target->address) {
      address = *target->address;
    } else {
      const TimePoint by = forwarding.connect_by();
      auto resolved = co_await forwarding.resolve(*target, by);
      if (!resolved) {
        if (forwarding.may_resolve(by) && forwarding.again()) continue;
        co_return std::unexpected(std::move(resolved).error());
      }
      address = *std::move(resolved);
    }

    set_host(exchange, *target, address.port);
    forwarding.begin_try(address);
    auto lease = co_await worker.pools.lease(forwarding.wanted(address), forwarding.connect_by());
    forwarding.connected();
    if (!lease) {
      forwarding.fail_try(lease.error(), false);
      if (forwarding.again()) continue;
      co_return std::unexpected(std::move(lease).error());
    }

    http::Lease::Attempt attempt = forwarding.attempt();
    http::Lease& place = **lease;
    auto response = co_await place.send(*std::move(lease), exchange.request, attempt);
    record.upstream_sent_at = attempt.sent_at;
    record.upstream_head_at = worker.loop.now();
    if (response) {
      record.source = Source::upstream;
      record.upstream_status = response->status;
      if (exchange.call_by != never) [[unlikely]]
        end_with_deadline(exchange, *response);
      co_return response;
    }
    if (!forwarding.may_retry(response.error(), attempt)) co_return response;
    forwarding.fail_try(response.error(), attempt.reused);
    if (!forwarding.again(attempt.turned_away && attempt.reused)) co_return response;
  }
}

}  // namespace

const upstream::TargetGroup& target_group(const Exchange& exchange) noexcept {
  return exchange.targets != nullptr ? *exchange.targets : exchange.route->service->targets;
}

Result<Done> begin_forward(Exchange& exchange) {
  if (exchange.route == nullptr) return fail(ErrorCode::no_route);
  const Service* service = exchange.route->service;
  if (service == nullptr) return fail(ErrorCode::no_service);
  if (const auto timeout = grpc_timeout(exchange.request))
    exchange.call_by = exchange.head_by =
        std::min(exchange.head_by, after(exchange.received_at, *timeout));
  if (exchange.call_by <= exchange.worker.loop.now()) return fail(ErrorCode::deadline_exceeded);
  const auto timeout =
      exchange.route->request_timeout ? exchange.route->request_timeout : service->request_timeout;
  if (timeout) exchange.head_by = std::min(exchange.head_by, after(exchange.received_at, *timeout));
  keep_request_head(exchange);
  prepare_forward(exchange);
  exchange.record.upstream_uri = exchange.request.target;
  return Done{};
}

http::ResponseTask proxy(Exchange& exchange) {
  auto begun = begin_forward(exchange);
  if (!begun) return std::unexpected(std::move(begun).error());
  return forward(exchange);
}

}  // namespace sluice
