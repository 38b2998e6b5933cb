#include "gateway/gateway.h"

#include <cstring>

#include "base/memory.h"
#include "gateway/access_record.h"
#include "gateway/client_admission.h"
#include "gateway/error_response.h"
#include "gateway/explain.h"
#include "gateway/forward.h"
#include "gateway/protocol_mismatch.h"

namespace sluice {
namespace {

/// Eight hex digits, a byte each.
std::uint64_t hex_digits(std::uint32_t value) {
  std::uint64_t nibbles = value;
  nibbles = (nibbles | nibbles << 16) & 0x0000'ffff'0000'ffff;
  nibbles = (nibbles | nibbles << 8) & 0x00ff'00ff'00ff'00ff;
  nibbles = (nibbles | nibbles << 4) & 0x0f0f'0f0f'0f0f'0f0f;
  const std::uint64_t letters = (nibbles + 0x0606'0606'0606'0606) >> 4 & 0x0101'0101'0101'0101;
  return nibbles + 0x3030'3030'3030'3030 + letters * ('a' - '0' - 10);
}

/// Fills 32 hex digits, as Kong's request ids: unique, not secret.
void make_request_id(Loop& loop, std::array<char, 32>& text) {
  for (std::size_t half = 0; half < 32; half += 16) {
    const std::uint64_t value = loop.random();
    const std::uint64_t digits[] = {hex_digits(static_cast<std::uint32_t>(value)),
                                    hex_digits(static_cast<std::uint32_t>(value >> 32))};
    std::memcpy(text.data() + half, digits, sizeof digits);
  }
}

/// The end of every exchange, also of one whose client left and whose task is destroyed: exactly
/// once.
class Ending {
 public:
  explicit Ending(Exchange& exchange) : exchange_(exchange) {}

  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  ~Ending() {
    Record& record = exchange_.record;
    if (!ended_) {
      record.error = ErrorCode::client_gone;
      if (record.status == 0) record.status = 499;
    }
    record.ended_at = exchange_.worker.loop.now();
    exchange_.pipeline->end(exchange_);
    count();
    put_access_record(exchange_);
  }

  void sent(const Result<Done>& result) noexcept {
    ended_ = true;
    if (result) return;
    exchange_.record.error = result.error().code;
    exchange_.record.error_detail = result.error().detail.text();
  }

 private:
  void count() const noexcept {
    telemetry::WorkerMetrics& metrics = exchange_.worker.metrics;
    const Record& record = exchange_.record;
    const http::Traffic traffic = exchange_.incoming.traffic();
    metrics.requests.add();
    metrics.responses_by_class[record.status < 600 ? record.status / 100 : 0].add();
    metrics.bytes_received.add(traffic.received);
    metrics.bytes_sent.add(traffic.sent);
    if (record.error) metrics.errors[std::to_underlying(*record.error)].add();
  }

  Exchange& exchange_;
  bool ended_ = false;
};

}  // namespace

Task<Done> Gateway::respond(http::Incoming& incoming, const http::ClientPtr& client) {
  const PinRef pin(worker_);
  Exchange exchange(worker_, *pin, incoming, client);
  exchange.pipeline = &exchange.snapshot.without_route();
  exchange.received_at = incoming.received_at();
  exchange.record.started_at = worker_.loop.wall();
  make_request_id(worker_.loop, exchange.record.request_id_text);
  Ending ending(exchange);

  auto outcome = co_await answer(exchange);
  if (!outcome) {
    exchange.record.error = outcome.error().code;
    exchange.record.error_detail = outcome.error().detail.text();
    if (outcome.error().code == ErrorCode::client_gone) {
      exchange.record.status = 499;
      ending.sent(Done{});
      co_return Done{};
    }
  }
  http::Response response =
      outcome ? *std::move(outcome) : error_response(outcome.error(), exchange);
  exchange.pipeline->dress(exchange, response);
  finish_head(exchange, response);
  exchange.record.status = response.status;
  // A body that nobody took is not read any more: the codec says so in the answer's head.
  exchange.request.body = nullptr;
  keep_response_head(exchange, response);
  if (exchange.trace != nullptr) [[unlikely]]
    show_trace(exchange, response);

  ending.sent(co_await incoming.send(std::move(response)));
  co_return Done{};
}

http::ResponseTask Gateway::answer(Exchange& exchange) {
  auto found = find_route(exchange);
  if (!found) return std::unexpected(std::move(found).error());
  if (exchange.route != nullptr)
    if (auto mismatch = protocol_mismatch(exchange)) {
      // Kong collects a route's plugins only behind this check, as it does where no route matched.
      exchange.pipeline = &exchange.snapshot.without_route();
      return Result<http::Response>(*std::move(mismatch));
    }
  return Next{exchange.pipeline->steps}(exchange);
}

Result<Done> Gateway::find_route(Exchange& exchange) {
  TRY(exchange.request, exchange.incoming.take());
  split_target(exchange);
  std::string_view explain_token;
  if (exchange.request.headers.has(http::HeaderId::x_sluice_explain)) [[unlikely]]
    explain_token = take_explain_token(exchange);
  if (memory::live_bytes() > static_cast<std::int64_t>(exchange.snapshot.settings().worker_memory))
    return fail(ErrorCode::overloaded, "limits.worker_memory");
  if (exchange.client->expects_tls) return fail(ErrorCode::plain_http);
  identify(exchange);
  if (exchange.snapshot.verifies_clients()) [[unlikely]]
    if (auto admitted = admit_client(exchange); !admitted) return admitted;
  const http::Request& request = exchange.request;
  if (request.method == "CONNECT" || request.method == "TRACE")
    return fail(ErrorCode::method_not_allowed);
  TRY(Done read, read_target(exchange));
  static_cast<void>(read);
  const Answer found = exchange.snapshot.router().match(question_of(exchange));
  if (found.route != nullptr) {
    exchange.route = found.route;
    exchange.pipeline = &found.route->pipeline;
    exchange.matched_path = found.path;
  }
  if (!explain_token.empty() || worker_.observer != nullptr) [[unlikely]]
    begin_trace(exchange, explain_token);
  return Done{};
}

}  // namespace sluice
