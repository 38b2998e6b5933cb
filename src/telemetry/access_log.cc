#include "telemetry/access_log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread_name.h"

namespace sluice::telemetry {
namespace {

// A line waits this long at most, unless a ring fills up first.
constexpr std::chrono::milliseconds batch_interval{200};

// Lines of this size leave together.
constexpr std::size_t batch_bytes = 128 * 1024;

// How long to wait for room in a pipe before looking whether the log ends.
constexpr int room_wait_ms = 100;
// A reader that is slow for this long has stopped.
constexpr int told_after_ms = 1000;

int open_file(const std::string& path) {
  // Without O_NONBLOCK, a pipe that nobody reads would never open.
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
  if (descriptor >= 0) return descriptor;
  // A service manager's socket, or a pipe of another user: no name opens these, but we hold them.
  if (path == "/dev/stdout") return ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  if (path == "/dev/stderr") return ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  return descriptor;
}

bool is_regular(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& path, std::size_t workers,
                                                   WriteRecord write, std::shared_ptr<Lost> lost) {
  const int descriptor = open_file(path);
  if (descriptor < 0)
    return fail(ErrorCode::io_failed,
                "cannot write the access log " + path + ": " + std::strerror(errno) +
                    "; set gateway.access_log to a writable path, or to null for none");
  return std::unique_ptr<AccessLog>(
      new AccessLog(path, descriptor, workers, write, std::move(lost)));
}

AccessLog::AccessLog(std::string path, int descriptor, std::size_t workers, WriteRecord write,
                     std::shared_ptr<Lost> lost)
    : path_(std::move(path)), descriptor_(descriptor), write_(write), lost_(std::move(lost)) {
  for (std::size_t i = 0; i < workers; ++i)
    channels_.push_back(std::make_unique<Channel>(*this));
  thread_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  stopping_.store(true, std::memory_order_release);
  wake_.notify_one();
  thread_.join();
  ::close(descriptor_);
}

void AccessLog::Channel::commit() noexcept {
  ring_.commit();
  // One wake-up for each time that a ring gets a quarter full: a batch large enough to be cheap,
  // with room left while it is written.
  if (ring_.used() > ring_bytes / 4 && !log_.hurry_.load(std::memory_order_relaxed) &&
      !log_.hurry_.exchange(true, std::memory_order_relaxed))
    log_.wake_.notify_one();
}

void AccessLog::run() {
  name_thread("access-log");
  JsonText batch;
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, batch_interval, [this] {
        return stopping_.load(std::memory_order_acquire) || hurry_.load(std::memory_order_relaxed);
      });
    }
    last = stopping_.load(std::memory_order_acquire);
    hurry_.store(false, std::memory_order_relaxed);
    if (reopen_.exchange(false, std::memory_order_relaxed)) {
      if (const int descriptor = open_file(path_); descriptor >= 0)
        ::close(std::exchange(descriptor_, descriptor));
    }
    for (auto& channel : channels_)
      channel->ring().drain([&](std::string_view record) {
        write_(record, batch);
        if (batch.view().size() < batch_bytes) return;
        write_out(batch.view());
        batch.clear();
      });
    write_out(batch.view());
    batch.clear();
  }
}

void AccessLog::write_out(std::string_view batch) {
  const bool blocks = !is_regular(descriptor_);
  std::string_view rest = batch;
  while (!rest.empty()) {
    // A reader that stopped must not hold whoever ends this log: the node, or a reload.
    if (blocks && !wait_for_room()) return lose(rest, "nobody reads it");
    // With room, a pipe takes this much without waiting, also one that is shared with others.
    const std::size_t size = blocks ? std::min<std::size_t>(rest.size(), PIPE_BUF) : rest.size();
    const ssize_t written = ::write(descriptor_, rest.data(), size);
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR || errno == EAGAIN) continue;
    return lose(rest, std::strerror(errno));
  }
}

bool AccessLog::wait_for_room() {
  pollfd ready{descriptor_, POLLOUT, 0};
  for (int waited_ms = 0; ::poll(&ready, 1, room_wait_ms) == 0; waited_ms += room_wait_ms) {
    if (stopping_.load(std::memory_order_acquire)) return false;
    if (waited_ms == told_after_ms)
      log::warn("nobody reads the access log " + path_ + ": lines that find no room are dropped");
  }
  return true;
}

void AccessLog::lose(std::string_view lines, const std::string& why) {
  const auto count = static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
  lost_->fetch_add(count, std::memory_order_relaxed);
  log::error("the access log " + path_ + " cannot be written: " + why + "; lines are lost");
}

}  // namespace sluice::telemetry
