// The floor of the benchmark: a layer-4 relay on epoll. It copies bytes between one client and one
// upstream connection and reads nothing of them, so no HTTP proxy on the same kernel can be much
// cheaper. One thread, edge-triggered.

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <getopt.h>

#include "sockets.h"

namespace {

using namespace bench;

constexpr const char* program = "bench_relay";
// At 1 MiB, 64 KiB cost 40 % more on one host; 128 KiB to 512 KiB differ little.
constexpr std::size_t buffer_bytes = 256 * 1024;

/// The last buffer given back is taken first, because it is still in the cache.
class BufferPool {
 public:
  std::unique_ptr<char[]> take() {
    if (free_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_bytes);
    auto buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }

  void give(std::unique_ptr<char[]> buffer) { free_.push_back(std::move(buffer)); }

 private:
  std::vector<std::unique_ptr<char[]>> free_;
};

struct Pair;

/// One socket, and what was read from the other side but not yet written to this one.
struct Side {
  Pair* pair = nullptr;
  Side* other = nullptr;
  int descriptor = -1;
  bool readable = false;
  bool ending =
      false;  // The peer has announced its end: read until 0, a short read proves nothing.
  bool ended = false;
  std::unique_ptr<char[]> pending;
  std::size_t pending_from = 0;
  std::size_t pending_to = 0;
  std::array<int, 2> pipe{-1, -1};  // With --splice: bytes on their way to this side.
  std::size_t in_pipe = 0;
};

struct Pair {
  Side client;
  Side upstream;
  bool dead = false;
};

class Relay {
 public:
  Relay(const std::string& listen, const std::string& target, bool splice)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)),
        listener_(listen_on(program, listen)),
        target_(address_of(program, target)),
        splice_(splice) {
    watch(epoll_, listener_, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int index = 0; index < count; index++) {
        auto* side = static_cast<Side*>(events[static_cast<std::size_t>(index)].data.ptr);
        if (side == nullptr) {
          accept_all();
        } else if (!side->pair->dead) {
          on_event(*side, events[static_cast<std::size_t>(index)].events);
        }
      }
      // Only now: a later event of this round may still have named a side of a dead pair.
      for (Pair* pair : dead_)
        delete pair;
      dead_.clear();
    }
  }

 private:
  void accept_all() {
    for (;;) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (client < 0) return;
      // Connecting over loopback completes at once; blocking here keeps "not yet connected" out of
      // the rest.
      const int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(upstream, reinterpret_cast<const sockaddr*>(&target_), sizeof target_) != 0) {
        close(client);
        close(upstream);
        continue;
      }
      fcntl(upstream, F_SETFL, O_NONBLOCK);
      auto* pair = new Pair;
      open_side(pair->client, *pair, pair->upstream, client);
      open_side(pair->upstream, *pair, pair->client, upstream);
      watch(epoll_, client, &pair->client);
      watch(epoll_, upstream, &pair->upstream);
    }
  }

  void open_side(Side& side, Pair& pair, Side& other, int descriptor) const {
    side.pair = &pair;
    side.other = &other;
    side.descriptor = descriptor;
    send_at_once(descriptor);
    if (!splice_) return;
    if (pipe2(side.pipe.data(), O_NONBLOCK | O_CLOEXEC) != 0) fail(program, "no more pipes");
    fcntl(side.pipe[1], F_SETPIPE_SZ, 1 << 20);
  }

  void on_event(Side& side, std::uint32_t events) {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) side.ending = true;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
      side.readable = true;
      move(side, *side.other);
    }
    if (!side.pair->dead && (events & EPOLLOUT) != 0 && has_pending(side)) move(*side.other, side);
  }

  bool has_pending(const Side& side) const { return side.pending != nullptr || side.in_pipe != 0; }

  void move(Side& from, Side& to) {
    if (splice_) {
      move_spliced(from, to);
    } else {
      move_copied(from, to);
    }
    if (from.ended && to.ended) end(*from.pair);
  }

  void move_copied(Side& from, Side& to) {
    if (to.pending != nullptr && !flush(to)) return;
    while (from.readable) {
      auto buffer = pool_.take();
      const ssize_t got = recv(from.descriptor, buffer.get(), buffer_bytes, 0);
      if (got <= 0) {
        pool_.give(std::move(buffer));
        return on_no_bytes(from, to, got);
      }
      if (static_cast<std::size_t>(got) < buffer_bytes && !from.ending) from.readable = false;
      const ssize_t sent =
          send(to.descriptor, buffer.get(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      if (sent == got) {
        pool_.give(std::move(buffer));
        continue;
      }
      if (sent < 0 && errno != EAGAIN) {
        pool_.give(std::move(buffer));
        return end(*from.pair);
      }
      to.pending = std::move(buffer);
      to.pending_from = sent < 0 ? 0 : static_cast<std::size_t>(sent);
      to.pending_to = static_cast<std::size_t>(got);
      return;
    }
  }

  /// Writes what waits for this side; false while some of it still waits.
  bool flush(Side& to) {
    const ssize_t sent = send(to.descriptor, to.pending.get() + to.pending_from,
                              to.pending_to - to.pending_from, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) end(*to.pair);
      return false;
    }
    to.pending_from += static_cast<std::size_t>(sent);
    if (to.pending_from < to.pending_to) return false;
    pool_.give(std::move(to.pending));
    return true;
  }

  void move_spliced(Side& from, Side& to) {
    constexpr unsigned how = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    for (;;) {
      if (to.in_pipe != 0) {
        const ssize_t sent = splice(to.pipe[0], nullptr, to.descriptor, nullptr, to.in_pipe, how);
        if (sent < 0) {
          if (errno != EAGAIN) end(*from.pair);
          return;
        }
        to.in_pipe -= static_cast<std::size_t>(sent);
        if (to.in_pipe != 0) return;
      }
      if (!from.readable) return;
      // A pipe is full by its number of pages, so a short splice does not mean that the socket is
      // empty.
      const ssize_t got = splice(from.descriptor, nullptr, to.pipe[1], nullptr, 1 << 20, how);
      if (got <= 0) return on_no_bytes(from, to, got);
      to.in_pipe = static_cast<std::size_t>(got);
    }
  }

  void on_no_bytes(Side& from, Side& to, ssize_t got) {
    from.readable = false;
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return end(*from.pair);
    from.ended = true;
    shutdown(to.descriptor, SHUT_WR);
  }

  void end(Pair& pair) {
    if (pair.dead) return;
    pair.dead = true;
    for (Side* side : {&pair.client, &pair.upstream}) {
      close(side->descriptor);
      if (side->pending != nullptr) pool_.give(std::move(side->pending));
      for (const int descriptor : side->pipe) {
        if (descriptor >= 0) close(descriptor);
      }
    }
    dead_.push_back(&pair);
  }

  int epoll_;
  int listener_;
  sockaddr_in target_;
  bool splice_;
  BufferPool pool_;
  std::vector<Pair*> dead_;
};

}  // namespace

int main(int count, char** arguments) {
  std::string listen;
  std::string target;
  int cpu = -1;
  bool spliced = false;
  const std::array<option, 5> options{{{"listen", required_argument, nullptr, 'l'},
                                       {"target", required_argument, nullptr, 't'},
                                       {"cpu", required_argument, nullptr, 'c'},
                                       {"splice", no_argument, nullptr, 's'},
                                       {nullptr, 0, nullptr, 0}}};
  for (int letter; (letter = getopt_long(count, arguments, "", options.data(), nullptr)) != -1;) {
    if (letter == 'l') listen = optarg;
    if (letter == 't') target = optarg;
    if (letter == 'c') cpu = bench::number_of<int>(program, optarg);
    if (letter == 's') spliced = true;
    if (letter == '?') return 2;
  }
  if (listen.empty() || target.empty()) {
    bench::fail(
        program,
        "usage: bench_relay --listen 127.0.0.1:8000 --target 127.0.0.1:9000 [--cpu N] [--splice]");
  }
  bench::pin_to(program, cpu);
  bench::raise_descriptor_limit();
  Relay(listen, target, spliced).run();
}
