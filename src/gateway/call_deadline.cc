#include "gateway/call_deadline.h"

#include <utility>

#include "gateway/grpc.h"
#include "gateway/worker_state.h"
#include "runtime/scope.h"

namespace sluice {
namespace {

Task<Done> set_at(Loop& loop, TimePoint when, Event& event) {
  co_await sleep_until(loop, when);
  event.set(loop);
  co_return Done{};
}

/// Tells no length: it may end before that.
class CallBody final : public http::Body, public memory::Pooled {
 public:
  CallBody(http::BodyPtr body, Exchange& exchange)
      : body_(std::move(body)), exchange_(exchange), clock_(exchange.worker.loop, 1) {
    static_cast<void>(clock_.spawn(set_at(exchange.worker.loop, exchange.call_by, late_)));
  }

  Task<Result<Chunk>> read() override {
    if (late_.is_set()) return Result<Chunk>(end());
    auto reading = body_->read();
    if (reading.await_ready()) return reading.await_resume();
    return read_in_time(std::move(reading));
  }

  const http::Headers* trailers() const override {
    return body_ != nullptr ? body_->trailers() : &trailers_;
  }

 private:
  Task<Result<Chunk>> read_in_time(Task<Result<Chunk>> reading) {
    auto chunk = co_await Until(std::move(reading), late_);
    if (!chunk) co_return end();
    co_return *std::move(chunk);
  }

  /// Nobody waits for the rest: the upstream need not go on.
  Chunk end() {
    if (std::exchange(body_, nullptr) != nullptr) {
      exchange_.record.error = ErrorCode::deadline_exceeded;
      const ErrorKind& kind = kind_of(ErrorCode::deadline_exceeded);
      trailers_ = std::move(grpc_refusal(grpc_status(kind.status), kind.message).headers);
      trailers_.remove(http::HeaderId::content_type);
    }
    return {};
  }

  http::BodyPtr body_;
  Exchange& exchange_;
  http::Headers trailers_;
  Event late_;
  Scope clock_;  ///< last: its task uses the event
};

}  // namespace

void end_with_deadline(Exchange& exchange, http::Response& response) {
  // An answer that its head ends ("Trailers-Only") stays one.
  if (response.body != nullptr && response.body->length() != 0)
    response.body = std::make_unique<CallBody>(std::move(response.body), exchange);
}

}  // namespace sluice
