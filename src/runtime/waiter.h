#pragma once
// Who waits for what. Timers, windows, permits and shared results are lists of waiters, and outlive
// whoever waits.

#include <coroutine>

#include "base/time.h"

namespace sluice {

class Loop;

/// An element of a list that does not own it; leaves its list when destroyed.
struct Link {
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  ~Link() { unlink(); }

  bool linked() const noexcept { return next != nullptr; }

  void unlink() noexcept {
    if (next == nullptr) return;
    next->prev = prev;
    prev->next = next;
    next = prev = nullptr;
  }

  Link* next = nullptr;
  Link* prev = nullptr;
};

/// A suspended coroutine in at most one list (C1: a destroyed frame leaves nothing behind).
struct Waiter : Link {
  std::coroutine_handle<> frame;
  bool woken = false;  ///< set by Loop::make_ready
};

/// A waiter that a clock may wake: see Loop::wake_at.
struct Timer : Waiter {
  std::uint64_t tick = 0;
};

/// Who waits for one thing, first come first. What goes to *one* of them must be passed on when
/// that one is destroyed between wake and run: the queue's awaiter does that, else the thing stays
/// free and the next waits for ever.
class WaitList {
 public:
  WaitList() noexcept { clear(); }

  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  ~WaitList() {
    while (!empty())
      head_.next->unlink();
    head_.next = head_.prev = nullptr;
  }

  bool empty() const noexcept { return head_.next == &head_; }

  Waiter& front() noexcept { return static_cast<Waiter&>(*head_.next); }

  void push(Waiter& waiter) noexcept {
    waiter.unlink();
    waiter.woken = false;
    append(waiter);
  }

  /// As push, but keeps `woken`: for the loop's own lists.
  void append(Waiter& waiter) noexcept {
    waiter.prev = head_.prev;
    waiter.next = &head_;
    head_.prev->next = &waiter;
    head_.prev = &waiter;
  }

  /// Moves all of `other` behind what is here.
  void splice(WaitList& other) noexcept {
    if (other.empty()) return;
    other.head_.next->prev = head_.prev;
    head_.prev->next = other.head_.next;
    other.head_.prev->next = &head_;
    head_.prev = other.head_.prev;
    other.clear();
  }

  void wake_one(Loop& loop) noexcept;
  void wake_all(Loop& loop) noexcept;

 private:
  void clear() noexcept { head_.next = head_.prev = &head_; }

  Link head_;
};

/// Something that happens once: who comes later does not wait.
class Event {
 public:
  bool is_set() const noexcept { return set_; }

  void set(Loop& loop) noexcept {
    set_ = true;
    waiting_.wake_all(loop);
  }

  WaitList& waiting() noexcept { return waiting_; }

 private:
  bool set_ = false;
  WaitList waiting_;
};

}  // namespace sluice
