#pragma once
// The access log: workers append whole lines to rings of their own, one thread writes them in
// batches.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"

namespace sluice::telemetry {

/// Whole lines from one thread to another. Bounded; what does not fit is dropped by the writer.
class LineRing {
 public:
  explicit LineRing(std::size_t capacity);  ///< a power of two

  bool push(std::string_view line) noexcept;
  /// Appends all that is there to `out`.
  void drain(std::string& out);

  std::size_t used() const noexcept {
    return written_.load(std::memory_order_acquire) - read_.load(std::memory_order_acquire);
  }

 private:
  std::size_t capacity_;
  std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::size_t> written_ = 0;
  alignas(64) std::atomic<std::size_t> read_ = 0;
};

class AccessLog {
 public:
  static constexpr std::size_t ring_bytes = 1 << 20;

  /// Error(io_failed) says why `path` cannot be written. A line is in the file at the latest after
  /// a second.
  static Result<std::unique_ptr<AccessLog>> open(const std::string& path, std::size_t workers);
  ~AccessLog();

  /// Called by one worker only. Never blocks; false when the line was dropped.
  bool write(std::size_t worker, std::string_view line) noexcept;

  /// Goes on in a new file of that name: after a rotation. Any thread.
  void reopen() noexcept { reopen_.store(true, std::memory_order_relaxed); }

  const std::string& path() const noexcept { return path_; }

 private:
  AccessLog(std::string path, int descriptor, std::size_t workers);
  void run();
  void write_out(std::string& batch);

  std::string path_;
  int descriptor_;
  std::vector<std::unique_ptr<LineRing>> rings_;
  std::atomic<bool> reopen_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> hurry_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace sluice::telemetry
