#include "http/h2/client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "http/h2/bodies.h"

namespace sluice::http::h2 {
namespace {

using enum ErrorCode;

/// The upload: a task of its own, since the answer may come first.
struct Upload : memory::Pooled {
  explicit Upload(Loop& loop) : scope(loop, 1) {}

  BodyPtr body;
  Event failed;  ///< the body could not be read
  Error error;
  bool finished = false;
  Scope scope;  ///< last: its task, which uses all of this, is destroyed first
};

Task<Done> upload(StatePtr state, Upload& upload, milliseconds write_timeout) {
  const SentBody sent = co_await send_body(*state, *upload.body, write_timeout);
  upload.finished = sent.how == Sent::whole;
  if (sent.how == Sent::body_failed || sent.how == Sent::peer_is_slow) {
    upload.error = sent.how == Sent::body_failed
                       ? sent.error
                       : Error{upstream_write_timeout, "the upstream takes no bytes"};
    upload.failed.set(state->loop);
    state->readers.wake_all(state->loop);  // who waits for the head
  }
  co_return Done{};
}

/// A response's data. Owns the upload, which may still run, and the stream: destroyed before the
/// end, it resets it.
class ResponseBody final : public StreamBody {
 public:
  ResponseBody(StatePtr state, std::unique_ptr<Upload> upload, std::optional<std::uint64_t> length,
               milliseconds idle)
      : StreamBody(std::move(state), length, idle), upload_(std::move(upload)) {}

  ~ResponseBody() override {
    upload_.reset();
    if (state().session != nullptr) state().session->reset(state(), error_code::cancel);
  }

  Task<Result<Chunk>> read() override {
    auto reading = StreamBody::read();
    if (!reading.await_ready()) return read_translated(std::move(reading));
    return translated(reading.await_resume());
  }

 private:
  Task<Result<Chunk>> read_translated(Task<Result<Chunk>> reading) {
    if (upload_ == nullptr) co_return translated(co_await std::move(reading));
    auto chunk = co_await Until(std::move(reading), upload_->failed);
    if (!chunk) co_return std::unexpected(upload_->error);  // in the client's terms already
    co_return translated(*std::move(chunk));
  }

  static Result<Chunk> translated(Result<Chunk> chunk) {
    if (!chunk)
      chunk.error().code =
          chunk.error().code == timed_out ? upstream_read_timeout : upstream_closed;
    return chunk;
  }

  std::unique_ptr<Upload> upload_;
};

}  // namespace

/// A place for one request.
class StreamLease final : public Lease, public memory::Pooled {
 public:
  explicit StreamLease(std::shared_ptr<ClientConnection> connection)
      : connection_(std::move(connection)) {
    ++connection_->reserved_;
  }

  ~StreamLease() override {
    if (std::exchange(reserved_, false)) --connection_->reserved_;
    // Given up before its answer: the upstream need not go on.
    if (state_ != nullptr && state_->session != nullptr) {
      state_->session->reset(*state_, error_code::cancel);
      state_->session->drop_input(*state_);
    }
    connection_->tell_home();
  }

  ResponseTask send(std::unique_ptr<Lease> self, const Request& request,
                    Attempt& attempt) override {
    return exchange(std::move(self), request, attempt);
  }

 private:
  ResponseTask exchange(std::unique_ptr<Lease> self, const Request& request, Attempt& attempt);
  static bool has_data(const Attempt& attempt);
  bool submit(const Request& request, const Attempt& attempt);
  std::string why_no_response(const StreamState& state) const;
  Task<Result<Done>> wait_for_head(Attempt& attempt);
  Result<Done> pass_on(const Attempt& attempt, std::uint32_t& informed);

  std::shared_ptr<ClientConnection> connection_;
  bool reserved_ = true;
  StatePtr state_;
  std::unique_ptr<Upload> upload_;
};

/// A body of no bytes stays where it is, for another attempt.
bool StreamLease::has_data(const Attempt& attempt) {
  return attempt.body != nullptr && attempt.body->length() != 0;
}

bool StreamLease::submit(const Request& request, const Attempt& attempt) {
  Session& session = connection_->session_;
  state_ = std::make_shared<StreamState>(session, session.loop());
  FieldList fields;
  fields.add(":method", request.method);
  fields.add(":scheme", request.scheme);
  if (!request.authority.empty()) fields.add(":authority", request.authority);
  fields.add(":path", request.target);
  fields.add_all(request.headers);
  if (request.accepts_trailers) fields.add("te", "trailers");
  std::array<char, 20> digits;
  if (const auto length = attempt.body ? attempt.body->length() : std::nullopt) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *length).ptr;
    fields.add("content-length", {digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  if (std::exchange(reserved_, false)) --connection_->reserved_;
  return session.submit_request(state_, fields, has_data(attempt));
}

ResponseTask StreamLease::exchange(std::unique_ptr<Lease> self, const Request& request,
                                   Attempt& attempt) {
  attempt.reused = connection_->requests_++ > 0;
  attempt.unprocessed = attempt.turned_away = false;
  Loop& loop = connection_->session_.loop();
  attempt.sent_at = loop.now();
  if (!submit(request, attempt)) {
    attempt.unprocessed = attempt.turned_away = true;
    co_return fail(upstream_closed, "the connection takes no further requests");
  }
  if (has_data(attempt)) {
    // A connection that is dead already shows it now, before a byte of the body is taken: then
    // another attempt has it whole.
    co_await yield(loop);
    if (state_->alive()) {
      upload_ = std::make_unique<Upload>(loop);
      upload_->body = std::move(attempt.body);
      if (!upload_->scope.spawn(upload(state_, *upload_, attempt.write_timeout)))
        co_return fail(internal, "upload");
    }
  }
  auto waited = co_await wait_for_head(attempt);
  if (!waited) co_return std::unexpected(std::move(waited).error());

  attempt.head_begun = true;
  auto head = state_->head->response(request.method, connection_->settings_.limits);
  if (!head) co_return std::unexpected(std::move(head).error());
  Response response;
  response.status = head->status;
  response.headers = std::move(head->headers);
  const bool at_end = state_->in_end && state_->in.empty();
  auto length = head->declared_length ? head->declared_length
                : head->framing.kind == h1::Framing::Kind::length
                    ? std::optional(head->framing.length)
                    : std::nullopt;
  // That the head was all is itself an answer: of gRPC, "Trailers-Only".
  const bool has_length = head->status != 204 && head->status != 304 && request.method != "HEAD";
  const bool has_trailers = !state_->in_trailers.empty();
  if (at_end && !length && has_length && !has_trailers) length = 0;
  // An answer that ended with its head needs a body only to own an upload, to tell a length, or for
  // trailers.
  if (!at_end || upload_ != nullptr || length || has_trailers)
    response.body = std::make_unique<ResponseBody>(
        std::exchange(state_, nullptr), std::move(upload_), length, attempt.read_timeout);
  else
    state_ = nullptr;
  co_return response;
}

std::string StreamLease::why_no_response(const StreamState& state) const {
  if (state.session != nullptr)
    return "the upstream reset the stream, code " + std::to_string(state.error_code);
  return connection_->session_.is_greeted()
             ? "the connection ended before the response"
             : "the connection ended without SETTINGS of HTTP/2: the upstream may not speak it";
}

Task<Result<Done>> StreamLease::wait_for_head(Attempt& attempt) {
  StreamState& state = *state_;
  Loop& loop = state.loop;
  TimePoint since = loop.now();
  std::uint32_t informed = 0;
  for (;;) {
    // Those that came in one piece with the final head, too.
    if (!state.early_heads.empty()) since = loop.now();
    CO_TRY(Done passed, pass_on(attempt, informed));
    static_cast<void>(passed);
    if (state.head) co_return Done{};
    if (upload_ != nullptr && upload_->failed.is_set()) co_return std::unexpected(upload_->error);
    if (!state.alive()) {
      // Nobody acted on it: RFC 9113 §8.7.
      attempt.unprocessed = state.error_code == error_code::refused_stream;
      attempt.turned_away = attempt.unprocessed && !connection_->session_.takes_requests();
      // An upstream that has had enough of a connection may refuse every further stream on it.
      if (state.error_code == error_code::enhance_your_calm) connection_->shut_down();
      co_return fail(upstream_closed, why_no_response(state));
    }
    // The time to answer begins with the upload's end: until then the client has limits of its own.
    const bool uploading = upload_ != nullptr && upload_->scope.size() > 0;
    if (uploading) since = loop.now();
    const TimePoint deadline = std::min(attempt.head_by, after(since, attempt.read_timeout));
    const bool woken = co_await wait_for(loop, state.readers, deadline);
    if (woken || state.head || !state.early_heads.empty()) continue;
    if (loop.now() >= attempt.head_by) co_return fail(deadline_exceeded, "no response in time");
    if (upload_ != nullptr && upload_->scope.size() > 0) continue;
    if (uploading) continue;
    co_return fail(upstream_read_timeout, "no response in time");
  }
}

/// Tells the 1xx heads that came.
Result<Done> StreamLease::pass_on(const Attempt& attempt, std::uint32_t& informed) {
  for (HeadText& text : std::exchange(state_->early_heads, {})) {
    if (++informed > connection_->settings_.informational_responses)
      return fail(invalid_response, "more 1xx responses than limits.informational_responses");
    TRY(h1::ResponseHead head, text.response("GET", connection_->settings_.limits));
    Response information;
    information.status = head.status;
    information.headers = std::move(head.headers);
    if (attempt.inform != nullptr) attempt.inform->inform(information);
  }
  return Done{};
}

ClientConnection::ClientConnection(Loop& loop, StreamPtr stream, const h1::ClientSettings& settings,
                                   milliseconds idle_timeout, ClientHome& home)
    : settings_(settings),
      home_(home),
      session_settings_{.limits = settings.limits, .idle_timeout = idle_timeout},
      session_(loop, Session::Role::client, std::move(stream), session_settings_, *this) {}

Task<Done> ClientConnection::run(std::shared_ptr<ClientConnection> self) {
  {
    // However it ends: its owner may also destroy this frame.
    struct End {
      explicit End(ClientConnection& its_connection) : connection(its_connection) {}

      End(const End&) = delete;
      End& operator=(const End&) = delete;

      ~End() { connection.over_ = true; }

      ClientConnection& connection;
    };

    const End end(*self);
    co_await self->session_.run();
  }
  self->home_.on_change();
  co_return Done{};
}

void ClientConnection::on_information(StreamState& state, HeadText head) {
  // More than the limit is an error of the waiting exchange, which needs only to see that.
  if (state.early_heads.size() <= settings_.informational_responses)
    state.early_heads.push_back(std::move(head));
  state.readers.wake_all(state.loop);
}

LeasePtr ClientConnection::lease() {
  return std::make_unique<StreamLease>(shared_from_this());
}

}  // namespace sluice::http::h2
