#pragma once
// CPU time of a proxy: nanoseconds on a CPU of all threads of a process and of its descendants,
// from the scheduler.

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <sys/types.h>

#include "numbers.h"

namespace bench {

namespace detail {

inline std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> numbers;
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return numbers;
  while (const dirent* entry = readdir(directory)) {
    if (const auto number = leading_number<pid_t>(entry->d_name)) numbers.push_back(*number);
  }
  closedir(directory);
  return numbers;
}

inline std::string first_line(const std::string& path) {
  std::string line(512, '\0');
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return "";
  line.resize(std::fread(line.data(), 1, line.size(), file));
  std::fclose(file);
  return line;
}

inline pid_t parent_of(pid_t process) {
  // "pid (name) state ppid": the name may contain anything, so count from its last bracket.
  const std::string line = first_line("/proc/" + std::to_string(process) + "/stat");
  const auto bracket = line.rfind(')');
  if (bracket == std::string::npos || line.size() < bracket + 4) return 0;
  return leading_number<pid_t>(std::string_view(line).substr(bracket + 4)).value_or(0);
}

}  // namespace detail

/// Remembers which processes belong to the proxy when it is made; later forks are not seen.
class ProcessTime {
 public:
  explicit ProcessTime(pid_t root) : family_{root} {
    std::map<pid_t, pid_t> parents;
    for (const pid_t process : detail::numbers_in("/proc"))
      parents[process] = detail::parent_of(process);
    for (std::size_t index = 0; index < family_.size(); index++) {
      for (const auto& [process, parent] : parents) {
        if (parent == family_[index]) family_.push_back(process);
      }
    }
  }

  struct Times {
    std::int64_t all = 0;
    std::int64_t workers = 0;  ///< threads whose name is "worker": Sluice's
  };

  /// Nanoseconds since the threads that live now have started. Softirq work done on a thread's
  /// stack is included.
  Times nanoseconds() const {
    Times sum;
    for (const pid_t process : family_) {
      const std::string tasks = "/proc/" + std::to_string(process) + "/task";
      for (const pid_t thread : detail::numbers_in(tasks)) {
        const std::string line =
            detail::first_line(tasks + "/" + std::to_string(thread) + "/schedstat");
        const auto time = leading_number<std::int64_t>(line).value_or(0);
        sum.all += time;
        if (detail::first_line(tasks + "/" + std::to_string(thread) + "/comm") == "worker\n")
          sum.workers += time;
      }
    }
    return sum;
  }

 private:
  std::vector<pid_t> family_;
};

}  // namespace bench
