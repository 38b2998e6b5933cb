#include "http/h2/server.h"

#include <array>
#include <charconv>
#include <string>

#include "http/h2/bodies.h"
#include "http/text.h"
#include "http/websocket.h"

namespace sluice::http::h2 {
namespace {

using enum ErrorCode;

// Of a malformed request, for the log.
constexpr std::size_t raw_line_max = 256;

Error in_client_terms(Error error) {
  if (error.code == timed_out) error.code = request_timeout;
  if (error.code == closed || error.code == io_failed) error.code = client_gone;
  return error;
}

bool never_has_body(std::uint16_t status) noexcept {
  return status == 204 || status == 304;
}

/// A request's data, with what the exchange wants to know of them.
class RequestBody final : public StreamBody {
 public:
  RequestBody(StatePtr state, std::optional<std::uint64_t> length, const ServerSettings& settings,
              bool converses, bool expects_continue)
      : StreamBody(std::move(state), length,
                   converses ? settings.tunnel_idle_timeout : settings.body_idle_timeout,
                   converses),
        limit_(settings.body_bytes),
        expects_continue_(expects_continue) {}

  Task<Result<Chunk>> read() override {
    if (std::exchange(expects_continue_, false)) inform_continue();
    auto reading = StreamBody::read();
    if (!reading.await_ready()) return read_counted(std::move(reading));
    return count(reading.await_resume());
  }

 private:
  Task<Result<Chunk>> read_counted(Task<Result<Chunk>> reading) {
    co_return count(co_await std::move(reading));
  }

  Result<Chunk> count(Result<Chunk> chunk) {
    if (!chunk) return std::unexpected(in_client_terms(std::move(chunk).error()));
    delivered_ += chunk->size();
    if (limit_ != 0 && delivered_ > limit_) return fail(payload_too_large, "limits.body_bytes");
    return chunk;
  }

  void inform_continue() {
    if (!state().alive() || state().head_sent) return;
    FieldList fields;
    fields.add(":status", "100");
    state().session->submit_information(state(), fields);
  }

  std::uint64_t limit_;
  std::uint64_t delivered_ = 0;
  bool expects_continue_;
};

/// One request and its answer, as Incoming.
class ServerExchange final : public Incoming {
 public:
  ServerExchange(StatePtr state, const ServerSettings& settings, const Client& client)
      : state_(std::move(state)), settings_(settings), client_(client) {}

  /// Not taken: nobody acted on it, and the client may send it again. Not answered to the end: the
  /// client must not take what it has for all.
  ~ServerExchange() override {
    StreamState& state = *state_;
    if (state.session == nullptr) return;
    if (!taken_)
      state.session->reset(state, error_code::refused_stream);
    else if (!state.out_finished)
      state.session->end_unfinished(state, error_code::internal_error);
    else if (!state.in_end)  // RFC 9113 §8.1: the answer is complete, the rest is not wanted
      state.session->reset(state, error_code::no_error);
    state.session->drop_input(state);
  }

  Result<Request> take() override;
  bool inform(const Response& head) override;
  Task<Result<Done>> send(Response response) override;

  Traffic traffic() const override { return state_->traffic; }

  TimePoint received_at() const override { return state_->begun_at; }

  std::string_view raw_line() const override { return raw_line_; }

  std::size_t piece_max() const override {
    return state_->session != nullptr ? state_->session->piece_max() : Incoming::piece_max();
  }

  bool was_grpc_call() const override { return state_->head->is_grpc_call(); }

 private:
  Task<Result<Done>> send_with_body(BodyPtr body);
  Task<Result<Done>> send_without_body(BodyPtr body);
  void submit(const Response& response, bool has_body);

  StatePtr state_;
  const ServerSettings& settings_;
  const Client& client_;
  std::string raw_line_;
  bool taken_ = false;
  bool is_head_method_ = false;
  bool is_tunnel_ = false;  ///< an extended CONNECT
  std::uint32_t informed_ = 0;
};

Result<Request> ServerExchange::take() {
  taken_ = true;
  HeadText& text = *state_->head;
  auto head = text.request(settings_.limits);
  if (!head) {
    raw_line_ = text.path().substr(0, raw_line_max);
    return std::unexpected(std::move(head).error());
  }
  is_head_method_ = head->method == "HEAD";

  Request request;
  request.method = head->method;
  request.scheme = client_.scheme;
  request.authority = head->authority;
  request.target = head->target;
  request.protocol = head->upgrade;
  is_tunnel_ = text.is_extended_connect();
  request.accepts_trailers = text.accepts_trailers();
  request.http_major = 2;
  request.http_minor = 0;
  request.headers = std::move(head->headers);
  // RFC 8441 §5: HTTP/2 has no key, HTTP/1.1 wants one.
  if (is_tunnel_ && !is_websocket(request.protocol))
    return fail(bad_request, "an unknown :protocol");
  if (is_tunnel_) {
    request.headers.remove("sec-websocket-key");
    TRY(Done set, request.headers.set("sec-websocket-key",
                                      websocket_key(state_->loop.random(), state_->loop.random())));
    static_cast<void>(set);
  }
  const auto length = head->framing.kind == h1::Framing::Kind::length
                          ? std::optional(head->framing.length)
                          : std::nullopt;
  if (state_->in_end && state_->in.empty()) {
    if (length.value_or(0) != 0) return fail(bad_request, "less data than Content-Length");
    return request;
  }
  if (settings_.body_bytes != 0 && length.value_or(0) > settings_.body_bytes)
    return fail(payload_too_large, "Content-Length exceeds limits.body_bytes");
  request.expects_continue = text.expects_continue();
  // A conversation may be silent for long: a tunnel, a call of gRPC whose client has its say later.
  const auto type = request.headers.get(HeaderId::content_type);
  const bool converses = is_tunnel_ || (type && starts_ignoring_case(*type, "application/grpc"));
  request.body = std::make_unique<RequestBody>(state_, is_tunnel_ ? std::nullopt : length,
                                               settings_, converses, request.expects_continue);
  return request;
}

bool ServerExchange::inform(const Response& head) {
  if (!state_->alive() || state_->head_sent || ++informed_ > settings_.informational_responses)
    return false;
  submit(head, true);
  return true;
}

void ServerExchange::submit(const Response& response, bool has_body) {
  StreamState& state = *state_;
  std::array<char, 3> status;
  // RFC 8441 §5: a tunnel is accepted with 200.
  const unsigned code = response.status == 101 ? 200 : response.status;
  std::to_chars(status.data(), status.data() + status.size(), code);
  std::array<char, 20> digits;
  FieldList fields;
  fields.add(":status", {status.data(), status.size()});
  fields.add_all(response.headers);
  if (code < 200) {
    state.session->submit_information(state, fields);
    return;
  }
  if (!response.headers.has(HeaderId::date)) fields.add("date", http_date(state.loop.wall()));
  const auto length = response.body ? response.body->length() : std::nullopt;
  if (length && code != 204) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *length).ptr;
    fields.add("content-length", {digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  state.head_sent = true;
  state.session->submit_head(state, fields, has_body);
}

Task<Result<Done>> ServerExchange::send(Response response) {
  StreamState& state = *state_;
  if (!state.alive()) return fail(client_gone, "the stream was reset");
  if (response.status == 101 && (!is_tunnel_ || response.body == nullptr))
    return fail(upgrade_refused, "not asked for");
  // RFC 8441 §5: to the client, success is the tunnel. An upstream that only answered made none.
  if (is_tunnel_ && response.status / 100 == 2) {
    response = Response{};
    response.status = 502;
  }
  const bool bodiless = is_head_method_ || never_has_body(response.status) ||
                        response.body == nullptr ||
                        (response.body->length() == 0 && response.body->trailers() == nullptr);
  if (response.status == 101) response.headers.remove("sec-websocket-accept");
  submit(response, !bodiless);
  // `ends_connection` is about bytes that nobody reads: here they end with their stream.
  BodyPtr body = std::move(response.body);
  return bodiless ? send_without_body(std::move(body)) : send_with_body(std::move(body));
}

Task<Result<Done>> ServerExchange::send_without_body(BodyPtr body) {
  // Reading to its end gives its lease back.
  if (body != nullptr) co_await body->read();
  body = nullptr;
  if (!co_await finish_sending(*state_, settings_.write_idle_timeout))
    co_return fail(client_gone, "the client takes no bytes");
  if (state_->session != nullptr) state_->session->earn();
  co_return Done{};
}

Task<Result<Done>> ServerExchange::send_with_body(BodyPtr body) {
  StreamState& state = *state_;
  const SentBody sent = co_await send_body(state, *body, settings_.write_idle_timeout);
  body = nullptr;
  switch (sent.how) {
    case Sent::whole:
      if (!co_await finish_sending(state, settings_.write_idle_timeout))
        co_return fail(client_gone, "the client takes no bytes");
      if (state.session != nullptr) state.session->earn();
      co_return Done{};
    case Sent::body_failed:
      co_return std::unexpected(sent.error);
    case Sent::peer_is_slow:
      state.session->reset(state, error_code::cancel);
      [[fallthrough]];
    case Sent::peer_gone:
      break;
  }
  co_return fail(client_gone, "the client left");
}

/// A client's connection. Owned by the frame of serve().
class ServerConnection final : public SessionEvents, public memory::Pooled {
 public:
  // NOLINTNEXTLINE(readability-function-size): as http::serve
  ServerConnection(Loop& loop, StreamPtr stream, const ServerSettings& settings, Handler& handler,
                   ClientPtr client, Event& closing)
      : loop_(loop),
        settings_(settings),
        handler_(handler),
        client_(std::move(client)),
        session_settings_{.limits = settings.limits,
                          .streams = settings.streams,
                          .idle_timeout = settings.keep_alive_timeout,
                          .header_timeout = settings.header_timeout,
                          .write_timeout = settings.write_idle_timeout,
                          .idle_connections = client_->idle},
        // Streams that were reset have their exchange to the end of the turn: one in its place is
        // refused by no rule.
        exchanges_(loop, 2uz * session_settings_.streams),
        closing_(loop, 1),
        session_(loop, Session::Role::server, std::move(stream), session_settings_, *this) {
    static_cast<void>(closing_.spawn(heed(closing)));
  }

  static Task<Done> run(std::unique_ptr<ServerConnection> self) {
    co_await self->session_.run();
    // Their streams are closed: each ends as its client's departure.
    co_await self->exchanges_.join();
    co_return Done{};
  }

 private:
  void on_request(const StatePtr& state) override {
    if (!exchanges_.spawn(exchange(state))) {
      session_.reset(*state, error_code::refused_stream);
      session_.drop_input(*state);
    }
    if (++requests_ == settings_.requests_per_connection) session_.shut_down();
  }

  Task<Done> exchange(StatePtr state) {
    ServerExchange incoming(state, settings_, *client_);
    Race<Done> answer(handler_.respond(incoming, client_));
    while (!co_await answer.begun_until(state->gone)) {
      if (!state->closed || !state->out_finished) co_return Done{};
      co_await answer.end();
    }
    co_return Done{};
  }

  Task<Done> heed(Event& closing) {
    if (!closing.is_set()) co_await wait_for(loop_, closing.waiting());
    session_.shut_down();
    co_return Done{};
  }

  Loop& loop_;
  const ServerSettings& settings_;
  Handler& handler_;
  ClientPtr client_;
  SessionSettings session_settings_;
  std::uint32_t requests_ = 0;
  Scope exchanges_;
  Scope closing_;
  Session session_;  ///< last: its end, which closes all streams, comes first
};

}  // namespace

// NOLINTNEXTLINE(readability-function-size): as http::serve
Task<Done> serve(Loop& loop, StreamPtr stream, const ServerSettings& settings, Handler& handler,
                 ClientPtr client, Event& closing) {
  return ServerConnection::run(std::make_unique<ServerConnection>(
      loop, std::move(stream), settings, handler, std::move(client), closing));
}

}  // namespace sluice::http::h2
