#include "gateway/trace.h"

#include <array>
#include <utility>

#include "gateway/exchange.h"
#include "gateway/forward.h"
#include "gateway/proxy.h"
#include "gateway/worker_state.h"
#include "http/h1/client_connection.h"

namespace sluice {
namespace {

/// The configuration that the route's step is for this exchange, as Next and Pipeline choose it.
const Plugin* chosen(const Step& step, Exchange& exchange) {
  return step.overlay == nullptr ? step.plugin : exchange.choices.decide(step, exchange.consumer);
}

void describe_request(const Exchange& exchange, TracedForward& forward) {
  const http::Request& request = exchange.request;
  forward.method = request.method;
  forward.scheme = request.scheme;
  forward.authority = request.authority;
  forward.target = request.target;
  for (const http::Headers::Field& field : request.headers.fields())
    forward.fields.emplace_back(field.name(), field.value());
}

void describe_target(const upstream::TargetGroup& group, TracedForward& forward) {
  if (group.targets.empty()) return;
  forward.host = group.targets.front().host;
  forward.port = group.targets.front().port;
}

}  // namespace

/// Does what a step of the route does, and writes down when and how.
class Trace::StepWatch final : public Plugin {
 public:
  StepWatch(TracedStep& record, TracedStep* previous) : record_(record), previous_(previous) {}

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    const TimePoint now = exchange.worker.loop.engine().now();
    if (previous_ != nullptr) leave(*previous_, now);
    record_.entered_at = now;
    record_.plugin = chosen(*record_.step, exchange);
    if (record_.plugin == nullptr) {
      record_.outcome = TracedStep::Outcome::not_for_it;
      record_.left_at = now;
      return next(exchange);
    }
    return watch(exchange, next);
  }

  void on_response(Exchange& exchange, http::Response& response) const override {
    if (const Plugin* plugin = chosen(*record_.step, exchange))
      plugin->on_response(exchange, response);
  }

  void on_end(const Exchange& exchange) const noexcept override {
    const Step& step = *record_.step;
    const Plugin* plugin =
        step.overlay == nullptr ? step.plugin : exchange.choices.decided(step, exchange.consumer);
    if (plugin != nullptr) plugin->on_end(exchange);
  }

  /// The step handed on to the next one.
  static void leave(TracedStep& record, TimePoint now) {
    if (record.outcome != TracedStep::Outcome::not_reached) return;
    record.outcome = TracedStep::Outcome::passed_on;
    record.left_at = now;
  }

 private:
  http::ResponseTask watch(Exchange& exchange, Next next) const {
    auto response = co_await record_.plugin->handle(exchange, next);
    if (record_.outcome == TracedStep::Outcome::not_reached) {
      record_.outcome = response ? TracedStep::Outcome::answered : TracedStep::Outcome::failed;
      record_.left_at = exchange.worker.loop.engine().now();
    }
    co_return response;
  }

  TracedStep& record_;
  TracedStep* previous_;
};

/// Stands behind all steps: shows the request that the proxy sends, or would send.
class Trace::EndWatch final : public Plugin {
 public:
  EndWatch(Trace& trace, TraceEnd end) : trace_(trace), end_(end) {}

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    if (!trace_.steps_.empty())
      StepWatch::leave(trace_.steps_.back(), exchange.worker.loop.engine().now());
    if (end_ == TraceEnd::at_upstream) return send(exchange, next);
    return stop(exchange);
  }

 private:
  http::ResponseTask send(Exchange& exchange, Next next) const {
    auto response = co_await next(exchange);
    if (exchange.record.upstream_uri.empty()) co_return response;
    trace_.forward_ = std::make_unique<TracedForward>();
    trace_.forward_->sent = exchange.record.upstream_sent_at != TimePoint{};
    describe_request(exchange, *trace_.forward_);
    describe_target(target_group(exchange), *trace_.forward_);
    co_return response;
  }

  http::ResponseTask stop(Exchange& exchange) const {
    auto begun = begin_forward(exchange);
    if (!begun) return std::unexpected(std::move(begun).error());
    const upstream::TargetGroup& group = target_group(exchange);
    if (group.targets.empty())
      return fail(ErrorCode::no_target, "every target has weight 0, or there is none");
    set_host(exchange, group.targets.front(), group.targets.front().port);
    trace_.forward_ = std::make_unique<TracedForward>();
    describe_request(exchange, *trace_.forward_);
    describe_target(group, *trace_.forward_);
    trace_.forward_->head = http::h1::head_of(exchange.request, exchange.request.body.get()).text();
    exchange.record.source = Source::upstream;
    return Result<http::Response>(http::Response());
  }

  Trace& trace_;
  TraceEnd end_;
};

Trace::Trace(const Pipeline& original, TraceEnd end) {
  traced_.secret_names = original.secret_names;
  steps_.resize(original.steps.size());
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    steps_[i].step = &original.steps[i];
    watches_.push_back(std::make_unique<StepWatch>(steps_[i], i == 0 ? nullptr : &steps_[i - 1]));
  }
  watches_.push_back(std::make_unique<EndWatch>(*this, end));
  for (const auto& watch : watches_)
    traced_.steps.push_back({watch.get(), nullptr});
}

Trace::~Trace() = default;

std::string_view name_of(TracedStep::Outcome outcome) noexcept {
  static constexpr std::array<std::string_view, 5> names = {"not reached", "not for this consumer",
                                                            "passed on", "answered", "failed"};
  return names[std::to_underlying(outcome)];
}

}  // namespace sluice
