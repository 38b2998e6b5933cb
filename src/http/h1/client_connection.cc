#include "http/h1/client_connection.h"

#include <algorithm>

#include "base/memory.h"
#include "http/text.h"
#include "http/websocket.h"

namespace sluice::http::h1 {
namespace {

constexpr std::size_t head_room = 2048 - 64;

/// RFC 9110 §7.6.1 and §8.6: a request without body says so only where its method expects one.
bool expects_body(std::string_view method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

/// How the body leaves; nothing for a tunnel.
Coding coding_of(const Request& request, const Body* body, std::optional<std::uint64_t> length) {
  if (!request.protocol.empty()) return Coding::none;
  if (body != nullptr) return length ? Coding::length : Coding::chunked;
  return expects_body(request.method) ? Coding::length : Coding::none;
}

Chunk compose_head(const Request& request, Coding coding, std::optional<std::uint64_t> length) {
  HeadWriter writer(head_room);
  writer << request.method << " " << request.target << " HTTP/1.1\r\n";
  writer.field("Host", request.authority);
  writer.fields(request.headers);
  if (coding == Coding::chunked)
    writer << "Transfer-Encoding: chunked\r\n";
  else if (coding == Coding::length)
    writer << "Content-Length: " << length.value_or(0) << "\r\n";
  if (!request.protocol.empty()) {
    writer.field("Upgrade", request.protocol);
    writer << "Connection: Upgrade";
    writer << (request.accepts_trailers ? ", TE\r\n" : "\r\n");
  } else if (request.accepts_trailers) {
    writer << "Connection: TE\r\n";
  }
  if (request.accepts_trailers) writer << "TE: trailers\r\n";
  writer << "\r\n";
  return writer.take();
}

/// RFC 9110 §7.8: a server switches only to what the client named.
bool was_asked_for(std::string_view protocol, std::string_view named) noexcept {
  if (protocol.empty()) return false;
  while (!named.empty())
    if (equal_ignoring_case(next_element(named), protocol)) return true;
  return false;
}

Error as_upstream_error(Error error, ErrorCode when_timed_out) {
  switch (error.code) {
    case ErrorCode::timed_out:
      error.code = when_timed_out;
      break;
    case ErrorCode::closed:
    case ErrorCode::io_failed:
      error.code = ErrorCode::upstream_closed;
      break;
    case ErrorCode::bad_request:
    case ErrorCode::uri_too_long:
    case ErrorCode::header_too_large:
      error.code = ErrorCode::invalid_response;
      break;
    default:
      break;
  }
  return error;
}

/// The upload: pulls the request's body, frames it, writes it. Its end, good or bad, is told to the
/// response's side.
struct Upload : memory::Pooled {
  Upload(Loop& loop) : scope(loop, 1) {}

  BodyPtr body;
  Event failed;  ///< the body could not be read, or the upstream took nothing in time
  Error error;
  TimePoint moved_at{};   ///< when the upstream last took a piece, or a tunnel gave one
  bool finished = false;  ///< the whole request left
  Scope scope;            ///< last: its task, which uses all of this, is destroyed first
};

/// The response's body, made when the attempt begins, so that destruction at any time is one path.
/// Owns connection and upload.
class ResponseBody final : public Body, public memory::Pooled {
 public:
  ResponseBody(Loop& loop, std::unique_ptr<ClientConnection> connection,
               const ClientSettings& settings)
      : loop_(loop), settings_(settings), connection_(std::move(connection)) {}

  /// However a tunnel ends, what its client sent before leaves: it may wait for the turn's end.
  ~ResponseBody() override {
    if (tunnel_ && connection_ != nullptr)
      static_cast<void>(connection_->input.stream().write({}, Flush::now, never));
  }

  ResponseTask send(const Request& head, Lease::Attempt& attempt, BodyPtr self);
  Task<Result<Chunk>> read() override;
  Arrival arrival(Relay& relay) override;
  Task<Result<std::size_t>> read_into(PipePtr& pipe) override;

  bool can_read_into() const override {
    return reader_ && !tunnel_ && connection_ != nullptr &&
           reader_->can_read_into(connection_->input);
  }

  std::optional<std::uint64_t> length() const override { return declared_; }

  const Headers* trailers() const override { return reader_ ? reader_->trailers() : nullptr; }

 private:
  Task<Done> upload(Coding coding, milliseconds write_timeout);
  Done fail_upload(Error error);
  Done end_upload(Error error);
  bool settle_head(Result<Chunk> bytes, const Request& request, Lease::Attempt& attempt,
                   Result<ResponseHead>& head);
  Task<Result<ResponseHead>> read_head(const Request& request, Lease::Attempt& attempt,
                                       TimePoint waiting_since);
  Response take_head(ResponseHead head, const Lease::Attempt& attempt);
  bool may_wait_on(const Error& error, const Lease::Attempt& attempt, bool moved,
                   TimePoint& waiting_since) const;
  static void pass_on(ResponseHead head, const Lease::Attempt& attempt);
  Task<Result<Chunk>> read_later(Task<Result<Chunk>> reading);

  TimePoint tunnel_idle_at() noexcept;

  Task<Result<Chunk>> read_tunnel();
  Task<Result<Chunk>> read_tunnel_later();
  Result<Chunk> account_tunnel(Result<Chunk> result);
  template <class T>
  Result<T> account(Result<T> result);
  void finish() noexcept;

  Loop& loop_;
  const ClientSettings& settings_;
  std::unique_ptr<ClientConnection> connection_;  ///< null once given back
  std::unique_ptr<Upload> upload_;                ///< null for requests without body
  std::optional<BodyReader> reader_;
  std::optional<std::uint64_t> declared_;
  milliseconds read_timeout_{60'000};
  bool keep_alive_ = false;
  bool tunnel_ = false;  ///< a 101 was the answer
  bool gave_ = false;    ///< a piece of a tunnel, which its reader is busy with
};

class ConnectionLease final : public Lease, public memory::Pooled {
 public:
  ConnectionLease(Loop& loop, std::unique_ptr<ClientConnection> connection,
                  const ClientSettings& settings)
      : loop_(loop), settings_(settings), connection_(std::move(connection)) {}

  /// Unused, the connection is as good as before.
  ~ConnectionLease() override {
    if (connection_ != nullptr) ClientConnection::release(std::move(connection_));
  }

  ResponseTask send(std::unique_ptr<Lease>, const Request& head, Attempt& attempt) override {
    auto body = std::make_unique<ResponseBody>(loop_, std::move(connection_), settings_);
    ResponseBody& exchange = *body;
    return exchange.send(head, attempt, std::move(body));
  }

 private:
  Loop& loop_;
  const ClientSettings& settings_;
  std::unique_ptr<ClientConnection> connection_;
};

ResponseTask ResponseBody::send(const Request& request, Lease::Attempt& attempt, BodyPtr self) {
  Stream& stream = connection_->input.stream();
  attempt.reused = connection_->requests++ > 0;
  attempt.unprocessed = attempt.turned_away = false;
  read_timeout_ = attempt.read_timeout;
  connection_->input.limit_pieces(attempt.piece_max);
  const bool tunnel = !request.protocol.empty();
  const auto length = attempt.body != nullptr && !tunnel ? attempt.body->length() : std::nullopt;
  const Coding coding = coding_of(request, attempt.body.get(), length);

  attempt.sent_at = loop_.now();
  auto written =
      stream.write(Chunks(compose_head(request, coding, length)), Flush::end_of_turn, never);
  static_cast<void>(written);
  // Nothing of a tunnel leaves before it is accepted: to an upstream that answers something else,
  // its bytes would be further requests.
  if (attempt.body != nullptr && !tunnel) {
    // A connection that died while idle shows it now, before a byte of the body is taken: then
    // another attempt has it whole.
    if (attempt.reused) co_await yield(loop_);
    if (!attempt.reused || !stream.gone().is_set()) {
      upload_ = std::make_unique<Upload>(loop_);
      upload_->body = std::move(attempt.body);
      if (!upload_->scope.spawn(upload(coding, attempt.write_timeout)))
        co_return fail(ErrorCode::internal, "upload");
    }
  }

  Input& input = connection_->input;
  const TimePoint waiting_since = loop_.now();
  Result<ResponseHead> head(std::in_place);
  bool settled = false;
  if (upload_ == nullptr && input.buffered().empty()) {
    // Nearly always the whole head comes with the first read.
    const TimePoint by = std::min(attempt.head_by, after(waiting_since, attempt.read_timeout));
    if (WaitList* const arrival = input.arrival()) co_await wait_for(loop_, *arrival, by);
    auto bytes = co_await input.read(by);
    if (!bytes && bytes.error().code == ErrorCode::timed_out && by == attempt.head_by)
      bytes.error().code = ErrorCode::deadline_exceeded;
    settled = settle_head(std::move(bytes), request, attempt, head);
  }
  if (!settled) head = co_await read_head(request, attempt, waiting_since);
  if (!head) co_return std::unexpected(std::move(head).error());
  Response response = take_head(*std::move(head), attempt);
  if (response.status == 101 && attempt.body != nullptr) {
    upload_ = std::make_unique<Upload>(loop_);
    upload_->body = std::move(attempt.body);
    upload_->moved_at = loop_.now();
    tunnel_ = true;
    if (!upload_->scope.spawn(upload(Coding::until_close, attempt.write_timeout)))
      co_return fail(ErrorCode::internal, "upload");
  }
  // The rest of an upload that its upstream no longer reads is read by nobody.
  response.ends_connection = !tunnel && upload_ != nullptr && !upload_->finished && !keep_alive_;
  const bool bodiless = reader_->finished();
  if (bodiless) finish();
  // A response that ended with its head needs its body only to own an upload, or to tell a length.
  if (!bodiless || upload_ != nullptr || declared_) response.body = std::move(self);
  co_return response;
}

Response ResponseBody::take_head(ResponseHead head, const Lease::Attempt& attempt) {
  Response response;
  response.status = head.status;
  response.protocol = head.upgrade;
  response.headers = std::move(head.headers);
  keep_alive_ = head.keep_alive &&
                attempt.body == nullptr;  // a request that was not sent whole ends its connection
  reader_.emplace(head.framing, settings_.limits);
  declared_ = head.declared_length ? head.declared_length : reader_->length();
  if (head.status == 101) {
    reader_->become_tunnel();
    read_timeout_ = settings_.tunnel_idle_timeout;
    keep_alive_ = false;
  }
  return response;
}

/// Takes the first bytes of an answer. False when they are not the whole of a final head, or are
/// none: they lie buffered for read_head() then.
bool ResponseBody::settle_head(Result<Chunk> bytes, const Request& request, Lease::Attempt& attempt,
                               Result<ResponseHead>& head) {
  Input& input = connection_->input;
  if (!bytes || bytes->empty()) [[unlikely]] {
    Error error =
        bytes ? Error{ErrorCode::closed, "closed before the response"} : std::move(bytes).error();
    head = std::unexpected(as_upstream_error(std::move(error), ErrorCode::upstream_read_timeout));
    return true;
  }
  attempt.head_begun = true;
  input.put_back(*std::move(bytes));
  const std::size_t size = complete_head_size(input.buffered().text(), settings_.limits);
  if (size == 0) return false;
  if (auto parsed = parse_response(input.buffered().text().substr(0, size), request.method,
                                   settings_.limits, *head);
      !parsed) [[unlikely]] {
    head = std::unexpected(std::move(parsed).error());
    return true;
  }
  if (head->status < 200) return false;
  input.consume(size);
  return true;
}

Task<Done> ResponseBody::upload(Coding coding, milliseconds write_timeout) {
  Stream& stream = connection_->input.stream();
  Upload& state = *upload_;
  const auto declared = coding == Coding::length ? state.body->length() : std::nullopt;
  std::uint64_t delivered = 0;
  bool may_pass = declared && stream.takes_pipes();
  for (;;) {
    state.moved_at = loop_.now();
    Relay relay(stream, state.moved_at, delivered);
    auto way = state.body->arrival(relay);
    while (way.list != nullptr && !co_await wait_for(loop_, *way.list, way.until, way.broken) &&
           !relay.is_stuck() && way.extend(*state.body, relay)) {
    }
    relay.detach();
    Chunks bytes;
    if (!relay.is_stuck()) {
      auto chunk = co_await state.body->read();
      if (!chunk) co_return fail_upload(std::move(chunk).error());
      delivered += chunk->size();
      const bool at_end = chunk->empty();
      if (declared && (delivered > *declared || (at_end && delivered < *declared)))
        co_return fail_upload(
            {ErrorCode::internal, "a request body delivered another size than it declared"});
      if (at_end) break;
      bytes = frame_chunk(coding, *std::move(chunk));
    }
    auto written = co_await stream.write(std::move(bytes), Flush::end_of_turn,
                                         after(loop_.now(), write_timeout));
    if (!written) co_return end_upload(std::move(written).error());
    if (may_pass && *declared - delivered >= passed_body_min && state.body->can_read_into()) {
      Passage passage{.left = *declared - delivered, .sent = delivered};
      may_pass = co_await pass_body(loop_, *state.body, stream, write_timeout, passage);
      state.moved_at = loop_.now();
      if (passage.unread) co_return fail_upload(*std::move(passage.unread));
      if (passage.unwritten) co_return end_upload(*std::move(passage.unwritten));
    }
  }
  if (coding == Coding::until_close) {
    co_await stream.end(after(loop_.now(), write_timeout));
    co_return Done{};
  }
  if (coding == Coding::chunked)
    static_cast<void>(
        stream.write(end_of_chunks(state.body->trailers()), Flush::end_of_turn, never));
  state.moved_at = loop_.now();
  state.finished = true;
  co_return Done{};
}

Done ResponseBody::fail_upload(Error error) {
  upload_->error = std::move(error);
  upload_->failed.set(loop_);
  return {};
}

/// The upstream takes no more; it may still have answered (an early 413).
Done ResponseBody::end_upload(Error error) {
  if (error.code != ErrorCode::timed_out) return {};
  return fail_upload({ErrorCode::upstream_write_timeout, std::move(error.detail)});
}

Task<Result<ResponseHead>> ResponseBody::read_head(const Request& request, Lease::Attempt& attempt,
                                                   TimePoint waiting_since) {
  Input& input = connection_->input;
  for (std::uint32_t informed = 0;;) {
    const TimePoint deadline =
        std::min(attempt.head_by, after(waiting_since, attempt.read_timeout));
    const std::uint64_t before = input.stream().received();
    Result<std::size_t> size = 0uz;
    if (upload_ == nullptr) {
      size = co_await input.read_head(settings_.limits, read_bytes, deadline);
    } else {
      auto result =
          co_await Until(input.read_head(settings_.limits, read_bytes, deadline), upload_->failed);
      if (!result) co_return std::unexpected(upload_->error);  // in the client's terms already
      size = *std::move(result);
    }
    const bool moved = input.stream().received() > before;
    attempt.head_begun = attempt.head_begun || moved;
    if (!size) {
      if (may_wait_on(size.error(), attempt, moved, waiting_since)) continue;
      if (size.error().code == ErrorCode::timed_out && deadline == attempt.head_by)
        size.error().code = ErrorCode::deadline_exceeded;
      co_return std::unexpected(
          as_upstream_error(std::move(size).error(), ErrorCode::upstream_read_timeout));
    }
    auto head =
        parse_response(input.buffered().text().substr(0, *size), request.method, settings_.limits);
    if (!head) co_return std::unexpected(std::move(head).error());
    input.consume(*size);
    // A tunnel only for who asked for this protocol, on this request.
    if (head->status == 101 && !was_asked_for(head->upgrade, request.protocol))
      co_return fail(ErrorCode::upgrade_refused, "unasked 101");
    // RFC 6455 §4.1: else a cache or another request's answer might be taken for a handshake.
    if (head->status == 101 && is_websocket(head->upgrade) &&
        !is_accepted(request.headers, head->headers))
      co_return fail(ErrorCode::upgrade_refused,
                     "Sec-WebSocket-Accept does not fit Sec-WebSocket-Key");
    if (head->status == 101 || head->status >= 200) co_return head;
    waiting_since = loop_.now();
    if (++informed > settings_.informational_responses)
      co_return fail(ErrorCode::invalid_response,
                     "more 1xx responses than limits.informational_responses");
    pass_on(*std::move(head), attempt);
  }
}

/// read_timeout counts from the last read, and from the upload's end: until then the upstream waits
/// for the client, which has time limits of its own, or takes bytes, which has write_timeout.
bool ResponseBody::may_wait_on(const Error& error, const Lease::Attempt& attempt, bool moved,
                               TimePoint& waiting_since) const {
  if (error.code != ErrorCode::timed_out || loop_.now() >= attempt.head_by) return false;
  const bool uploads = upload_ != nullptr && upload_->scope.size() > 0;
  TimePoint since = moved || uploads ? loop_.now() : waiting_since;
  if (upload_ != nullptr) since = std::max(since, upload_->moved_at);
  return std::exchange(waiting_since, std::max(waiting_since, since)) < since;
}

void ResponseBody::pass_on(ResponseHead head, const Lease::Attempt& attempt) {
  if (attempt.inform == nullptr) return;
  Response information{.status = head.status, .headers = std::move(head.headers)};
  attempt.inform->inform(information);
}

Task<Result<Chunk>> ResponseBody::read() {
  if (!reader_ || reader_->finished()) {
    finish();
    return Result<Chunk>(Chunk());
  }
  if (tunnel_) return read_tunnel();
  auto reading = reader_->read(connection_->input, after(loop_.now(), read_timeout_));
  if (!reading.await_ready()) return read_later(std::move(reading));
  return account(reading.await_resume());
}

Task<Result<std::size_t>> ResponseBody::read_into(PipePtr& pipe) {
  if (!can_read_into()) co_return 0uz;
  co_return account(
      co_await reader_->read_into(connection_->input, pipe, after(loop_.now(), read_timeout_)));
}

Task<Result<Chunk>> ResponseBody::read_later(Task<Result<Chunk>> reading) {
  co_return account(co_await std::move(reading));
}

/// Who asks for more has put the last piece where it belongs: so long a tunnel was not idle.
TimePoint ResponseBody::tunnel_idle_at() noexcept {
  if (std::exchange(gave_, false)) upload_->moved_at = loop_.now();
  return after(upload_->moved_at, read_timeout_);
}

Body::Arrival ResponseBody::arrival(Relay& relay) {
  if (!tunnel_ || connection_ == nullptr || reader_->finished() || upload_->failed.is_set())
    return {};
  const TimePoint idle_at = tunnel_idle_at();
  return {connection_->input.raw_arrival(relay, upload_->moved_at), idle_at, &upload_->failed};
}

/// It has no use once the client's connection broke.
Task<Result<Chunk>> ResponseBody::read_tunnel() {
  if (upload_->failed.is_set()) return std::unexpected(upload_->error);
  auto reading = connection_->input.read_raw(tunnel_idle_at());
  if (!reading.await_ready()) return read_tunnel_later();
  return account_tunnel(reading.await_resume());
}

Task<Result<Chunk>> ResponseBody::read_tunnel_later() {
  for (;;) {
    const TimePoint idle_at = tunnel_idle_at();
    auto chunk = co_await Until(connection_->input.read_raw(idle_at), upload_->failed);
    if (!chunk) co_return std::unexpected(upload_->error);
    // A tunnel is idle when both directions are.
    if (*chunk || chunk->error().code != ErrorCode::timed_out || tunnel_idle_at() <= idle_at)
      co_return account_tunnel(*std::move(chunk));
  }
}

Result<Chunk> ResponseBody::account_tunnel(Result<Chunk> result) {
  if (result) {
    gave_ = true;
    connection_->input.took_raw(result->size());
  }
  return account(std::move(result));
}

template <class T>
Result<T> ResponseBody::account(Result<T> result) {
  if (!result)
    return std::unexpected(
        as_upstream_error(std::move(result).error(), ErrorCode::upstream_read_timeout));
  if constexpr (std::is_same_v<T, Chunk>) {
    if (result->empty()) reader_->end();
  }
  if (reader_->finished()) finish();
  return result;
}

/// The response is complete: the connection goes back, unless something of it is left over (an
/// unfinished upload, surplus bytes).
void ResponseBody::finish() noexcept {
  if (connection_ == nullptr) return;
  const bool clean = keep_alive_ && connection_->input.buffered().empty() &&
                     (upload_ == nullptr || upload_->finished);
  if (clean && (upload_ == nullptr || upload_->scope.size() == 0))
    return ClientConnection::release(std::move(connection_));
  // The response's end ends the upload; a connection with half a request on it is of no use.
  keep_alive_ = false;
}

}  // namespace

LeasePtr make_lease(Loop& loop, std::unique_ptr<ClientConnection> connection,
                    const ClientSettings& settings) {
  return std::make_unique<ConnectionLease>(loop, std::move(connection), settings);
}

Chunk head_of(const Request& request, const Body* body) {
  const auto length = body != nullptr && request.protocol.empty() ? body->length() : std::nullopt;
  return compose_head(request, coding_of(request, body, length), length);
}

}  // namespace sluice::http::h1
