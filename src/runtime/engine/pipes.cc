#include "runtime/engine/pipes.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "runtime/stream.h"

namespace sluice {
namespace {

// Empty pipes that wait for their next body: making one costs as much as two of its moves.
constexpr std::size_t free_max = 8;
// A process without privileges gets pipes of two pages once its user has many: copying is faster.
constexpr int capacity_min = 64 * 1024;

constexpr unsigned how = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

void close_ends(Pipe::Ends ends) noexcept {
  ::close(ends.out);
  ::close(ends.in);
}

}  // namespace

Pipe::~Pipe() {
  memory::count_in_kernel(-held_);
  pipes_.give_back(ends_, held_ == 0);
}

std::int64_t Pipe::fill_from(int descriptor, std::size_t wanted) noexcept {
  const ssize_t moved = ::splice(descriptor, nullptr, ends_.in, nullptr, wanted, how);
  if (moved < 0) return -errno;
  held_ += moved;
  memory::count_in_kernel(moved);
  return moved;
}

std::int64_t Pipe::drain_into(int descriptor, std::size_t wanted) noexcept {
  const ssize_t moved = ::splice(ends_.out, nullptr, descriptor, nullptr, wanted, how);
  if (moved == 0) return -EPIPE;  // fewer bytes in the pipe than its owner thinks
  if (moved < 0) return -errno;
  held_ -= moved;
  memory::count_in_kernel(-moved);
  return moved;
}

Pipes::~Pipes() {
  for (const Pipe::Ends ends : free_)
    close_ends(ends);
}

PipePtr Pipes::take() {
  Pipe::Ends ends{};
  if (!free_.empty()) {
    ends = free_.back();
    free_.pop_back();
  } else {
    if (taken_ + free_.size() >= most_) return {};
    std::array<int, 2> made{};
    if (::pipe2(made.data(), O_NONBLOCK | O_CLOEXEC) != 0) return {};
    ends = {made[0], made[1]};
    // Refused over the user's limit of pipe pages: a smaller pipe only takes more calls.
    ::fcntl(ends.in, F_SETPIPE_SZ, static_cast<int>(read_bytes_max));
    if (::fcntl(ends.in, F_GETPIPE_SZ) < capacity_min) {
      close_ends(ends);
      return {};
    }
  }
  ++taken_;
  return PipePtr(new Pipe(*this, ends));
}

void Pipes::give_back(Pipe::Ends ends, bool is_empty) noexcept {
  --taken_;
  if (is_empty && free_.size() < free_max)
    free_.push_back(ends);
  else
    close_ends(ends);
}

}  // namespace sluice
