#pragma once
// One request and its answer on an HTTP/1.1 connection, as Incoming.

#include <optional>
#include <string>

#include "base/memory.h"
#include "http/h1/connection.h"
#include "http/h1/server_connection.h"

namespace sluice::http::h1 {

/// The client's body. Refers to its exchange while that lives; reads an Error afterwards.
class RequestBody final : public Body, public memory::Pooled {
 public:
  RequestBody(ServerExchange& exchange, Framing framing, const Limits& limits);
  ~RequestBody() override;
  Task<Result<Chunk>> read() override;
  Arrival arrival(Relay& relay) override;
  Task<Result<std::size_t>> read_into(PipePtr& pipe) override;
  bool can_read_into() const override;

  std::optional<std::uint64_t> length() const override { return reader_.length(); }

  const Headers* trailers() const override { return reader_.trailers(); }

 private:
  friend class ServerExchange;
  Task<Result<Chunk>> read_later(Task<Result<Chunk>> reading);
  TimePoint tunnel_idle_at() noexcept;
  Task<Result<Chunk>> read_tunnel();
  Task<Result<Chunk>> read_tunnel_later();
  Result<Chunk> account_tunnel(Result<Chunk> result);
  template <class T>
  Result<T> account(Result<T> result);

  ServerExchange* exchange_;
  BodyReader reader_;
  std::uint64_t delivered_ = 0;
  bool gave_ = false;  ///< a piece of a tunnel, which its reader is busy with
};

class ServerExchange final : public Incoming {
 public:
  explicit ServerExchange(ServerConnection& connection);
  ~ServerExchange() override;

  /// True when the buffered bytes decide the head, or the Error that take() will report; else
  /// read_head().
  bool try_head();
  Task<Done> read_head();

  bool is_tunnel() const noexcept { return tunnel_.is_set(); }

  /// After the handler ended: whether the connection can carry another request.
  bool finish() noexcept;

  bool must_linger() const noexcept { return must_linger_; }

  Result<Request> take() override;
  bool inform(const Response& head) override;
  Task<Result<Done>> send(Response response) override;
  Traffic traffic() const override;

  TimePoint received_at() const override { return received_at_; }

  std::string_view raw_line() const override { return raw_line_; }

 private:
  friend class RequestBody;

  void settle_head(Result<std::size_t> size);
  Chunk compose_head(const Response& response, Coding coding);
  Coding coding_of(const Response& response) const noexcept;
  Chunks frame_piece(Chunk& head, Chunk piece, Coding coding, Body& body) const;
  Task<Result<std::uint64_t>> pass(Body& body, std::uint64_t left);
  Task<Result<Done>> send_body(BodyPtr body, Task<Result<Chunk>> reading, Coding coding,
                               Chunk head);
  std::unexpected<Error> client_takes_nothing(Error error) noexcept;
  Task<Result<Done>> end_write(Task<Result<Done>> writing, BodyPtr body);
  Task<Result<Done>> send_tunnel(BodyPtr body, Chunk head);
  void write(Chunks bytes, Flush flush);

  ServerConnection& connection_;
  Loop& loop_;
  TimePoint received_at_;
  std::uint64_t received_before_;
  std::uint64_t sent_ = 0;
  RequestHead head_;
  bool has_head_ = false;
  Error error_;  ///< when there is no head
  std::string raw_line_;
  std::string_view upgrade_;
  RequestBody* body_ = nullptr;  ///< while the handler has it
  Event tunnel_;                 ///< an upgrade was accepted
  TimePoint tunnel_moved_at_{};  ///< when bytes last came through it, in either direction
  bool is_head_method_ = false;
  bool http_1_0_ = false;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
  bool accepts_trailers_ = false;
  bool body_complete_ = true;
  bool head_sent_ = false;
  bool answered_ = false;  ///< whole response written
  bool must_linger_ = false;
  std::uint32_t informed_ = 0;
};

}  // namespace sluice::http::h1
