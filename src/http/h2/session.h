#pragma once
// One HTTP/2 connection, on either side: nghttp2's state machine between a stream of bytes and the
// states of its streams.
//
// Only read_loop() gives bytes to nghttp2, and only write_loop() sends what it makes; its callbacks
// store and wake, and never submit. Whoever submits calls kick().

#include <cstdint>
#include <unordered_map>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "http/h2/flood_guard.h"
#include "http/h2/stream_state.h"
#include "http/idle.h"
#include "runtime/scope.h"
#include "runtime/stream.h"

namespace sluice::http::h2 {

/// Both sides' settings of a connection.
struct SessionSettings {
  h1::Limits limits;
  std::uint32_t streams = 100;           ///< of the peer, at once
  std::uint32_t window = 65'535;         ///< bytes that a stream may hold unread
  milliseconds idle_timeout{60'000};     ///< without a stream
  milliseconds header_timeout{10'000};   ///< from the first frame of a header section to its end
  milliseconds write_timeout{30'000};    ///< without a byte taken by the peer
  WaitList* idle_connections = nullptr;  ///< as http::Client::idle
};

/// Who is told what happens.
class SessionEvents {
 public:
  /// Server: a request's head is complete. Called behind nghttp2's back, so it may submit.
  virtual void on_request(const StatePtr& state) = 0;

  /// Client: a 1xx head came.
  virtual void on_information(StreamState&, HeadText) {}

  /// Client: no further stream may begin; or the peer allows another number.
  virtual void on_limits_changed() {}

 protected:
  ~SessionEvents() = default;
};

/// RFC 9113 §7.
namespace error_code {
inline constexpr std::uint32_t no_error = 0;
inline constexpr std::uint32_t internal_error = 2;
inline constexpr std::uint32_t refused_stream = 7;
inline constexpr std::uint32_t cancel = 8;
inline constexpr std::uint32_t enhance_your_calm = 11;
}  // namespace error_code

/// Fields of a section that is sent. Views are copied by submit.
class FieldList {
 public:
  void add(std::string_view name, std::string_view value);
  void add_all(const Headers& headers);

  const nghttp2_nv* data() const noexcept;

  std::size_t size() const noexcept;

  FieldList();
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;

 private:
  std::vector<nghttp2_nv>& fields_;
};

class Session final : public memory::Pooled {
 public:
  enum class Role : std::uint8_t { server, client };

  Session(Loop& loop, Role role, StreamPtr stream, const SessionSettings& settings,
          SessionEvents& events);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// The connection's life: ends when it is over, for whatever reason. All streams are closed then.
  Task<Done> run();

  /// No further requests: those that the peer has sent until it hears of it are served, and the
  /// connection ends with the last (RFC 9113 §6.8).
  void shut_down();

  // For streams. Each returns false when the connection or the stream is gone.
  bool submit_head(StreamState& state, const FieldList& fields, bool has_body);
  bool submit_information(StreamState& state, const FieldList& fields);
  /// A new stream of a client.
  bool submit_request(const StatePtr& state, const FieldList& fields, bool has_body);
  /// Appends to `state.out`; resume() sends it.
  void queue(StreamState& state, Chunk bytes);
  /// `state.out` has grown, or ended.
  void resume(StreamState& state);
  /// Whether a stream has enough to send for now: bytes that its peer must take first.
  bool has_enough(const StreamState& state) const noexcept;
  void reset(StreamState& state, std::uint32_t code);
  /// The same behind what may be sent already. Not from nghttp2's callbacks.
  void end_unfinished(StreamState& state, std::uint32_t code);
  /// Bytes that were read, or thrown away, may be sent again by the peer.
  void credit(StreamState& state, std::size_t size);
  /// Gives back all that is unread, now and later.
  void drop_input(StreamState& state);

  /// An exchange came to a good end.
  void earn() noexcept { guard_.earn(cost::reset + cost::control); }

  std::size_t stream_count() const noexcept { return streams_.size(); }

  /// What one of the streams may read ahead in one piece: all together no more than may wait.
  std::size_t piece_max() const noexcept;

  /// Client: how many more streams may begin now. One until the peer has said how many it allows:
  /// what is more would wait for those before it, instead of for another connection.
  std::size_t places_left() const noexcept;

  /// False once either side said that the connection ends (GOAWAY), and when it ended.
  bool takes_requests() const noexcept;

  /// Whether the peer's SETTINGS came: it speaks HTTP/2.
  bool is_greeted() const noexcept { return greeted_; }

  /// Client: whether the peer has yet to say how many streams it allows.
  bool is_new() const noexcept { return ng_ != nullptr && !over_ && !shutting_down_ && !greeted_; }

  const SessionSettings& settings() const noexcept { return settings_; }

  Loop& loop() noexcept { return loop_; }

  Stream& stream() noexcept { return *stream_; }

 private:
  friend struct SessionCallbacks;

  Task<Done> read_loop();
  Task<Done> write_loop();
  Task<Done> finish_shutdown();
  TimePoint read_by() const noexcept;
  bool hear(Result<Chunk> bytes);
  bool take(Chunk bytes);
  void begin_arrived();
  void write_out();
  Chunks collect();
  void append_out(std::string_view bytes);
  void append_out(const Chunk& chunk, std::size_t size);
  bool output_is_full() const noexcept;
  void close(StreamState& state, std::uint32_t code) noexcept;
  void remember(const StatePtr& state);
  void kick() noexcept;
  void spend(std::int64_t units) noexcept;
  int may_go_on() const noexcept;
  void die() noexcept;

  Loop& loop_;
  Role role_;
  StreamPtr stream_;
  const SessionSettings& settings_;
  SessionEvents& events_;
  nghttp2_session* ng_ = nullptr;
  std::unordered_map<std::int32_t, StatePtr> streams_;
  /// Closed streams, which those who still read them hold: told when the session is gone.
  std::vector<std::weak_ptr<StreamState>> finished_;
  std::size_t prune_at_ = 64;
  std::vector<StatePtr> arrived_;  ///< requests whose heads are complete, and which begin next
  FloodGuard guard_;
  Chunk input_;    ///< what mem_recv works on: data are slices of it
  Chunks output_;  ///< what mem_send made and the writer has not taken
  std::size_t output_bytes_ = 0;
  std::size_t queued_ = 0;  ///< bytes in `out` of all streams
  TimePoint begun_at_;
  TimePoint idle_since_;
  IdlePlace idle_;
  TimePoint section_since_ = never;  ///< a header section has begun and not ended
  std::int32_t section_id_ = 0;      ///< its stream
  bool greeted_ = false;             ///< the peer's SETTINGS came
  bool flooded_ = false;
  bool shutting_down_ = false;
  bool final_goaway_ = false;
  bool made_room_ = false;  ///< ended for another connection: does not linger
  bool over_ = false;       ///< the tasks end
  bool parked_ = false;     ///< the writer has nothing to write
  Event stop_;              ///< the reader has nothing to wait for any more
  Event ponged_;            ///< the peer heard of the shutdown
  Waiter writer_;
  Scope tasks_;  ///< the writer, the shutdown
};

}  // namespace sluice::http::h2
