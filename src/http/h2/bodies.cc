#include "http/h2/bodies.h"

namespace sluice::http::h2 {
StreamBody::~StreamBody() {
  if (state_->session != nullptr) state_->session->drop_input(*state_);
}

/// What there is to say without waiting.
std::optional<Result<Chunk>> StreamBody::next() {
  StreamState& state = *state_;
  if (!state.in.empty()) {
    Chunk chunk = std::move(state.in[0]);
    state.in.drop_front(1);
    state.in_bytes -= chunk.size();
    if (state.session != nullptr) state.session->credit(state, chunk.size());
    return chunk;
  }
  if (state.in_end) return Chunk();
  if (!state.alive()) return fail(ErrorCode::closed, "the stream was reset");
  return std::nullopt;
}

Task<Result<Chunk>> StreamBody::read() {
  if (auto chunk = next()) return *std::move(chunk);
  return read_later();
}

Task<Result<Chunk>> StreamBody::read_later() {
  StreamState& state = *state_;
  for (TimePoint since = state.loop.now();;) {
    const bool woken = co_await wait_for(state.loop, state.readers, after(since, idle_));
    if (auto chunk = next()) co_return *std::move(chunk);
    if (woken) continue;
    if (!converses_ || state.sent_at <= since)
      co_return fail(ErrorCode::timed_out, "no data in time");
    since = state.sent_at;
  }
}

Task<SentBody> send_body(StreamState& state, Body& body, milliseconds patience) {
  const auto declared = body.length();
  std::uint64_t delivered = 0;
  for (;;) {
    auto chunk = co_await body.read();
    if (!chunk) co_return SentBody{Sent::body_failed, std::move(chunk).error()};
    if (!state.alive()) co_return SentBody{Sent::peer_gone, {}};
    delivered += chunk->size();
    const bool at_end = chunk->empty();
    if (declared && (delivered > *declared || (at_end && delivered < *declared)))
      co_return SentBody{Sent::body_failed,
                         {ErrorCode::internal, "a body delivered another size than it declared"}};
    if (!at_end) {
      state.session->queue(state, *std::move(chunk));
    } else if (const Headers* trailers = body.trailers()) {
      for (const Headers::Field& field : trailers->fields())
        static_cast<void>(state.out_trailers.add(field.name(), field.value()));
    }
    state.out_end = at_end;
    state.session->resume(state);
    if (state.out_end) co_return SentBody{};
    while (state.alive() && state.session->has_enough(state)) {
      const std::size_t before = state.out_bytes;
      co_await wait_for(state.loop, state.room, after(state.loop.now(), patience));
      if (state.alive() && state.out_bytes == before) co_return SentBody{Sent::peer_is_slow, {}};
    }
  }
}

Task<bool> finish_sending(StreamState& state, milliseconds patience) {
  while (state.alive() && !state.out_finished) {
    const std::size_t before = state.out_bytes;
    const bool woken = co_await wait_for(state.loop, state.room, after(state.loop.now(), patience));
    if (!woken && state.alive() && state.out_bytes == before) co_return false;
  }
  co_return state.out_finished;
}

}  // namespace sluice::http::h2
