#pragma once
// One client's HTTP/1.1 connection: exchange after exchange, in order. Owned by the frame of
// serve().

#include "base/memory.h"
#include "http/h1/connection.h"
#include "http/server.h"

namespace sluice::http::h1 {

class ServerExchange;
class RequestBody;

class ServerConnection : public memory::Pooled {
 public:
  ServerConnection(Loop& loop, StreamPtr stream, const ServerSettings& settings, Handler& handler,
                   ClientPtr client, Event& closing);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// The connection's life. Between requests it holds no buffer and only small frames.
  static Task<Done> run(std::unique_ptr<ServerConnection> self);

 private:
  friend class ServerExchange;
  friend class RequestBody;

  Task<Done> exchange();
  TimePoint next_request_by() const noexcept;
  /// Sends what is queued. After a refusal, reads and drops what the client still sends, so that
  /// its kernel does not discard our answer (RFC 9112 §9.6).
  Task<Done> goodbye();

  bool is_last_request() const noexcept {
    return closing_.is_set() || requests_ >= settings_.requests_per_connection;
  }

  Loop& loop_;
  Input input_;
  const ServerSettings& settings_;
  Handler& handler_;
  ClientPtr client_;
  Event& closing_;
  std::uint32_t requests_ = 0;
  bool open_ = true;  ///< another request may follow
  bool must_linger_ = false;
  bool flushes_ = true;  ///< false once the client takes no bytes
};

}  // namespace sluice::http::h1
