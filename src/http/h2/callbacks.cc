#include "http/h2/callbacks.h"

#include <algorithm>

namespace sluice::http::h2 {
namespace {

// Data below this are copied into a block that holds several pieces: a peer that sends a window of
// single bytes must not make each of them keep a block alive.
constexpr std::size_t slice_min = 2048;
// Nor must small pieces each keep a block of a large read alive: a window would hold a hundred
// times its size. Frames of 16 KiB, which most peers send, are slices of the largest read.
constexpr std::size_t slices_max = 20;
constexpr std::size_t frame_head = 9;
// A head larger than this is no answer of a sane upstream (nghttp2's own limit is 64 KiB).
constexpr std::size_t sent_head_max = 1 << 20;

bool ends_stream(const nghttp2_frame& frame) noexcept {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

bool is_ack(const nghttp2_frame& frame) noexcept {
  return (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
}

Session& session_of(void* user) noexcept {
  return *static_cast<Session*>(user);
}

void append_in(StreamState& state, const Chunk& input, std::string_view data) {
  state.in_bytes += data.size();
  if (data.size() >= std::max(slice_min, input.footprint() / slices_max)) {
    state.in.push_back(
        input.slice(static_cast<std::size_t>(data.data() - input.text().data()), data.size()));
    return;
  }
  if (state.in.empty() || state.in.back().room().size() < data.size())
    state.in.push_back(Chunk::with_room(std::max(slice_min, data.size())));
  state.in.back().append(data);
}

}  // namespace

const nghttp2_session_callbacks* SessionCallbacks::all() {
  static const nghttp2_session_callbacks* const shared = [] {
    nghttp2_session_callbacks* made = nullptr;
    nghttp2_session_callbacks_new(&made);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(made, send_data);
    return made;
  }();
  return shared;
}

const nghttp2_option* SessionCallbacks::options() {
  static const nghttp2_option* const shared = [] {
    nghttp2_option* made = nullptr;
    nghttp2_option_new(&made);
    nghttp2_option_set_no_auto_window_update(made, 1);
    nghttp2_option_set_no_closed_streams(made, 1);
    nghttp2_option_set_max_send_header_block_length(made, sent_head_max);
    return made;
  }();
  return shared;
}

nghttp2_data_provider SessionCallbacks::data_of(StreamState& state) {
  nghttp2_data_provider provider{};
  provider.source.ptr = &state;
  provider.read_callback = read_data;
  return provider;
}

StreamState* SessionCallbacks::state_of(nghttp2_session* ng, std::int32_t id) {
  return static_cast<StreamState*>(nghttp2_session_get_stream_user_data(ng, id));
}

int SessionCallbacks::on_begin_headers(nghttp2_session* ng, const nghttp2_frame* frame,
                                       void* user) {
  Session& session = session_of(user);
  const std::int32_t id = frame->hd.stream_id;
  session.section_since_ = session.loop_.now();
  session.section_id_ = id;
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    auto state = std::make_shared<StreamState>(session, session.loop_);
    state->id = id;
    nghttp2_session_set_stream_user_data(ng, id, state.get());
    session.streams_.emplace(id, std::move(state));
  }
  if (StreamState* state = state_of(ng, id)) state->collecting.emplace();
  return 0;
}

// NOLINTNEXTLINE(readability-function-size): nghttp2's signature
int SessionCallbacks::on_header(nghttp2_session* ng, const nghttp2_frame* frame,
                                const std::uint8_t* name, std::size_t name_size,
                                const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                                void* user) {
  StreamState* state = state_of(ng, frame->hd.stream_id);
  if (state == nullptr || !state->collecting) return 0;
  Session& session = session_of(user);
  state->collecting->add({reinterpret_cast<const char*>(name), name_size},
                         {reinterpret_cast<const char*>(value), value_size},
                         session.settings_.limits);
  // A byte of HPACK can stand for a field of 4 KiB, which is work although nobody keeps it.
  if (state->collecting->is_too_large()) session.spend(cost::field_too_many);
  return session.may_go_on();
}

int SessionCallbacks::on_frame_received(nghttp2_session* ng, const nghttp2_frame* frame,
                                        void* user) {
  Session& session = session_of(user);
  StreamState* state = frame->hd.stream_id == 0 ? nullptr : state_of(ng, frame->hd.stream_id);
  if (state != nullptr) state->traffic.received += frame->hd.length + frame_head;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      session.section_since_ = never;
      if (state != nullptr) on_headers(session, *state, *frame);
      break;
    case NGHTTP2_DATA:
      if (frame->hd.length > frame->data.padlen)
        session.guard_.earn(cost::control);
      else if (!ends_stream(*frame))
        session.spend(cost::empty_frame);
      break;
    case NGHTTP2_PING:
      if (is_ack(*frame))
        session.ponged_.set(session.loop_);
      else
        session.spend(cost::control);
      break;
    case NGHTTP2_SETTINGS:
      session.greeted_ = true;
      if (!is_ack(*frame)) {
        session.spend(cost::control);
        session.events_.on_limits_changed();
      }
      break;
    case NGHTTP2_GOAWAY:
      session.events_.on_limits_changed();
      break;
    case NGHTTP2_RST_STREAM:
      session.spend(cost::reset);
      break;
    default:
      session.spend(cost::control);
  }
  const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (state != nullptr && may_end && ends_stream(*frame)) {
    state->in_end = true;
    state->readers.wake_all(session.loop_);
  }
  return session.may_go_on();
}

void SessionCallbacks::on_headers(Session& session, StreamState& state,
                                  const nghttp2_frame& frame) {
  if (!state.collecting) return;
  HeadText section = *std::exchange(state.collecting, std::nullopt);
  if (state.head) {
    state.in_trailers = section.trailers();
    return;
  }
  if (session.role_ == Session::Role::client && section.is_informational())
    return session.events_.on_information(state, std::move(section));
  state.head.emplace(std::move(section));
  if (session.role_ == Session::Role::server)
    session.arrived_.push_back(session.streams_.at(frame.hd.stream_id));
  state.readers.wake_all(session.loop_);
}

// NOLINTNEXTLINE(readability-function-size): nghttp2's signature
int SessionCallbacks::on_data(nghttp2_session* ng, std::uint8_t, std::int32_t id,
                              const std::uint8_t* data, std::size_t size, void* user) {
  Session& session = session_of(user);
  StreamState* state = state_of(ng, id);
  if (state == nullptr || state->in_dropped) {
    nghttp2_session_consume_connection(ng, size);
    return 0;
  }
  append_in(*state, session.input_, {reinterpret_cast<const char*>(data), size});
  state->readers.wake_all(session.loop_);
  return 0;
}

int SessionCallbacks::on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int,
                                       void* user) {
  Session& session = session_of(user);
  if (session.section_id_ == frame->hd.stream_id) session.section_since_ = never;
  session.spend(cost::violation);
  return session.may_go_on();
}

int SessionCallbacks::on_frame_sent(nghttp2_session* ng, const nghttp2_frame* frame, void* user) {
  Session& session = session_of(user);
  if (frame->hd.type == NGHTTP2_RST_STREAM) session.spend(cost::reset);
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  // Each piece of data that leaves may be answered with some windows and a ping.
  if (frame->hd.type == NGHTTP2_DATA) session.guard_.earn(10 * cost::control);
  StreamState* state = state_of(ng, frame->hd.stream_id);
  if (state == nullptr) return 0;
  state->traffic.sent += frame->hd.length + frame_head;
  if (ends_stream(*frame)) {
    state->out_finished = true;
    state->room.wake_all(session.loop_);
  }
  return 0;
}

int SessionCallbacks::on_stream_close(nghttp2_session* ng, std::int32_t id,
                                      std::uint32_t error_code, void* user) {
  Session& session = session_of(user);
  const auto found = session.streams_.find(id);
  if (found == session.streams_.end()) return 0;
  const StatePtr state = std::move(found->second);
  session.streams_.erase(found);
  nghttp2_session_set_stream_user_data(ng, id, nullptr);
  // nghttp2 tells nobody else that it refused a section.
  if (session.section_id_ == id) session.section_since_ = never;
  session.remember(state);
  session.close(*state, error_code);
  return 0;
}

// NOLINTNEXTLINE(readability-function-size): nghttp2's signature
ssize_t SessionCallbacks::read_data(nghttp2_session* ng, std::int32_t id, std::uint8_t*,
                                    std::size_t size, std::uint32_t* flags,
                                    nghttp2_data_source* source, void*) {
  auto& state = *static_cast<StreamState*>(source->ptr);
  const std::size_t taken = std::min(size, state.out_bytes);
  if (taken == 0 && !state.out_end) return NGHTTP2_ERR_DEFERRED;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (state.out_end && taken == state.out_bytes) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!state.out_trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      FieldList fields;
      fields.add_all(state.out_trailers);
      nghttp2_submit_trailer(ng, id, fields.data(), fields.size());
    }
  }
  return static_cast<ssize_t>(taken);
}

// NOLINTNEXTLINE(readability-function-size): nghttp2's signature
int SessionCallbacks::send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head,
                                std::size_t size, nghttp2_data_source* source, void* user) {
  Session& session = session_of(user);
  if (session.output_is_full()) return NGHTTP2_ERR_WOULDBLOCK;
  auto& state = *static_cast<StreamState*>(source->ptr);
  static_cast<void>(frame);  // we pad nothing
  session.append_out(std::string_view(reinterpret_cast<const char*>(head), frame_head));
  state.sent_at = session.loop_.now();
  state.out_bytes -= size;
  session.queued_ -= size;
  std::size_t whole = 0;
  while (size > 0) {
    Chunk& front = state.out[whole];
    const std::size_t taken = std::min(size, front.size());
    session.append_out(front, taken);
    front.remove_prefix(taken);
    size -= taken;
    if (front.empty()) ++whole;
  }
  state.out.drop_front(whole);
  state.room.wake_all(session.loop_);
  return 0;
}

}  // namespace sluice::http::h2
