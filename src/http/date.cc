// Date of responses: one text a thread and second.

#include <array>
#include <cstdio>
#include <ctime>

#include "http/server.h"

namespace sluice::http {

std::string_view http_date(WallTime now) {
  thread_local std::time_t second = -1;
  thread_local std::array<char, 40> text;
  thread_local std::size_t size = 0;
  const std::time_t present = WallTime::clock::to_time_t(now);
  if (present != second) {
    second = present;
    std::tm parts{};
    ::gmtime_r(&present, &parts);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  return {text.data(), size};
}

}  // namespace sluice::http
