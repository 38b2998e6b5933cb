#include "base/log.h"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

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

}  // namespace

bool open(const std::string& path, Level level) {
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
    return true;
  } catch (const spdlog::spdlog_ex&) {
    return false;
  }
}

void write(Level level, std::string_view message) {
  static Limiter limiter;
  const auto logger = std::atomic_load(&current());
  if (!logger->should_log(level_of(level))) return;
  const int left_out = limiter.admit(message);
  if (left_out < 0) return;
  if (left_out > 0) logger->log(level_of(level), "(the next line came {} times more)", left_out);
  logger->log(level_of(level), "{}", message);
}

}  // namespace sluice::log
