#include "http/h2/session.h"

#include <algorithm>
#include <bit>

#include "http/h2/callbacks.h"

namespace sluice::http::h2 {
namespace {

// What one write gives to the stream below.
constexpr std::size_t write_bytes = 64 * 1024;
// Data up to this size are copied behind their frame's head: one piece for the kernel, one record
// for TLS.
constexpr std::size_t joined_bytes = 2048;
constexpr std::size_t piece_bytes = 4096 - 64;
// What waits for the peer's windows. A peer that opens a hundred streams and no window holds little
// more than one that opens one: beyond the second limit each stream has one piece of its body.
constexpr std::size_t stream_out_max = 64 * 1024;
constexpr std::size_t connection_out_max = 256 * 1024;
// What its streams may read ahead in one piece each, all together.
constexpr std::size_t pieces_max = 512 * 1024;
// Smaller reads cost more than they save.
constexpr std::size_t piece_least = 4 * 1024;
// Streams of a connection that each may have the largest reads.
constexpr std::size_t alone_max = 2;
// Requests of one connection that begin in a row.
constexpr std::size_t begun_at_once_max = 16;
// Until a peer that was told of the shutdown must have heard of it.
constexpr milliseconds shutdown_notice{1000};
// What a peer still sends after the end is read and dropped, so that it sees our last frames.
constexpr milliseconds linger_time{1000};
constexpr std::size_t linger_bytes = 256 * 1024;

std::vector<nghttp2_nv>& scratch() {
  static thread_local std::vector<nghttp2_nv> fields;
  return fields;
}

std::uint8_t* bytes_of(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

/// Secrets stay out of the tables of HPACK (RFC 7541 §7.1.3).
bool is_secret(HeaderId id) noexcept {
  return id == HeaderId::authorization || id == HeaderId::cookie || id == HeaderId::set_cookie;
}

}  // namespace

FieldList::FieldList() : fields_(scratch()) {
  fields_.clear();
}

void FieldList::add(std::string_view name, std::string_view value) {
  fields_.push_back(
      {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

void FieldList::add_all(const Headers& headers) {
  for (const Headers::Field& field : headers.fields()) {
    add(field.name(), field.value());
    if (is_secret(field.id)) fields_.back().flags = NGHTTP2_NV_FLAG_NO_INDEX;
  }
}

const nghttp2_nv* FieldList::data() const noexcept {
  return fields_.data();
}

std::size_t FieldList::size() const noexcept {
  return fields_.size();
}

Session::Session(Loop& loop, Role role, StreamPtr stream, const SessionSettings& settings,
                 SessionEvents& events)
    : loop_(loop),
      role_(role),
      stream_(std::move(stream)),
      settings_(settings),
      events_(events),
      guard_(loop.now()),
      begun_at_(loop.now()),
      idle_since_(begun_at_),
      idle_(settings.idle_connections),
      tasks_(loop, 2) {
  if (role == Role::server)
    nghttp2_session_server_new2(&ng_, SessionCallbacks::all(), this, SessionCallbacks::options());
  else
    nghttp2_session_client_new2(&ng_, SessionCallbacks::all(), this, SessionCallbacks::options());
  std::vector<nghttp2_settings_entry> entries = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.limits.header_bytes},
  };
  if (role == Role::server)
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  else
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  nghttp2_submit_settings(ng_, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  // Streams whose data nobody reads must not stop the others: there is room for all of them.
  const std::int64_t window = std::int64_t{settings.streams} * settings.window;
  nghttp2_session_set_local_window_size(
      ng_, NGHTTP2_FLAG_NONE, 0,
      static_cast<std::int32_t>(std::min<std::int64_t>(window, INT32_MAX)));
}

Session::~Session() {
  die();
}

Task<Done> Session::run() {
  static_cast<void>(tasks_.spawn(write_loop()));
  co_await read_loop();
  over_ = true;
  kick();
  const bool peer_left = !stop_.is_set() && output_.empty() && !nghttp2_session_want_write(ng_);
  if (Chunks rest = collect(); !rest.empty())
    static_cast<void>(stream_->write(std::move(rest), Flush::now, never));
  die();
  const auto ended = co_await stream_->end(after(loop_.now(), settings_.write_timeout));
  if (peer_left || made_room_ || !ended) co_return Done{};
  const TimePoint until = after(loop_.now(), linger_time);
  for (std::size_t dropped = 0; dropped < linger_bytes;) {
    auto bytes = co_await stream_->read(read_bytes, until);
    if (!bytes || bytes->empty()) break;
    dropped += bytes->size();
  }
  co_return Done{};
}

TimePoint Session::read_by() const noexcept {
  if (section_since_ != never) return after(section_since_, settings_.header_timeout);
  if (!greeted_) return after(begun_at_, settings_.header_timeout);
  if (streams_.empty()) return after(idle_since_, settings_.idle_timeout);
  return after(loop_.now(), settings_.idle_timeout);
}

Task<Done> Session::read_loop() {
  while (!stop_.is_set()) {
    begin_arrived();
    // Who asks for much at once takes turns with the others; what is reset meanwhile is not begun.
    if (!arrived_.empty()) {
      co_await yield(loop_);
      auto reading = stream_->read(read_bytes, read_by());
      if (reading.await_ready() && !hear(reading.await_resume())) break;
      continue;
    }
    auto bytes = co_await idle_.wait(stream_->read(read_bytes, read_by()), stop_, streams_.empty());
    if (!bytes) {
      if (stop_.is_set()) break;
      made_room_ = true;
      nghttp2_session_terminate_session(ng_, error_code::no_error);
      break;
    }
    const bool more_waits = *bytes && (*bytes)->size() >= read_bytes;
    if (!hear(*std::move(bytes))) break;
    // Small frames that come as fast as they can are work for all that this turn may read.
    if (more_waits) co_await yield(loop_);
  }
  co_return Done{};
}

/// False when the connection is at its end.
bool Session::hear(Result<Chunk> bytes) {
  if (bytes) return !bytes->empty() && take(*std::move(bytes));
  if (bytes.error().code != ErrorCode::timed_out) return false;
  if (loop_.now() < read_by()) return true;
  nghttp2_session_terminate_session(ng_, error_code::no_error);
  return false;
}

void Session::begin_arrived() {
  std::size_t left = begun_at_once_max;
  std::size_t next = 0;
  for (; next < arrived_.size() && left > 0; ++next) {
    StatePtr state = std::move(arrived_[next]);
    // Reset in the same breath, by either side: nobody has to act on it, nor to pay for it
    // (CVE-2023-44487, CVE-2025-8671).
    if (state->closed) {
      drop_input(*state);
      continue;
    }
    --left;
    events_.on_request(state);
  }
  arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(next));
}

/// False when the connection is at its end.
bool Session::take(Chunk bytes) {
  input_ = std::move(bytes);
  const auto taken = nghttp2_session_mem_recv(
      ng_, reinterpret_cast<const std::uint8_t*>(input_.text().data()), input_.size());
  input_ = Chunk();
  // Streams, or the connection, that broke a rule are closed once that is written.
  if (!arrived_.empty() && nghttp2_session_get_outbound_queue_size(ng_) > 0) write_out();
  const bool ends = taken < 0 || flooded_ || nghttp2_session_want_read(ng_) == 0;
  if (ends)
    for (const StatePtr& state : std::exchange(arrived_, {}))
      drop_input(*state);
  if (flooded_) nghttp2_session_terminate_session(ng_, error_code::enhance_your_calm);
  kick();
  return taken >= 0 && !flooded_ && nghttp2_session_want_read(ng_) != 0;
}

Task<Done> Session::write_loop() {
  struct Parked {
    Session& session;

    bool await_ready() const noexcept { return false; }

    void await_suspend(std::coroutine_handle<> frame) const noexcept {
      session.writer_.frame = frame;
      session.parked_ = true;
    }

    void await_resume() const noexcept {}
  };

  while (!over_) {
    Chunks bytes = collect();
    if (bytes.empty()) {
      co_await Parked{*this};
      continue;
    }
    auto written = co_await stream_->write(std::move(bytes), Flush::now,
                                           after(loop_.now(), settings_.write_timeout));
    if (!written) {
      stop_.set(loop_);
      break;
    }
  }
  co_return Done{};
}

/// The writer runs once this turn has nothing else to do: what all streams made leaves together.
void Session::kick() noexcept {
  if (std::exchange(parked_, false)) loop_.make_last(writer_);
}

void Session::write_out() {
  while (ng_ != nullptr && !output_is_full()) {
    const std::uint8_t* data = nullptr;
    const auto size = nghttp2_session_mem_send(ng_, &data);
    if (size < 0) stop_.set(loop_);
    if (size <= 0) break;
    append_out({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
  }
}

Chunks Session::collect() {
  write_out();
  output_bytes_ = 0;
  // The last GOAWAY is among it: the reader must not wait for a peer that says nothing more.
  if (ng_ != nullptr && nghttp2_session_want_read(ng_) == 0) stop_.set(loop_);
  return std::exchange(output_, Chunks());
}

bool Session::output_is_full() const noexcept {
  return output_bytes_ >= write_bytes;
}

void Session::append_out(std::string_view bytes) {
  output_bytes_ += bytes.size();
  if (output_.empty() || output_.back().room().size() < bytes.size())
    output_.push_back(Chunk::with_room(std::max(bytes.size(), piece_bytes)));
  output_.back().append(bytes);
}

void Session::append_out(const Chunk& chunk, std::size_t size) {
  if (size <= joined_bytes) return append_out(chunk.text().substr(0, size));
  output_bytes_ += size;
  output_.push_back(chunk.slice(0, size));
}

void Session::spend(std::int64_t units) noexcept {
  flooded_ = flooded_ || !guard_.spend(units, loop_.now());
}

/// What a callback returns: nothing further is decoded for a peer that floods.
int Session::may_go_on() const noexcept {
  return flooded_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

void Session::close(StreamState& state, std::uint32_t code) noexcept {
  state.closed = true;
  state.error_code = code;
  queued_ -= std::exchange(state.out_bytes, 0);
  state.out.clear();
  if (!state.out_finished || code != error_code::no_error) state.gone.set(loop_);
  state.readers.wake_all(loop_);
  state.room.wake_all(loop_);
  events_.on_limits_changed();
  if (!streams_.empty()) return;
  idle_since_ = loop_.now();
  idle_.enter();
  if (final_goaway_) stop_.set(loop_);
}

void Session::remember(const StatePtr& state) {
  if (finished_.size() >= prune_at_) {
    std::erase_if(finished_, [](const auto& each) { return each.expired(); });
    prune_at_ = std::max<std::size_t>(64, 2 * finished_.size());
  }
  finished_.push_back(state);
}

void Session::die() noexcept {
  if (ng_ == nullptr) return;
  nghttp2_session_del(std::exchange(ng_, nullptr));
  for (auto& [id, state] : std::exchange(streams_, {})) {
    state->session = nullptr;
    close(*state, error_code::internal_error);
  }
  for (const auto& finished : std::exchange(finished_, {}))
    if (const StatePtr state = finished.lock()) state->session = nullptr;
  events_.on_limits_changed();
}

void Session::shut_down() {
  if (shutting_down_ || ng_ == nullptr) return;
  shutting_down_ = true;
  nghttp2_submit_shutdown_notice(ng_);
  nghttp2_submit_ping(ng_, NGHTTP2_FLAG_NONE, nullptr);
  kick();
  static_cast<void>(tasks_.spawn(finish_shutdown()));
}

Task<Done> Session::finish_shutdown() {
  // What the peer sent before it heard of the notice is here once the ping is answered.
  if (!ponged_.is_set())
    co_await wait_for(loop_, ponged_.waiting(), after(loop_.now(), shutdown_notice));
  if (ng_ == nullptr) co_return Done{};
  nghttp2_submit_goaway(ng_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(ng_),
                        error_code::no_error, nullptr, 0);
  final_goaway_ = true;
  kick();
  if (streams_.empty()) stop_.set(loop_);
  co_return Done{};
}

bool Session::submit_head(StreamState& state, const FieldList& fields, bool has_body) {
  if (!state.alive()) return false;
  const nghttp2_data_provider data = SessionCallbacks::data_of(state);
  nghttp2_submit_response(ng_, state.id, fields.data(), fields.size(), has_body ? &data : nullptr);
  kick();
  return true;
}

bool Session::submit_information(StreamState& state, const FieldList& fields) {
  if (!state.alive()) return false;
  nghttp2_submit_headers(ng_, NGHTTP2_FLAG_NONE, state.id, nullptr, fields.data(), fields.size(),
                         nullptr);
  kick();
  return true;
}

bool Session::submit_request(const StatePtr& state, const FieldList& fields, bool has_body) {
  if (ng_ == nullptr || over_) return false;
  const nghttp2_data_provider data = SessionCallbacks::data_of(*state);
  const std::int32_t id = nghttp2_submit_request(ng_, nullptr, fields.data(), fields.size(),
                                                 has_body ? &data : nullptr, state.get());
  if (id < 0) return false;
  state->id = id;
  streams_.emplace(id, state);
  kick();
  return true;
}

void Session::queue(StreamState& state, Chunk bytes) {
  queued_ += bytes.size();
  state.out_bytes += bytes.size();
  // What leaves at once is not copied.
  if (state.out.empty())
    state.out.push_back(std::move(bytes));
  else
    add_waiting(state.out, std::move(bytes));
}

bool Session::has_enough(const StreamState& state) const noexcept {
  return state.out_bytes > (queued_ > connection_out_max ? 0 : stream_out_max);
}

std::size_t Session::piece_max() const noexcept {
  if (streams_.size() <= alone_max) return read_bytes_max;
  // A power of two with its headroom: such blocks leave nothing unused. Below read_bytes, where the
  // stream does not read more and more at once.
  const std::size_t share = std::bit_floor(pieces_max / streams_.size());
  return std::clamp(share, piece_least, read_bytes + read_headroom) - read_headroom - 1;
}

void Session::resume(StreamState& state) {
  if (!state.alive()) return;
  nghttp2_session_resume_data(ng_, state.id);
  kick();
}

void Session::reset(StreamState& state, std::uint32_t code) {
  if (!state.alive() || std::exchange(state.reset, true)) return;
  nghttp2_submit_rst_stream(ng_, NGHTTP2_FLAG_NONE, state.id, code);
  kick();
}

void Session::end_unfinished(StreamState& state, std::uint32_t code) {
  if (!state.alive()) return;
  // With the reset nghttp2 drops what it has not written yet, the head too.
  write_out();
  reset(state, code);
}

void Session::credit(StreamState& state, std::size_t size) {
  if (ng_ == nullptr || size == 0) return;
  nghttp2_session_consume_connection(ng_, size);
  if (!state.closed && !state.in_dropped) nghttp2_session_consume_stream(ng_, state.id, size);
  kick();
}

void Session::drop_input(StreamState& state) {
  state.in_dropped = true;
  state.in.clear();
  credit(state, std::exchange(state.in_bytes, 0));
}

bool Session::takes_requests() const noexcept {
  return ng_ != nullptr && !over_ && !shutting_down_ &&
         nghttp2_session_check_request_allowed(ng_) != 0;
}

std::size_t Session::places_left() const noexcept {
  if (!takes_requests()) return 0;
  const std::size_t allowed =
      nghttp2_session_get_remote_settings(ng_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  const std::size_t limit = greeted_ ? std::min<std::size_t>(allowed, settings_.streams) : 1;
  return limit > streams_.size() ? limit - streams_.size() : 0;
}

}  // namespace sluice::http::h2
