#pragma once
// The pipes through which bodies go from socket to socket inside the kernel (docs/decisions/0010).

#include <cstddef>
#include <vector>

#include "base/memory.h"
#include "runtime/op.h"

namespace sluice {

class Pipes;

/// A pipe with one owner at a time, empty when it comes. What is in it counts as memory of its
/// thread.
class Pipe final : public Socket, public memory::Pooled {
 public:
  struct Ends {
    int out, in;
  };

  Pipe(Pipes& pipes, Ends ends) : pipes_(pipes), ends_(ends) {}

  /// Goes back to its Pipes, or is closed when something is left in it.
  ~Pipe() override;

  /// Up to `wanted` bytes of a socket, or out to it; a negative errno.
  std::int64_t fill_from(int descriptor, std::size_t wanted) noexcept;
  std::int64_t drain_into(int descriptor, std::size_t wanted) noexcept;

 private:
  Pipes& pipes_;
  Ends ends_;
  std::int64_t held_ = 0;  ///< bytes
};

/// Of one engine, which outlives what comes from here.
class Pipes {
 public:
  /// `most`: pipes at a time, those that wait for their next body included; each takes two
  /// descriptors.
  explicit Pipes(std::size_t most) : most_(most) {}

  Pipes(const Pipes&) = delete;
  Pipes& operator=(const Pipes&) = delete;
  ~Pipes();

  /// Null where all are taken, where there is no descriptor left, and where the system's limits
  /// leave room for too little.
  PipePtr take();

 private:
  friend class Pipe;
  void give_back(Pipe::Ends ends, bool is_empty) noexcept;

  const std::size_t most_;
  std::size_t taken_ = 0;
  std::vector<Pipe::Ends> free_;  ///< empty ones, the last one first
};

}  // namespace sluice
