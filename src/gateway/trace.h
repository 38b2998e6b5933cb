#pragma once
// What one exchange met on its way, for a request that asks for it: a pipeline of steps that write
// down what happens and leave the work to the steps of the route. Other requests pay nothing.

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "gateway/pipeline.h"
#include "gateway/router/inspector.h"

namespace sluice {

struct TracedStep {
  enum class Outcome : std::uint8_t {
    not_reached,  ///< an earlier step answered
    not_for_it,   ///< no configuration of this plugin is for this consumer
    passed_on,
    answered,
    failed,
  };

  const Step* step = nullptr;      ///< the route's
  const Plugin* plugin = nullptr;  ///< which of its configurations ran
  Outcome outcome = Outcome::not_reached;
  TimePoint entered_at{};
  TimePoint left_at{};  ///< towards the next step, or with an answer
};

std::string_view name_of(TracedStep::Outcome outcome) noexcept;

/// The request as the upstream gets it.
struct TracedForward {
  std::string method;
  std::string scheme;
  std::string host;  ///< of the target
  std::uint16_t port = 0;
  std::string authority;                                    ///< Host
  std::string target;                                       ///< path and query
  std::vector<std::pair<std::string, std::string>> fields;  ///< without Host
  std::string head;  ///< as its bytes are, where nothing was sent; holds credentials
  bool sent = false;
};

/// Whether the request really goes to the upstream.
enum class TraceEnd : std::uint8_t { at_upstream, before_upstream };

/// Belongs to its exchange, whose pipeline it stands in for.
class Trace {
 public:
  Trace(const Pipeline& original, TraceEnd end);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  const Pipeline& pipeline() const noexcept { return traced_; }

  /// In the order in which they run.
  std::span<const TracedStep> steps() const noexcept { return steps_; }

  /// Null where the request did not get so far.
  const TracedForward* forward() const noexcept { return forward_.get(); }

  /// What the routes said, in the order of evaluation, as far as they were asked.
  std::vector<Verdict> verdicts;

 private:
  class StepWatch;
  class EndWatch;

  std::vector<TracedStep> steps_;
  std::vector<std::unique_ptr<const Plugin>> watches_;
  std::unique_ptr<TracedForward> forward_;
  Pipeline traced_;
};

}  // namespace sluice
