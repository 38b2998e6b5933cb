#include "base/log.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/thread_name.h"

namespace sluice::log {
namespace {

constexpr unsigned repeats_max = 5;

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

/// Remembers recent lines by hash; collisions only delay a line by a second.
class Limiter {
 public:
  /// How many repetitions to tell before the line, or -1 to leave it out.
  int admit(std::string_view message) {
    const std::size_t hash = std::hash<std::string_view>()(message);
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(
                            spdlog::log_clock::now().time_since_epoch())
                            .count();
    const std::lock_guard lock(mutex_);
    Recent& recent = recent_[hash % recent_.size()];
    if (recent.hash != hash || recent.second != second) {
      const int left_out = recent.hash == hash ? static_cast<int>(recent.left_out) : 0;
      recent = {hash, second, 1, 0};
      return left_out;
    }
    if (++recent.count <= repeats_max) return 0;
    ++recent.left_out;
    return -1;
  }

 private:
  struct Recent {
    std::size_t hash = 0;
    std::int64_t second = 0;
    unsigned count = 0;
    unsigned left_out = 0;
  };

  std::mutex mutex_;
  std::array<Recent, 64> recent_{};
};

std::shared_ptr<spdlog::logger> make_logger(std::shared_ptr<spdlog::sinks::sink> sink) {
  auto logger = std::make_shared<spdlog::logger>("sluice", std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->flush_on(spdlog::level::debug);
  return logger;
}

std::shared_ptr<spdlog::logger>& current() {
  static auto logger = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return logger;
}

struct Line {
  spdlog::log_clock::time_point time;
  Level level;
  unsigned left_out;  ///< repetitions before it
  std::string text;
};

void write_line(const Line& line) {
  const auto logger = std::atomic_load(&current());
  const auto level = level_of(line.level);
  if (line.left_out > 0)
    logger->log(line.time, spdlog::source_loc{}, level,
                "(the next line came " + std::to_string(line.left_out) + " times more)");
  logger->log(line.time, spdlog::source_loc{}, level, line.text);
}

// Lines that may wait for the log's thread: a second of many different errors.
constexpr std::size_t lines_max = 4096;
// How long the end of the process waits for a line to be taken.
constexpr std::chrono::seconds end_patience{1};
// How long a dying process waits for the thread.
constexpr int crash_patience_ms = 200;

/// The thread that writes, and what waits for it. Lives as long as the process: lines may come at
/// its very end.
class Background {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    if (thread_.joinable()) return;
    running_ = true;
    over_ = false;
    thread_ = std::thread([this] { run(); });
    heed_crashes();
  }

  void end() {
    if (!thread_.joinable()) return;
    std::unique_lock lock(mutex_);
    running_ = false;
    wake_.notify_one();
    std::size_t before = 0;
    do {
      before = waiting_.load();
      ended_.wait_for(lock, end_patience, [this] { return over_; });
    } while (!over_ && waiting_.load() < before);
    abandoned_ = !over_;
    lock.unlock();
    if (abandoned_)
      thread_.detach();  // in a write, with the sink's lock
    else
      thread_.join();
  }

  bool abandoned() {
    const std::lock_guard lock(mutex_);
    return abandoned_;
  }

  /// False when the caller writes it himself.
  bool take(Line& line) {
    {
      const std::lock_guard lock(mutex_);
      if (abandoned_) return true;
      if (!running_) return false;
      if (lines_.size() >= lines_max) {
        ++dropped_;
        return true;
      }
      waiting_.fetch_add(1, std::memory_order_relaxed);
      lines_.push_back(std::move(line));
    }
    wake_.notify_one();
    return true;
  }

 private:
  void run() {
    name_thread("log");
    for (bool last = false; !last;) {
      std::vector<Line> lines;
      std::size_t dropped = 0;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return !running_ || !lines_.empty(); });
        last = !running_;
        lines.swap(lines_);
        dropped = std::exchange(dropped_, 0);
      }
      for (const Line& line : lines) {
        write_line(line);
        waiting_.fetch_sub(1, std::memory_order_relaxed);
      }
      if (dropped > 0)
        write_line({spdlog::log_clock::now(), Level::warn, 0,
                    std::to_string(dropped) + " lines of this log were dropped"});
    }
    const std::lock_guard lock(mutex_);
    over_ = true;
    ended_.notify_one();
  }

  /// The thread goes on while the handler sleeps; then the signal does what it did before.
  void heed_crashes() {
    if (std::exchange(heeds_crashes_, true)) return;
    for (std::size_t i = 0; i < fatal.size(); ++i) {
      struct sigaction action{};
      action.sa_flags = SA_SIGINFO;
      action.sa_sigaction = on_crash;
      ::sigaction(fatal[i], &action, &before_[i]);
    }
  }

  static void on_crash(int number, siginfo_t* info, void* context);

  static constexpr std::array fatal = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_;
  std::vector<Line> lines_;
  std::size_t dropped_ = 0;
  bool running_ = false;
  bool over_ = false;       ///< the thread has written all that it will
  bool abandoned_ = false;  ///< the thread never ends
  bool heeds_crashes_ = false;
  std::atomic<std::size_t> waiting_ = 0;
  std::array<struct sigaction, fatal.size()> before_{};
  std::thread thread_;
};

Background& background() {
  static auto* const only = new Background;
  return *only;
}

void Background::on_crash(int number, siginfo_t* info, void*) {
  Background& self = background();
  for (int i = 0; i < crash_patience_ms && self.waiting_.load() > 0; ++i)
    ::poll(nullptr, 0, 1);
  for (std::size_t i = 0; i < fatal.size(); ++i)
    if (fatal[i] == number) ::sigaction(number, &self.before_[i], nullptr);
  // A fault comes again when the handler returns; a signal that somebody sent is sent on.
  if (info->si_code <= 0) ::raise(number);
}

}  // namespace

Result<Done> open(const std::string& path, Level level) {
  const bool is_standard = path == "/dev/stderr" || path == "/dev/stdout";
  std::error_code unknown;
  // Opening a pipe without a reader waits for one; this does not.
  if (!is_standard && std::filesystem::is_fifo(path, unknown)) {
    const int probe = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (probe < 0) return fail(ErrorCode::io_failed, "nobody reads that pipe");
    ::close(probe);
  }
  try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (path == "/dev/stderr")
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else if (path == "/dev/stdout")
      sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    else
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    auto logger = make_logger(std::move(sink));
    logger->set_level(level_of(level));
    std::atomic_store(&current(), std::move(logger));
    return Done{};
  } catch (const spdlog::spdlog_ex& problem) {
    const std::string_view why = problem.what();  // ends with the system's reason
    return fail(ErrorCode::io_failed, std::string(why.substr(why.rfind(": ") + 2)));
  }
}

void write(Level level, std::string_view message) {
  static Limiter limiter;
  const auto logger = std::atomic_load(&current());
  if (!logger->should_log(level_of(level))) return;
  const int left_out = limiter.admit(message);
  if (left_out < 0) return;
  Line line{spdlog::log_clock::now(), level, static_cast<unsigned>(left_out), std::string(message)};
  if (!background().take(line)) write_line(line);
}

void begin_background() {
  background().begin();
}

void end_background() {
  background().end();
}

bool is_stuck() {
  return background().abandoned();
}

}  // namespace sluice::log
