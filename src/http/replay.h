#pragma once
// A request body for several attempts: each reads from the first byte while `limit` holds.

#include <memory>

#include "http/message.h"

namespace sluice::http {

/// One reader at a time; the next one begins at the first byte. Keeps what was read by reference
/// where it fills its block, else by copy.
class Replay {
 public:
  /// `limit`: bytes of memory that the kept chunks may hold.
  Replay(BodyPtr source, std::size_t limit);
  /// Keeps nothing further: no reader begins any more.
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  /// The Replay may be gone before its readers.
  BodyPtr reader();
  /// False once a reader went past the limit: no further attempt.
  bool from_start() const noexcept;

 private:
  struct Store;
  class Reader;
  std::shared_ptr<Store> store_;
};

}  // namespace sluice::http
