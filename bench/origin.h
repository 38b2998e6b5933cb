#pragma once
// The upstream of the benchmark: answers every request head with the same prepared response, in the
// load generator's own loop; also heads that come through a tunnel. It looks for the end of a head,
// and in a connection's first one for an upgrade, so that it costs next to nothing.

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sockets.h"

namespace bench {

class Origin;

/// Fits the key that the generator's clients send (RFC 6455 §1.3).
inline constexpr std::string_view accepted =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Connection: Upgrade\r\n"
    "Upgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "\r\n";

/// What epoll names: a listener (neither), a connection from the proxy, or one of the generator's
/// own connections.
struct Watched {
  enum class Kind : std::uint8_t { listener, upstream, client } kind;
};

/// One connection from the proxy. Requests carry no body; they may be pipelined and split anywhere.
struct UpstreamConnection : Watched {
  int descriptor = -1;
  std::array<char, 3> carried{};  // The last bytes of a piece: the end of a head may begin in them.
  std::size_t carried_bytes = 0;
  bool greeted = false;  // Its first head came, which may ask for a tunnel.
  std::size_t answers_owed = 0;
  std::size_t answer_sent = 0;  // Of the answer that is being written.
};

class Origin : public Watched {
 public:
  Origin(const char* program, int epoll, const std::string& listen, std::size_t body_bytes)
      : Watched{Kind::listener}, epoll_(epoll), listener_(listen_on(program, listen)) {
    answer_ =
        "HTTP/1.1 200 OK\r\n"
        "Server: bench\r\n"
        "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
        "Content-Type: application/octet-stream\r\n"
        "Content-Length: " +
        std::to_string(body_bytes) +
        "\r\n"
        "Cache-Control: no-store\r\n"
        "X-Served-By: origin-1\r\n"
        "\r\n";
    answer_.append(body_bytes, 'x');
    watch(epoll_, listener_, this);
  }

  /// The first request that arrived whole in one piece, as the proxy sent it; empty before.
  const std::string& first_request() const { return first_request_; }

  std::uint64_t connections() const { return connections_; }

  void on_event(Watched& watched, std::uint32_t events) {
    if (watched.kind == Kind::listener) return accept_all();
    auto& connection = static_cast<UpstreamConnection&>(watched);
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) return end(connection);
    if ((events & EPOLLOUT) != 0 && connection.answers_owed != 0 && !answer(connection)) return;
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) read(connection, (events & EPOLLRDHUP) != 0);
  }

 private:
  static constexpr std::size_t read_bytes = 64 * 1024;

  void accept_all() {
    for (;;) {
      const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      send_at_once(descriptor);
      auto* connection = new UpstreamConnection{{Kind::upstream}};
      connection->descriptor = descriptor;
      connections_++;
      watch(epoll_, descriptor, connection);
    }
  }

  void read(UpstreamConnection& connection, bool ending) {
    for (;;) {
      std::memcpy(buffer_.data(), connection.carried.data(), connection.carried_bytes);
      const ssize_t got =
          recv(connection.descriptor, buffer_.data() + connection.carried_bytes, read_bytes, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return end(connection);
      count_heads(connection,
                  {buffer_.data(), connection.carried_bytes + static_cast<std::size_t>(got)});
      if (connection.answers_owed != 0 && !answer(connection)) return;
      if (static_cast<std::size_t>(got) < read_bytes && !ending) return;
    }
  }

  void count_heads(UpstreamConnection& connection, std::string_view bytes) {
    if (first_request_.empty() && bytes.ends_with("\r\n\r\n")) first_request_ = bytes;
    while (!bytes.empty()) {
      const void* found = memmem(bytes.data(), bytes.size(), "\r\n\r\n", 4);
      if (found == nullptr) break;
      const auto head_bytes =
          static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 4;
      if (!std::exchange(connection.greeted, true) && asks_for_tunnel(bytes.substr(0, head_bytes)))
        send(connection.descriptor, accepted.data(), accepted.size(), MSG_NOSIGNAL);
      else
        connection.answers_owed++;
      bytes.remove_prefix(head_bytes);
    }
    connection.carried_bytes = bytes.size() < 3 ? bytes.size() : 3;
    bytes.copy(connection.carried.data(), connection.carried_bytes,
               bytes.size() - connection.carried_bytes);
  }

  static bool asks_for_tunnel(std::string_view head) {
    return head.find("Upgrade: websocket\r\n") != std::string_view::npos;
  }

  /// Writes the answers that are owed as far as the socket takes them; false when the connection
  /// has ended.
  bool answer(UpstreamConnection& connection) {
    while (connection.answers_owed != 0) {
      const std::size_t left = answer_.size() - connection.answer_sent;
      const ssize_t sent =
          send(connection.descriptor, answer_.data() + connection.answer_sent, left, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EAGAIN) return true;
        end(connection);
        return false;
      }
      connection.answer_sent += static_cast<std::size_t>(sent);
      if (connection.answer_sent < answer_.size()) return true;
      connection.answer_sent = 0;
      connection.answers_owed--;
    }
    return true;
  }

  void end(UpstreamConnection& connection) {
    close(connection.descriptor);
    delete &connection;
  }

  int epoll_;
  int listener_;
  std::string answer_;
  std::string first_request_;
  std::uint64_t connections_ = 0;
  std::array<char, read_bytes + 3> buffer_{};
};

}  // namespace bench
