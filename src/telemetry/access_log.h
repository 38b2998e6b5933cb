#pragma once
// The access log: workers put records into rings of their own; one thread makes lines of them and
// writes these in batches.

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
#include "telemetry/json.h"
#include "telemetry/record_ring.h"

namespace sluice::telemetry {

/// Appends the line, or lines, of one record.
using WriteRecord = void (*)(std::string_view record, JsonText& lines);

class AccessLog {
 public:
  using Lost = std::atomic<std::uint64_t>;

  static constexpr std::size_t ring_bytes = 1 << 20;

  /// Error(io_failed) says why `path` cannot be written. A line is in the file at the latest after
  /// a second. `lost` counts the lines that could not be written.
  static Result<std::unique_ptr<AccessLog>> open(const std::string& path, std::size_t workers,
                                                 WriteRecord write, std::shared_ptr<Lost> lost);
  ~AccessLog();

  /// Where one worker alone puts its records.
  RecordSink& sink(std::size_t worker) noexcept { return *channels_[worker]; }

  /// Goes on in a new file of that name: after a rotation. Any thread.
  void reopen() noexcept { reopen_.store(true, std::memory_order_relaxed); }

  const std::string& path() const noexcept { return path_; }

 private:
  class Channel final : public RecordSink {
   public:
    explicit Channel(AccessLog& log) : log_(log), ring_(ring_bytes) {}

    char* reserve(std::size_t size) noexcept override { return ring_.reserve(size); }

    void commit() noexcept override;

    RecordRing& ring() noexcept { return ring_; }

   private:
    AccessLog& log_;
    RecordRing ring_;
  };

  AccessLog(std::string path, int descriptor, std::size_t workers, WriteRecord write,
            std::shared_ptr<Lost> lost);
  void run();
  void write_out(std::string_view batch);
  /// False once the log ends.
  bool wait_for_room();
  void lose(std::string_view lines, const std::string& why);

  std::string path_;
  int descriptor_;
  WriteRecord write_;
  std::shared_ptr<Lost> lost_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::atomic<bool> reopen_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> hurry_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace sluice::telemetry
