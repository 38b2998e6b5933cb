#include "runtime/scope.h"

namespace sluice {

struct Scope::Member {
  struct promise_type : memory::Pooled {
    explicit promise_type(Scope& scope, auto&) : owner(scope) {}

    Member get_return_object() {
      entry.frame = std::coroutine_handle<promise_type>::from_promise(*this);
      return {this};
    }

    std::suspend_always initial_suspend() noexcept { return {}; }

    auto final_suspend() noexcept {
      struct Finish : std::suspend_always {
        void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
          Scope& scope = self.promise().owner;
          self.promise().entry.unlink();
          scope.finished_.append(self.promise().entry);
          --scope.size_;
          if (scope.size_ == 0) scope.joining_.wake_all(scope.loop_);
          scope.loop_.at_turn_end(scope);
        }
      };

      return Finish{};
    }

    void return_void() noexcept {}

    void unhandled_exception() noexcept { std::abort(); }

    Scope& owner;
    Waiter entry;  ///< in the scope's list of members, never woken
  };

  promise_type* promise;
};

Scope::Scope(Loop& loop, std::size_t limit) : loop_(loop), limit_(limit) {}

Scope::~Scope() {
  destroy(running_);
  destroy(finished_);
}

Scope::Member Scope::drive(Scope&, Task<Done> task) {
  co_await std::move(task);
}

Scope::Member Scope::drive_both(Scope&, Task<Task<Done>> beginning) {
  Task<Done> rest = co_await Task<Task<Done>>(std::move(beginning));
  co_await std::move(rest);
}

void Scope::begin(Member member) {
  ++size_;
  running_.append(member.promise->entry);
  member.promise->entry.frame.resume();
}

bool Scope::spawn(Task<Done> task) {
  if (!has_room()) return false;
  begin(drive(*this, std::move(task)));
  return true;
}

bool Scope::spawn(Task<Task<Done>> beginning) {
  if (!has_room()) return false;
  begin(drive_both(*this, std::move(beginning)));
  return true;
}

Task<Done> Scope::join() {
  while (size_ > 0)
    co_await wait_for(loop_, joining_);
  co_return Done{};
}

void Scope::cancel() noexcept {
  cancelled_ = true;
  loop_.at_turn_end(*this);
}

void Scope::destroy(WaitList& members) noexcept {
  while (!members.empty()) {
    Waiter& entry = members.front();
    const auto frame = entry.frame;
    entry.unlink();
    frame.destroy();
  }
}

void Scope::at_turn_end() noexcept {
  destroy(finished_);
  if (!cancelled_) return;
  destroy(running_);
  size_ = 0;
  cancelled_ = false;
  joining_.wake_all(loop_);
}

}  // namespace sluice
