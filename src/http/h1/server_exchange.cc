#include "http/h1/server_exchange.h"

#include <algorithm>

namespace sluice::http::h1 {
namespace {

// A response's head with the gateway's own fields; grows when it must.
constexpr std::size_t head_room = 2048 - 64;
// A body up to this size is copied behind its head: one piece for the kernel is cheaper than two.
// The head of a larger one is copied in front of it, where there is room.
constexpr std::size_t joined_body_max = 1024;
constexpr std::size_t raw_line_max = 256;

Error in_client_terms(Error error) {
  if (error.code == ErrorCode::timed_out) error.code = ErrorCode::request_timeout;
  if (error.code == ErrorCode::closed || error.code == ErrorCode::io_failed)
    error.code = ErrorCode::client_gone;
  return error;
}

bool is_informational(std::uint16_t status) noexcept {
  return status >= 100 && status < 200;
}

/// RFC 9110 §6.4.1: these never have a body.
bool never_has_body(std::uint16_t status) noexcept {
  return is_informational(status) || status == 204 || status == 304;
}

auto client_gone() {
  return fail(ErrorCode::client_gone, "the client's connection is gone");
}

}  // namespace

RequestBody::RequestBody(ServerExchange& exchange, Framing framing, const Limits& limits)
    : exchange_(&exchange), reader_(framing, limits) {
  exchange.body_ = this;
}

RequestBody::~RequestBody() {
  if (exchange_ != nullptr) exchange_->body_ = nullptr;
}

Task<Result<Chunk>> RequestBody::read() {
  if (exchange_ == nullptr) return client_gone();
  ServerExchange& exchange = *exchange_;
  if (!exchange.upgrade_.empty()) return read_tunnel();
  if (std::exchange(exchange.expects_continue_, false) && !exchange.head_sent_)
    exchange.write(Chunks(Chunk::of_static("HTTP/1.1 100 Continue\r\n\r\n")), Flush::now);
  ServerConnection& connection = exchange.connection_;
  auto reading = reader_.read(connection.input_,
                              after(exchange.loop_.now(), connection.settings_.body_idle_timeout));
  if (!reading.await_ready()) return read_later(std::move(reading));
  return account(reading.await_resume());
}

Task<Result<Chunk>> RequestBody::read_later(Task<Result<Chunk>> reading) {
  co_return account(co_await std::move(reading));
}

/// Who asks for more has put the last piece where it belongs: so long a tunnel was not idle.
TimePoint RequestBody::tunnel_idle_at() noexcept {
  if (std::exchange(gave_, false)) exchange_->tunnel_moved_at_ = exchange_->loop_.now();
  return after(exchange_->tunnel_moved_at_, exchange_->connection_.settings_.tunnel_idle_timeout);
}

Body::Arrival RequestBody::arrival(Relay& relay) {
  if (exchange_ == nullptr || !exchange_->is_tunnel()) return {};
  Input& input = exchange_->connection_.input_;
  const TimePoint idle_at = tunnel_idle_at();
  return {input.raw_arrival(relay, exchange_->tunnel_moved_at_), idle_at};
}

Task<Result<Chunk>> RequestBody::read_tunnel() {
  if (exchange_->is_tunnel()) {
    auto reading = exchange_->connection_.input_.read_raw(tunnel_idle_at());
    if (reading.await_ready()) return account_tunnel(reading.await_resume());
  }
  return read_tunnel_later();
}

Task<Result<Chunk>> RequestBody::read_tunnel_later() {
  // Nothing before the upgrade is accepted: these bytes are not for an upstream that answers
  // something else.
  if (!exchange_->is_tunnel()) co_await wait_for(exchange_->loop_, exchange_->tunnel_.waiting());
  while (exchange_ != nullptr) {
    const TimePoint idle_at = tunnel_idle_at();
    auto chunk = co_await exchange_->connection_.input_.read_raw(idle_at);
    if (exchange_ == nullptr) break;
    // Silent is only a tunnel that is silent in both directions.
    if (chunk || chunk.error().code != ErrorCode::timed_out || tunnel_idle_at() <= idle_at)
      co_return account_tunnel(std::move(chunk));
  }
  co_return client_gone();
}

Result<Chunk> RequestBody::account_tunnel(Result<Chunk> result) {
  if (!result) return std::unexpected(in_client_terms(std::move(result).error()));
  gave_ = true;
  exchange_->connection_.input_.took_raw(result->size());
  return result;
}

bool RequestBody::can_read_into() const {
  return exchange_ != nullptr && exchange_->upgrade_.empty() &&
         reader_.can_read_into(exchange_->connection_.input_);
}

Task<Result<std::size_t>> RequestBody::read_into(PipePtr& pipe) {
  if (!can_read_into()) co_return 0uz;
  ServerConnection& connection = exchange_->connection_;
  co_return account(co_await reader_.read_into(
      connection.input_, pipe,
      after(exchange_->loop_.now(), connection.settings_.body_idle_timeout)));
}

template <class T>
Result<T> RequestBody::account(Result<T> result) {
  if (exchange_ == nullptr) return client_gone();
  if (!result) {
    exchange_->keep_alive_ = false;
    return std::unexpected(in_client_terms(std::move(result).error()));
  }
  if constexpr (std::is_same_v<T, Chunk>)
    delivered_ += result->size();
  else
    delivered_ += *result;
  const std::uint64_t limit = exchange_->connection_.settings_.body_bytes;
  if (limit != 0 && delivered_ > limit)
    return fail(ErrorCode::payload_too_large, "limits.body_bytes");
  exchange_->body_complete_ = reader_.finished();
  return result;
}

ServerExchange::ServerExchange(ServerConnection& connection)
    : connection_(connection),
      loop_(connection.loop_),
      received_at_(loop_.now()),
      received_before_(connection.input_.consumed()) {}

ServerExchange::~ServerExchange() {
  if (body_ != nullptr) body_->exchange_ = nullptr;
}

bool ServerExchange::try_head() {
  // Nearly always a head is all that there is. A parser that takes the whole of it has proved that
  // it ends nowhere before.
  const std::string_view text = connection_.input_.buffered().text();
  const Limits& limits = connection_.settings_.limits;
  if (text.size() <= limits.header_bytes && text.ends_with("\r\n\r\n")) {
    has_head_ = parse_request(text, limits, head_).has_value();
    if (has_head_) {
      connection_.input_.consume(text.size());
      return true;
    }
    head_ = RequestHead();
  }
  auto size = connection_.input_.buffered_head(connection_.settings_.limits);
  if (size && *size == 0) return false;
  settle_head(std::move(size));
  return true;
}

Task<Done> ServerExchange::read_head() {
  const ServerSettings& settings = connection_.settings_;
  settle_head(co_await connection_.input_.read_head(settings.limits, request_bytes,
                                                    after(received_at_, settings.header_timeout)));
  co_return Done{};
}

void ServerExchange::settle_head(Result<std::size_t> size) {
  Input& input = connection_.input_;
  const std::string_view text = input.buffered().text();
  if (size) {
    auto parsed = parse_request(text.substr(0, *size), connection_.settings_.limits, head_);
    has_head_ = parsed.has_value();
    if (has_head_) return input.consume(*size);
    error_ = std::move(parsed).error();
  } else {
    error_ = in_client_terms(std::move(size).error());
  }
  // Nothing behind a broken head can be trusted to be a request (security: no answer after a 400).
  raw_line_ = text.substr(0, std::min(text.find_first_of("\r\n"), raw_line_max));
  keep_alive_ = false;
  body_complete_ = false;
}

Result<Request> ServerExchange::take() {
  if (!has_head_) return std::unexpected(error_);
  RequestHead& head = head_;
  is_head_method_ = head.method == "HEAD";
  http_1_0_ = head.version == Version::http_1_0;
  keep_alive_ = head.keep_alive;
  expects_continue_ = head.expects_continue;
  accepts_trailers_ = head.accepts_trailers;
  upgrade_ = head.upgrade;

  Request request;
  request.method = head.method;
  request.scheme = connection_.client_->scheme;
  request.authority = head.authority;
  request.target = head.target;
  request.protocol = head.upgrade;
  request.accepts_trailers = head.accepts_trailers;
  request.expects_continue = head.expects_continue;
  request.http_minor = http_1_0_ ? 0 : 1;
  request.headers = std::move(head.headers);
  if (head.framing.kind != Framing::Kind::none || !upgrade_.empty()) {
    body_complete_ = head.framing.kind == Framing::Kind::none ||
                     (head.framing.kind == Framing::Kind::length && head.framing.length == 0);
    const std::uint64_t limit = connection_.settings_.body_bytes;
    if (limit != 0 && head.framing.kind == Framing::Kind::length && head.framing.length > limit)
      return fail(ErrorCode::payload_too_large, "Content-Length exceeds limits.body_bytes");
    request.body = std::make_unique<RequestBody>(*this, head.framing, connection_.settings_.limits);
  }
  return request;
}

bool ServerExchange::inform(const Response& head) {
  if (http_1_0_ || head_sent_ || ++informed_ > connection_.settings_.informational_responses)
    return false;
  // A 100 from the upstream answers the client's Expect: ours would be a second one.
  if (head.status == 100) expects_continue_ = false;
  HeadWriter writer(head_room);
  writer << "HTTP/1.1 " << std::uint64_t{head.status} << " " << reason_phrase(head.status)
         << "\r\n";
  writer.fields(head.headers);
  writer << "\r\n";
  write(Chunks(writer.take()), Flush::now);
  return true;
}

void ServerExchange::write(Chunks bytes, Flush flush) {
  for (const Chunk& chunk : bytes)
    sent_ += chunk.size();
  static_cast<void>(connection_.input_.stream().write(std::move(bytes), flush, never));
}

Coding ServerExchange::coding_of(const Response& response) const noexcept {
  if (response.body == nullptr)
    return Coding::length;  // Content-Length: 0, where the status has one
  if (response.body->length()) return Coding::length;
  return http_1_0_ ? Coding::until_close : Coding::chunked;
}

Chunk ServerExchange::compose_head(const Response& response, Coding coding) {
  HeadWriter writer(head_room);
  writer << "HTTP/1.1 " << std::uint64_t{response.status} << " " << reason_phrase(response.status)
         << "\r\n";
  writer.fields(response.headers);
  if (!response.headers.has(HeaderId::date)) writer.field("Date", http_date(loop_.wall()));
  if (response.status == 101) {
    writer.field("Upgrade", response.protocol);
    writer << "Connection: Upgrade\r\n\r\n";
    return writer.take();
  }
  if (coding == Coding::chunked && !is_head_method_ && !never_has_body(response.status)) {
    writer << "Transfer-Encoding: chunked\r\n";
  } else if (coding == Coding::length && !is_informational(response.status) &&
             response.status != 204) {
    // A 304 tells the length of what it does not send only when the upstream said it (RFC 9110
    // §8.6).
    if (response.body != nullptr)
      writer << "Content-Length: " << *response.body->length() << "\r\n";
    else if (response.status != 304 && !is_head_method_)
      writer << "Content-Length: 0\r\n";
  }
  if (response.status == 426 && !response.protocol.empty()) {
    writer.field("Upgrade", response.protocol);
    writer << "Connection: Upgrade" << (keep_alive_ ? "\r\n" : ", close\r\n");
  } else if (!keep_alive_) {
    writer << "Connection: close\r\n";
  } else if (http_1_0_) {
    writer << "Connection: keep-alive\r\n";
  }
  writer << "\r\n";
  return writer.take();
}

Task<Result<Done>> ServerExchange::send(Response response) {
  if (response.status == 101) {
    if (upgrade_.empty() || response.body == nullptr)
      return fail(ErrorCode::upgrade_refused, "not asked for");
    keep_alive_ = false;
    return send_tunnel(std::move(response.body), compose_head(response, Coding::none));
  }
  upgrade_ = {};
  const bool bodiless = is_head_method_ || never_has_body(response.status);
  const Coding coding = coding_of(response);
  // A body that nobody will read any more cannot be told from the next request: the connection ends
  // behind the answer.
  if (!body_complete_ && body_ == nullptr) keep_alive_ = false;
  if ((coding == Coding::until_close && !bodiless) || response.ends_connection ||
      connection_.is_last_request())
    keep_alive_ = false;

  Chunk head = compose_head(response, coding);
  head_sent_ = true;
  BodyPtr body = std::move(response.body);
  Chunks bytes;
  if (bodiless || body == nullptr) {
    bytes.push_back(std::move(head));
  } else {
    auto reading = body->read();
    const Result<Chunk>* piece = reading.ready();
    const bool is_whole = piece != nullptr && *piece && !(*piece)->empty() &&
                          coding == Coding::length && (*piece)->size() == body->length();
    if (!is_whole) return send_body(std::move(body), std::move(reading), coding, std::move(head));
    // Nearly all answers of a few KiB are here with their head.
    bytes = frame_piece(head, *reading.await_resume(), coding, *body);
    body = nullptr;
  }
  for (const Chunk& piece : bytes)
    sent_ += piece.size();
  auto written = connection_.input_.stream().write(
      std::move(bytes), Flush::end_of_turn,
      after(loop_.now(), connection_.settings_.write_idle_timeout));
  if (body == nullptr && written.await_ready()) {
    if (auto result = written.await_resume(); !result)
      return client_takes_nothing(std::move(result).error());
    answered_ = true;
    return Result<Done>(Done{});
  }
  return end_write(std::move(written), std::move(body));
}

std::unexpected<Error> ServerExchange::client_takes_nothing(Error error) noexcept {
  keep_alive_ = connection_.flushes_ = false;
  return fail(ErrorCode::client_gone, std::move(error.detail));
}

/// The body of an answer to HEAD has a length and reads empty: reading to its end gives its lease
/// back. A pipeline of requests whose sender reads no answers waits here: heads alone would pile
/// up.
Task<Result<Done>> ServerExchange::end_write(Task<Result<Done>> writing, BodyPtr body) {
  if (body != nullptr) co_await body->read();
  body = nullptr;
  auto written = co_await std::move(writing);
  if (!written) co_return client_takes_nothing(std::move(written).error());
  answered_ = true;
  co_return Done{};
}

Task<Result<Done>> ServerExchange::send_body(BodyPtr body, Task<Result<Chunk>> reading,
                                             Coding coding, Chunk head) {
  Stream& stream = connection_.input_.stream();
  const auto declared = body->length();
  std::uint64_t delivered = 0;
  bool may_pass = declared && stream.takes_pipes();
  for (;; reading = body->read()) {
    // The head does not wait for a body that has nothing to say yet; what is there leaves with it.
    if (!head.empty() && !reading.await_ready())
      write(Chunks(std::exchange(head, Chunk())), Flush::end_of_turn);
    auto chunk = co_await std::move(reading);
    if (!chunk) {
      if (!head.empty()) write(Chunks(std::move(head)), Flush::end_of_turn);
      keep_alive_ = false;
      co_return std::unexpected(std::move(chunk).error());
    }
    delivered += chunk->size();
    const bool at_end = chunk->empty();
    if (declared && (delivered > *declared || (at_end && delivered < *declared))) {
      keep_alive_ = false;
      co_return fail(ErrorCode::internal, "a body delivered another size than it declared");
    }
    Chunks bytes = frame_piece(head, *std::move(chunk), coding, *body);
    for (const Chunk& piece : bytes)
      sent_ += piece.size();
    const bool finished = at_end || (declared && delivered == *declared);
    if (!bytes.empty()) {
      auto written =
          co_await stream.write(std::move(bytes), Flush::end_of_turn,
                                after(loop_.now(), connection_.settings_.write_idle_timeout));
      if (!written) co_return client_takes_nothing(std::move(written).error());
    }
    if (finished) break;
    if (may_pass && *declared - delivered >= passed_body_min && body->can_read_into()) {
      CO_TRY(const std::uint64_t passed, co_await pass(*body, *declared - delivered));
      delivered += passed;
      may_pass = passed > 0;
      if (delivered == *declared) break;
    }
  }
  answered_ = true;
  co_return Done{};
}

/// How many of the `left` bytes went from socket to socket; the rest is to be read.
Task<Result<std::uint64_t>> ServerExchange::pass(Body& body, std::uint64_t left) {
  Passage passage{.left = left, .sent = sent_};
  co_await pass_body(loop_, body, connection_.input_.stream(),
                     connection_.settings_.write_idle_timeout, passage);
  if (passage.unwritten) co_return client_takes_nothing(*std::move(passage.unwritten));
  if (passage.unread) {
    keep_alive_ = false;
    co_return std::unexpected(*std::move(passage.unread));
  }
  co_return left - passage.left;
}

/// A piece of a body, or its end, as it goes on the wire, behind the head if that has not left yet.
Chunks ServerExchange::frame_piece(Chunk& head, Chunk piece, Coding coding, Body& body) const {
  const bool at_end = piece.empty();
  Chunks bytes;
  if (!head.empty()) {
    if (!at_end && coding != Coding::chunked) {
      // What waits for the end of the turn keeps no large block.
      if (piece.size() <= std::min(joined_body_max, head.room().size())) {
        head.append(piece.text());
        return Chunks(std::exchange(head, Chunk()));
      }
      if (piece.front_room() >= head.size()) {
        piece.prepend(head.text());
        head = Chunk();
        return Chunks(std::move(piece));
      }
    }
    bytes.push_back(std::exchange(head, Chunk()));
  }
  if (!at_end) {
    for (Chunk& part : frame_chunk(coding, std::move(piece)))
      bytes.push_back(std::move(part));
  } else if (coding == Coding::chunked) {
    for (Chunk& part : end_of_chunks(accepts_trailers_ ? body.trailers() : nullptr))
      bytes.push_back(std::move(part));
  }
  return bytes;
}

Task<Result<Done>> ServerExchange::send_tunnel(BodyPtr body, Chunk head) {
  Stream& stream = connection_.input_.stream();
  head_sent_ = true;
  write(Chunks(std::move(head)), Flush::now);
  tunnel_moved_at_ = loop_.now();
  tunnel_.set(loop_);
  for (;;) {
    Relay relay(stream, tunnel_moved_at_, sent_);
    auto way = body->arrival(relay);
    while (way.list != nullptr && !co_await wait_for(loop_, *way.list, way.until, way.broken) &&
           !relay.is_stuck() && way.extend(*body, relay)) {
    }
    relay.detach();
    Chunks bytes;
    if (!relay.is_stuck()) {
      auto chunk = co_await body->read();
      if (!chunk) co_return std::unexpected(std::move(chunk).error());
      if (chunk->empty()) break;
      tunnel_moved_at_ = loop_.now();
      sent_ += chunk->size();
      bytes = Chunks(*std::move(chunk));
    }
    auto written =
        co_await stream.write(std::move(bytes), Flush::end_of_turn,
                              after(loop_.now(), connection_.settings_.write_idle_timeout));
    if (!written) {
      connection_.flushes_ = false;
      co_return fail(ErrorCode::client_gone, std::move(written.error().detail));
    }
  }
  co_await stream.end(after(loop_.now(), connection_.settings_.write_idle_timeout));
  answered_ = true;
  co_return Done{};
}

bool ServerExchange::finish() noexcept {
  const bool reusable =
      answered_ && keep_alive_ && body_complete_ && !connection_.closing_.is_set();
  must_linger_ = answered_ && !reusable && !is_tunnel();
  return reusable;
}

Traffic ServerExchange::traffic() const {
  return {connection_.input_.consumed() - received_before_, sent_};
}

}  // namespace sluice::http::h1
