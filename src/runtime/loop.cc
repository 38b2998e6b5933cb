#include "runtime/loop.h"

#include <algorithm>
#include <cstdlib>

namespace sluice {
namespace {

constexpr int inline_completions_max = 64;
// One turn resumes at most this many frames before it looks at the kernel again.
constexpr int resumes_max = 4096;
// And about this long, whatever they do: who asks for much work, again and again, must not keep the
// others from being heard. Looked at after so many frames.
constexpr milliseconds turn_max{5};
constexpr int resumes_between_looks = 8;

}  // namespace

void WaitList::wake_one(Loop& loop) noexcept {
  if (!empty()) loop.make_ready(front());
}

void WaitList::wake_all(Loop& loop) noexcept {
  while (!empty())
    loop.make_ready(front());
}

Loop::Loop(Engine& engine)
    : engine_(engine),
      now_(engine.now()),
      now_base_(now_),
      wall_base_(engine.wall()),
      wheel_(now_) {
  engine_.attach(*this);
}

Loop::~Loop() {
  // Abandoned operations still belong to the engine; a wait without a deadline would hang if one
  // never came.
  for (int i = 0; ops_pending_ > 0 && i < 10'000; ++i)
    engine_.wait(engine_.now() + milliseconds(1));
}

void Loop::turn(TimePoint until) {
  TimePoint wake = until;
  if (!ready_.empty() || !last_.empty() || !turn_ends_.empty() ||
      has_posted_.load(std::memory_order_acquire))
    wake = now_;
  else
    wake = std::min(until, wheel_.next());

  const TimePoint idle_from = engine_.now();
  const TimePoint previous = now_;
  engine_.wait(wake);
  const auto whole = std::max<nanoseconds>(now_ - previous, nanoseconds(1));
  const double busy = std::clamp(
      static_cast<double>((idle_from - previous).count()) / static_cast<double>(whole.count()), 0.0,
      1.0);
  // Weighted by time over about a tenth of a second, so that many short turns do not outvote a long
  // one.
  const double weight = std::min(1.0, static_cast<double>(whole.count()) / 1e8);
  load_.store(load() * (1 - weight) + busy * weight, std::memory_order_relaxed);

  // The wall clock may be set, or jump behind a suspended machine.
  if (now_ - now_base_ > seconds(1)) {
    now_base_ = now_;
    wall_base_ = engine_.wall();
  }
  inline_left_ = inline_completions_max;
  wheel_.advance(*this, now_);
  if (has_posted_.load(std::memory_order_acquire)) run_posted();
  run_ready();
}

void Loop::run_ready() {
  int left = resumes_max;
  while (left > 0 && (!ready_.empty() || !last_.empty())) {
    if (ready_.empty()) ready_.splice(last_);
    while (left > 0 && !ready_.empty()) {
      Waiter& waiter = ready_.front();
      waiter.unlink();
      inline_left_ = inline_completions_max;
      waiter.frame.resume();
      if (--left % resumes_between_looks == 0 && engine_.now() - now_ > turn_max) left = 0;
    }
  }
  // Cut short: those that wait for a turn with nothing else to do would wait for ever.
  ready_.splice(last_);
  // What a flush or a cancel registers anew belongs to the next turn.
  WaitList ends;
  ends.splice(turn_ends_);
  while (!ends.empty()) {
    auto& entry = static_cast<TurnEnd::Entry&>(ends.front());
    entry.unlink();
    entry.owner->at_turn_end();
  }
}

void Loop::run() {
  while (!stopping())
    turn(never);
}

void Loop::stop() noexcept {
  stopping_.store(true, std::memory_order_relaxed);
  engine_.wake();
}

void Loop::post(std::move_only_function<void()> work) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(work));
    has_posted_.store(true, std::memory_order_release);
  }
  engine_.wake();
}

void Loop::ring() noexcept {
  // In this order: run_posted() looks at them in the other one.
  rung_.store(true, std::memory_order_release);
  has_posted_.store(true, std::memory_order_release);
  engine_.wake();
}

void Loop::run_posted() {
  std::vector<std::move_only_function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  if (rung_.exchange(false, std::memory_order_acquire)) rings_.wake_all(*this);
  for (auto& item : work)
    item();
}

bool Loop::start(Op& op) {
  op.pending = false;
  engine_.submit(op);
  if (op.pending) ++ops_pending_;
  return !op.pending;
}

void Loop::abandon(Op& op) noexcept {
  op.sink = nullptr;
  if (op.pending)
    engine_.cancel(op);
  else
    free_op(op);
}

void Loop::complete(Op& op, std::int64_t result) noexcept {
  op.pending = false;
  op.result = result;
  --ops_pending_;
  if (op.sink != nullptr)
    op.sink->on_completion(op);
  else
    free_op(op);
}

void Loop::free_op(Op& op) noexcept {
  switch (op.kind) {
    case Op::Kind::send:
      delete static_cast<SendOp*>(&op);
      break;
    case Op::Kind::fill:
    case Op::Kind::drain:
      delete static_cast<PipeOp*>(&op);
      break;
    case Op::Kind::accept:
    case Op::Kind::connect:
    case Op::Kind::receive_from:
    case Op::Kind::send_to:
      delete static_cast<AddressedOp*>(&op);
      break;
    case Op::Kind::receive:
    case Op::Kind::hang_up:
    case Op::Kind::shutdown:
      delete &op;
      break;
  }
}

}  // namespace sluice
