#include "runtime/engine/epoll.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "runtime/engine/listen_socket.h"
#include "runtime/engine/pipes.h"
#include "runtime/engine/sockaddr.h"
#include "runtime/loop.h"
#include "runtime/random.h"
#include "runtime/socket_stream.h"

namespace sluice {
namespace {

constexpr int events_max = 256;
constexpr std::size_t pieces_max = 16;        // of one sendmsg
constexpr std::size_t datagram_bytes = 4096;  // a DNS answer with EDNS fits

class EpollSocket final : public Socket, public memory::Pooled {
 public:
  explicit EpollSocket(int number) : descriptor(number) {}

  ~EpollSocket() override {
    if (descriptor >= 0) ::close(descriptor);
  }

  int descriptor;
  bool registered = false;
  // Edge triggered: true until the kernel said that it has nothing (left).
  bool readable = true;
  bool writable = true;
  bool hung_up = false;
  bool urgent = false;     // urgent data came (RFC 6093): reads stop short at its mark
  Op* reading = nullptr;   // receive, receive_from, accept, fill
  Op* writing = nullptr;   // send, send_to, connect, drain
  Op* watching = nullptr;  // hang_up
};

// Straight to the kernel: libc's wrappers are cancellation points, whose bookkeeping costs as much
// as a short copy.
ssize_t receive(int descriptor, char* to, std::size_t size) {
  return ::syscall(SYS_recvfrom, descriptor, to, size, 0, nullptr, nullptr);
}

ssize_t send(int descriptor, std::string_view text) {
  return ::syscall(SYS_sendto, descriptor, text.data(), text.size(), MSG_NOSIGNAL, nullptr, 0);
}

class EpollEngine final : public Engine {
 public:
  EpollEngine(int epoll, int bell, EpollOptions options)
      : epoll_(epoll),
        bell_(bell),
        random_(unforeseen()),
        options_(std::move(options)),
        pipes_(options_.pipes_max) {}

  ~EpollEngine() override {
    if (reserve_ >= 0) ::close(reserve_);
    ::close(epoll_);
    ::close(bell_);
  }

  void submit(Op& op) override;
  void cancel(Op& op) override;
  void wait(TimePoint until) override;

  void wake() noexcept override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(bell_, &one, sizeof one);
  }

  TimePoint now() override { return std::chrono::steady_clock::now(); }

  WallTime wall() override { return std::chrono::system_clock::now(); }

  std::uint64_t secret() override { return unforeseen(); }

  std::uint64_t random() override { return random_.next(); }

  Result<SocketPtr> listen(const Address& address, const ListenOptions& options) override;
  Result<SocketPtr> stream_socket(Address::Family family) override;
  Result<SocketPtr> datagram_socket(Address::Family family) override;
  Address local_address(Socket& socket) override;
  void keep_reserve() noexcept override;

 private:
  static std::uint64_t unforeseen() {
    std::uint64_t value = 0;
    if (::getrandom(&value, sizeof value, 0) != sizeof value) std::abort();
    return value;
  }

  /// 0, or the errno of what the kernel refused.
  int enroll(EpollSocket& socket);
  bool give_up_reserve() noexcept;
  /// Tries; empty when the kernel would block.
  std::optional<std::int64_t> attempt(EpollSocket& socket, Op& op);
  std::optional<std::int64_t> attempt_receive(EpollSocket& socket, Op& op);
  std::optional<std::int64_t> attempt_send(EpollSocket& socket, Op& op);
  std::optional<std::int64_t> attempt_accept(EpollSocket& socket, Op& op);
  std::optional<std::int64_t> attempt_connect(EpollSocket& socket, Op& op);
  std::optional<std::int64_t> attempt_fill(EpollSocket& socket, Op& op);
  std::optional<std::int64_t> attempt_drain(EpollSocket& socket, Op& op);
  void retry(EpollSocket& socket, Op*& slot);

  int epoll_;
  int bell_;
  Random random_;
  const EpollOptions options_;
  Pipes pipes_;
  bool keeps_reserve_ = false;
  int reserve_ = -1;  ///< open for nothing, to be closed for an accept
  std::array<epoll_event, events_max> events_{};
};

Op*& slot_of(EpollSocket& socket, Op::Kind kind) {
  switch (kind) {
    case Op::Kind::accept:
    case Op::Kind::receive:
    case Op::Kind::receive_from:
    case Op::Kind::fill:
      return socket.reading;
    case Op::Kind::hang_up:
      return socket.watching;
    default:
      return socket.writing;
  }
}

int EpollEngine::enroll(EpollSocket& socket) {
  if (socket.registered) return 0;
  epoll_event event{.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.ptr = &socket}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.descriptor, &event) != 0) return errno;
  socket.registered = true;
  return 0;
}

void EpollEngine::submit(Op& op) {
  auto& socket = static_cast<EpollSocket&>(*op.socket);
  if (op.kind != Op::Kind::connect) {
    // Nothing would ever be heard of this socket: the system's limit of watched ones is reached.
    if (const int error = enroll(socket); error != 0) [[unlikely]] {
      op.result = -error;
      op.pending = false;
      return;
    }
  }
  if (const auto result = attempt(socket, op)) {
    op.result = *result;
    op.pending = false;
    return;
  }
  op.pending = true;
  slot_of(socket, op.kind) = &op;
}

void EpollEngine::cancel(Op& op) {
  slot_of(static_cast<EpollSocket&>(*op.socket), op.kind) = nullptr;
  loop_->complete(op, -ECANCELED);
}

std::optional<std::int64_t> EpollEngine::attempt(EpollSocket& socket, Op& op) {
  switch (op.kind) {
    case Op::Kind::receive:
    case Op::Kind::receive_from:
      return attempt_receive(socket, op);
    case Op::Kind::send:
    case Op::Kind::send_to:
      return attempt_send(socket, op);
    case Op::Kind::accept:
      return attempt_accept(socket, op);
    case Op::Kind::connect:
      return attempt_connect(socket, op);
    case Op::Kind::fill:
      return attempt_fill(socket, op);
    case Op::Kind::drain:
      return attempt_drain(socket, op);
    case Op::Kind::hang_up:
      if (socket.hung_up) return 0;
      return std::nullopt;
    case Op::Kind::shutdown:
      return ::shutdown(socket.descriptor, SHUT_WR) == 0 ? 0 : -errno;
  }
  return -EINVAL;
}

std::optional<std::int64_t> EpollEngine::attempt_receive(EpollSocket& socket, Op& op) {
  if (!socket.readable) return std::nullopt;
  // The buffer is taken only now that there may be bytes: an idle connection holds none.
  Chunk chunk =
      Chunk::with_room(op.kind == Op::Kind::receive ? op.wanted : datagram_bytes, op.headroom);
  const auto room = chunk.room();
  for (;;) {
    ssize_t got;
    if (op.kind == Op::Kind::receive) {
      got = receive(socket.descriptor, room.data(), room.size());
    } else {
      SockAddr from;
      got = ::recvfrom(socket.descriptor, room.data(), room.size(), 0, from.get(), &from.size);
      if (got >= 0) static_cast<AddressedOp&>(op).address = from.address();
    }
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        socket.readable = false;
        return std::nullopt;
      }
      return -errno;
    }
    // A short read drained the socket: the next bytes come with a new event. Not so with the end
    // behind them, or at an urgent mark.
    if (op.kind == Op::Kind::receive && static_cast<std::size_t>(got) < room.size() &&
        !socket.hung_up && !socket.urgent)
      socket.readable = got == 0;
    chunk.extend(static_cast<std::size_t>(got));
    op.chunk = std::move(chunk);
    return got;
  }
}

std::optional<std::int64_t> EpollEngine::attempt_send(EpollSocket& socket, Op& op) {
  if (!socket.writable) return std::nullopt;
  for (;;) {
    ssize_t taken;
    std::size_t offered = 0;
    if (op.kind == Op::Kind::send_to) {
      offered = op.chunk.size();
      SockAddr to(static_cast<AddressedOp&>(op).address);
      taken = ::sendto(socket.descriptor, op.chunk.text().data(), offered, MSG_NOSIGNAL, to.get(),
                       to.size);
    } else if (const Chunks& bytes = static_cast<SendOp&>(op).bytes; bytes.size() == 1) {
      offered = bytes[0].size();
      taken = send(socket.descriptor, bytes[0].text());
    } else {
      std::array<iovec, pieces_max> pieces;
      const std::size_t count = std::min(bytes.size(), pieces_max);
      for (std::size_t i = 0; i < count; ++i) {
        const std::string_view text = bytes[i].text();
        pieces[i] = {const_cast<char*>(text.data()), text.size()};
        offered += text.size();
      }
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = count;
      taken = ::sendmsg(socket.descriptor, &message, MSG_NOSIGNAL);
    }
    if (taken < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        socket.writable = false;
        return std::nullopt;
      }
      return -errno;
    }
    if (static_cast<std::size_t>(taken) < offered) socket.writable = false;
    return taken;
  }
}

void EpollEngine::keep_reserve() noexcept {
  keeps_reserve_ = true;
  if (reserve_ < 0) reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool EpollEngine::give_up_reserve() noexcept {
  if (reserve_ < 0) return false;
  ::close(std::exchange(reserve_, -1));
  return true;
}

std::optional<std::int64_t> EpollEngine::attempt_accept(EpollSocket& socket, Op& op) {
  if (keeps_reserve_) keep_reserve();
  while (socket.readable) {
    SockAddr peer;
    const int descriptor =
        ::accept4(socket.descriptor, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      if (peer.family() != AF_UNIX) set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
      auto& accept = static_cast<AddressedOp&>(op);
      accept.accepted = SocketPtr(new EpollSocket(descriptor));
      accept.address = peer.address();
      return 0;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE && give_up_reserve()) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return -errno;
    socket.readable = false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> EpollEngine::attempt_connect(EpollSocket& socket, Op& op) {
  if (!socket.registered) {
    SockAddr to(static_cast<AddressedOp&>(op).address);
    const int failed = ::connect(socket.descriptor, to.get(), to.size);
    if (failed == 0) return -enroll(socket);
    if (errno != EINPROGRESS && errno != EINTR) return -errno;
    socket.writable = false;
    if (const int error = enroll(socket); error != 0) return -error;
    return std::nullopt;
  }
  if (!socket.writable) return std::nullopt;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  return -error;
}

std::optional<std::int64_t> EpollEngine::attempt_fill(EpollSocket& socket, Op& op) {
  if (socket.urgent) return -EINVAL;  // splice never passes the mark
  if (!socket.readable) return std::nullopt;
  // Taken only now that there may be bytes, as buffers are: who waits holds none.
  PipePtr pipe = pipes_.take();
  if (!pipe) return -EMFILE;
  for (;;) {
    // The pipe is empty: would-block is the socket's word.
    const std::int64_t moved = static_cast<Pipe&>(*pipe).fill_from(socket.descriptor, op.wanted);
    if (moved == -EINTR) continue;
    if (moved == -EAGAIN) break;
    if (moved > 0) static_cast<PipeOp&>(op).pipe = std::move(pipe);
    return moved;
  }
  socket.readable = false;
  return std::nullopt;
}

std::optional<std::int64_t> EpollEngine::attempt_drain(EpollSocket& socket, Op& op) {
  auto& pipe = static_cast<Pipe&>(*static_cast<PipeOp&>(op).pipe);
  while (socket.writable) {
    const std::int64_t moved = pipe.drain_into(socket.descriptor, op.wanted);
    if (moved == -EINTR) continue;
    if (moved != -EAGAIN) return moved;
    socket.writable = false;
  }
  return std::nullopt;
}

void EpollEngine::retry(EpollSocket& socket, Op*& slot) {
  if (slot == nullptr) return;
  Op& op = *slot;
  if (op.kind == Op::Kind::receive || op.kind == Op::Kind::fill) {
    // Received when its reader runs, not now for all sockets of this round: one buffer, hot in the
    // cache, serves them all.
    slot = nullptr;
    return loop_->complete(op, -EAGAIN);
  }
  if (const auto result = attempt(socket, op)) {
    slot = nullptr;
    loop_->complete(op, *result);
  }
}

void EpollEngine::wait(TimePoint until) {
  int timeout = -1;
  if (until != never) {
    const auto left = std::chrono::ceil<milliseconds>(until - now()).count();
    timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
  const int count = ::epoll_wait(epoll_, events_.data(), events_max, timeout);
  loop_->read_clock();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      std::uint64_t rings;
      [[maybe_unused]] const auto got = ::read(bell_, &rings, sizeof rings);
      continue;
    }
    auto& socket = *static_cast<EpollSocket*>(event.data.ptr);
    const SocketPtr alive(&socket);  // a completion may drop the last other owner
    if ((event.events & EPOLLPRI) != 0) socket.urgent = true;
    if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) socket.readable = true;
    if ((event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) socket.writable = true;
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) socket.hung_up = true;
    if (socket.readable) retry(socket, socket.reading);
    if (socket.writable) retry(socket, socket.writing);
    if (socket.hung_up) retry(socket, socket.watching);
  }
}

Result<SocketPtr> EpollEngine::stream_socket(Address::Family family) {
  const int descriptor =
      ::socket(family_number(family), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(io_error(errno, "socket"));
  if (family != Address::Family::unix_path) {
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    // Known to the kernel: listeners have it too, or the node would not have started.
    set_congestion_control(descriptor, options_.congestion_control);
  }
  return SocketPtr(new EpollSocket(descriptor));
}

Result<SocketPtr> EpollEngine::datagram_socket(Address::Family family) {
  const int descriptor =
      ::socket(family_number(family), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(io_error(errno, "socket"));
  return SocketPtr(new EpollSocket(descriptor));
}

Result<SocketPtr> EpollEngine::listen(const Address& address, const ListenOptions& options) {
  TRY(const int descriptor, open_listener(address, options));
  return SocketPtr(new EpollSocket(descriptor));
}

Address EpollEngine::local_address(Socket& socket) {
  SockAddr local;
  ::getsockname(static_cast<EpollSocket&>(socket).descriptor, local.get(), &local.size);
  return local.address();
}

}  // namespace

Result<std::unique_ptr<Engine>> make_epoll_engine(EpollOptions options) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return std::unexpected(io_error(errno, "epoll_create1"));
  const int bell = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (bell < 0) {
    const int error = errno;
    ::close(epoll);
    return std::unexpected(io_error(error, "eventfd"));
  }
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event) != 0) {
    const int error = errno;
    ::close(epoll);
    ::close(bell);
    return std::unexpected(io_error(error, "epoll_ctl"));
  }
  return std::make_unique<EpollEngine>(epoll, bell, std::move(options));
}

void fill_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace sluice
