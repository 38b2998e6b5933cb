#include "gateway/call_deadline.h"

#include <utility>

#include "gateway/grpc.h"
#include "gateway/worker_state.h"
#include "runtime/scope.h"

namespace sluice {
namespace {

/// Tells no length: it may end before that.
class CallBody final : public http::Body, public memory::Pooled {
 public:
  CallBody(http::BodyPtr body, Exchange& exchange)
      : body_(std::move(body)), exchange_(exchange), clock_(exchange.worker.loop, 1) {
    static_cast<void>(clock_.spawn(watch(*this)));
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
  static Task<Done> watch(CallBody& body) {
    Loop& loop = body.exchange_.worker.loop;
    co_await sleep_until(loop, body.exchange_.call_by);
    body.late_.set(loop);
    // Also while nobody reads, since the client takes no bytes.
    if (!body.reads_) body.end();
    co_return Done{};
  }

  Task<Result<Chunk>> read_in_time(Task<Result<Chunk>> reading) {
    reads_ = true;
    auto chunk = co_await Until(std::move(reading), late_);
    reads_ = false;
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
  bool reads_ = false;
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
