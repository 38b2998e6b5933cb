#pragma once
// One stream of HTTP/2 as data, without a coroutine: shared by the connection, which fills and
// empties it, and by the bodies and exchanges that read and write it, whichever lives longer.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/chunk.h"
#include "base/memory.h"
#include "http/h2/head_text.h"
#include "http/message.h"
#include "runtime/loop.h"

namespace sluice::http::h2 {

class Session;

struct StreamState {
  StreamState(Session& its_session, Loop& its_loop)
      : session(&its_session), loop(its_loop), begun_at(its_loop.now()) {}

  StreamState(const StreamState&) = delete;
  StreamState& operator=(const StreamState&) = delete;

  Session* session;  ///< null once the connection is gone
  Loop& loop;
  std::int32_t id = 0;
  TimePoint begun_at;

  // What the peer sends.
  std::optional<HeadText> collecting;  ///< a section that is being decoded
  std::optional<HeadText> head;        ///< complete
  std::vector<HeadText> early_heads;   ///< 1xx heads that nobody has read
  Chunks in;                           ///< data that nobody has read
  std::size_t in_bytes = 0;
  Headers in_trailers;
  bool in_end = false;      ///< END_STREAM was seen
  bool in_dropped = false;  ///< nobody will read any more

  // What we send.
  Chunks out;
  std::size_t out_bytes = 0;
  Headers out_trailers;
  TimePoint sent_at{};        ///< when data last left
  bool head_sent = false;     ///< the final one
  bool out_end = false;       ///< nothing comes behind `out`
  bool out_finished = false;  ///< END_STREAM left

  bool closed = false;
  bool reset = false;  ///< RST_STREAM was asked for: a second one would end the connection
  std::uint32_t error_code = 0;  ///< of the close
  Event gone;                    ///< closed before our side was finished
  WaitList readers;              ///< of in, head and closed
  WaitList room;                 ///< in out
  Traffic traffic;

  bool alive() const noexcept { return session != nullptr && !closed; }
};

using StatePtr = std::shared_ptr<StreamState>;

}  // namespace sluice::http::h2
