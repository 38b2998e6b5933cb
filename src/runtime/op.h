#pragma once
// Operations: requests to the kernel that own everything the kernel may touch, until they complete.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/chunk.h"
#include "base/memory.h"
#include "runtime/address.h"

namespace sluice {

class Loop;
struct Op;

/// A descriptor, shared with the operations on it: it closes after the last of them completed, so
/// that a prepared operation never hits a reused number. Belongs to one loop; made by its engine.
class Socket {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  virtual ~Socket() = default;

  void acquire() noexcept { ++owners_; }

  void release() noexcept {
    if (--owners_ == 0) delete this;
  }

 private:
  std::uint32_t owners_ = 0;
};

class SocketPtr {
 public:
  SocketPtr() = default;

  explicit SocketPtr(Socket* socket) noexcept : socket_(socket) {
    if (socket_ != nullptr) socket_->acquire();
  }

  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete): the analyzer cannot count owners
  SocketPtr(const SocketPtr& other) noexcept : SocketPtr(other.socket_) {}

  SocketPtr(SocketPtr&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}

  SocketPtr& operator=(SocketPtr other) noexcept {
    std::swap(socket_, other.socket_);
    return *this;
  }

  ~SocketPtr() {
    if (socket_ != nullptr)
      socket_->release();  // NOLINT(clang-analyzer-cplusplus.NewDelete): as above
  }

  explicit operator bool() const noexcept { return socket_ != nullptr; }

  Socket& operator*() const noexcept { return *socket_; }

  Socket* get() const noexcept { return socket_; }

 private:
  Socket* socket_ = nullptr;
};

/// Hears of a completion, inside Engine::wait. Stores, restarts or makes ready; never resumes (C2).
class OpSink {
 public:
  virtual void on_completion(Op& op) noexcept = 0;

 protected:
  ~OpSink() = default;
};

/// Every started operation completes exactly once, also after cancel. This type itself serves
/// receive, hang_up and shutdown.
struct Op : memory::Pooled {
  enum class Kind : std::uint8_t {
    receive,   ///< up to `wanted` bytes into `chunk`, taken from the pool when there are bytes;
               ///< result 0 = the peer's end
    hang_up,   ///< completes when the peer sent FIN or reset, also behind unread bytes
    shutdown,  ///< half-close
    send,      ///< SendOp: from the front of `bytes`; result = bytes taken, at least 1
    accept,    ///< AddressedOp: result 0: `accepted` and `address` (the peer's)
    connect,   ///< AddressedOp: to `address`
    fill,      ///< PipeOp: up to `wanted` bytes from the socket into `pipe`, which is taken when
               ///< there are bytes; -EMFILE when no pipe is free
    drain,     ///< PipeOp: up to `wanted` bytes from the pipe into the socket
    receive_from,  ///< AddressedOp: one datagram into `chunk`; `address` = from
    send_to,       ///< AddressedOp: `chunk` to `address`
  };

  Op(Kind its_kind, SocketPtr its_socket, OpSink& its_sink)
      : kind(its_kind), sink(&its_sink), socket(std::move(its_socket)) {}

  Kind kind;
  bool pending = false;
  std::uint16_t headroom = 0;  ///< of the chunk that a receive makes
  std::uint32_t wanted = 0;
  std::int64_t result = 0;  ///< bytes, 0, or a negative errno
  OpSink* sink;             ///< null once nobody wants the result
  SocketPtr socket;
  Chunk chunk;
};

struct SendOp : Op {
  using Op::Op;
  Chunks bytes;
};

/// Bytes that stay in the kernel on their way from one socket to another (splice(2)).
using PipePtr = SocketPtr;

struct PipeOp : Op {
  using Op::Op;
  PipePtr pipe;
};

struct AddressedOp : Op {
  using Op::Op;
  Address address;
  SocketPtr accepted;
};

/// Owns an operation. Destroyed while it is pending, it leaves the operation to the loop, which
/// ends it.
template <class Kind>
class OpHandle {
 public:
  OpHandle() = default;

  OpHandle(Loop& loop, Op::Kind kind, SocketPtr socket, OpSink& sink)
      : loop_(&loop), op_(new Kind(kind, std::move(socket), sink)) {}

  OpHandle(OpHandle&& other) noexcept
      : loop_(other.loop_), op_(std::exchange(other.op_, nullptr)) {}

  OpHandle& operator=(OpHandle&& other) noexcept {
    std::swap(loop_, other.loop_);
    std::swap(op_, other.op_);
    return *this;
  }

  ~OpHandle() { reset(); }

  /// True when it completed at once; else the sink hears of it later.
  bool start();
  void reset() noexcept;

  explicit operator bool() const noexcept { return op_ != nullptr; }

  bool pending() const noexcept { return op_ != nullptr && op_->pending; }

  Kind* operator->() const noexcept { return op_; }

  Kind& operator*() const noexcept { return *op_; }

 private:
  Loop* loop_ = nullptr;
  Kind* op_ = nullptr;
};

}  // namespace sluice
