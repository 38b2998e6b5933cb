#pragma once
// The node's own log: what an operator should know. Not for requests, which have the access log.

#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::log {

enum class Level { debug, info, warn, error };

/// Opens the log; callable again (another path, a rotated file). Error(io_failed) says why the file
/// cannot be opened; the old one stays. A pipe that nobody reads is refused.
Result<Done> open(const std::string& path, Level level);

/// From now on lines are written by a thread of the log, so that no caller waits for a disk or a
/// pipe. A bounded queue: lines beyond are dropped, counted and told. A fatal signal gives the
/// thread a moment to write what waits.
void begin_background();

/// Writes what waits, and from now on in the caller again. Where nobody takes it, for a second:
/// then it is lost, and what comes.
void end_background();

/// Whether end_background() left its thread behind, in a write that does not end. It holds what
/// exit() would wait for.
bool is_stuck();

/// Any thread. A line that repeats within a second is written five times; then the repetitions are
/// counted and told.
void write(Level level, std::string_view message);

inline void debug(std::string_view message) {
  write(Level::debug, message);
}

inline void info(std::string_view message) {
  write(Level::info, message);
}

inline void warn(std::string_view message) {
  write(Level::warn, message);
}

inline void error(std::string_view message) {
  write(Level::error, message);
}

}  // namespace sluice::log
