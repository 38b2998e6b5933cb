#pragma once
// An access log for tests: makes each record a line at once.

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/access_line.h"
#include "telemetry/record_ring.h"

namespace sluice {

class LineSink final : public telemetry::RecordSink {
 public:
  explicit LineSink(std::move_only_function<void(std::string_view line)> take)
      : take_(std::move(take)) {}

  char* reserve(std::size_t size) noexcept override {
    record_.assign(size, '\0');
    return record_.data();
  }

  void commit() noexcept override {
    telemetry::JsonText line;
    write_access_line(record_, line);
    take_(line.view());
  }

 private:
  std::move_only_function<void(std::string_view line)> take_;
  std::string record_;
};

}  // namespace sluice
