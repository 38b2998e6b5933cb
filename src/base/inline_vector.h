#pragma once
// A vector whose first N elements need no allocation. Move-only, for short lists on the hot path.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace sluice {

template <class T, std::size_t N>
class InlineVector {
 public:
  InlineVector() = default;

  InlineVector(T first) {
    push_back(std::move(first));
  }  // NOLINT(google-explicit-constructor): one chunk is a list

  InlineVector(InlineVector&& other) noexcept { take(other); }

  InlineVector& operator=(InlineVector&& other) noexcept {
    if (this != &other) {
      destroy();
      take(other);
    }
    return *this;
  }

  ~InlineVector() { destroy(); }

  void push_back(T value) {
    if (size_ == capacity_) grow();
    new (data() + size_) T(std::move(value));
    ++size_;
  }

  void clear() noexcept {
    std::destroy_n(data(), size_);
    size_ = 0;
  }

  /// Removes the first `count` elements.
  void drop_front(std::size_t count) noexcept {
    if (count == 0) return;
    T* first = data();
    std::move(first + count, first + size_, first);
    std::destroy_n(first + size_ - count, count);
    size_ -= count;
  }

  T* data() noexcept { return heap_ != nullptr ? heap_ : reinterpret_cast<T*>(inline_); }

  const T* data() const noexcept {
    return heap_ != nullptr ? heap_ : reinterpret_cast<const T*>(inline_);
  }

  T* begin() noexcept { return data(); }

  T* end() noexcept { return data() + size_; }

  const T* begin() const noexcept { return data(); }

  const T* end() const noexcept { return data() + size_; }

  T& operator[](std::size_t index) noexcept { return data()[index]; }

  const T& operator[](std::size_t index) const noexcept { return data()[index]; }

  T& back() noexcept { return data()[size_ - 1]; }

  std::size_t size() const noexcept { return size_; }

  bool empty() const noexcept { return size_ == 0; }

 private:
  void grow() {
    const std::size_t capacity = capacity_ * 2;
    T* next = std::allocator<T>().allocate(capacity);
    std::uninitialized_move_n(data(), size_, next);
    std::destroy_n(data(), size_);
    free_heap();
    heap_ = next;
    capacity_ = capacity;
  }

  void take(InlineVector& other) noexcept {
    size_ = other.size_;
    capacity_ = other.capacity_;
    heap_ = std::exchange(other.heap_, nullptr);
    if (heap_ == nullptr) {
      std::uninitialized_move_n(other.data(), size_, data());
      std::destroy_n(other.data(), size_);
    }
    other.size_ = 0;
    other.capacity_ = N;
  }

  void destroy() noexcept {
    clear();
    free_heap();
    heap_ = nullptr;
    capacity_ = N;
  }

  void free_heap() noexcept {
    if (heap_ != nullptr) std::allocator<T>().deallocate(heap_, capacity_);
  }

  std::size_t size_ = 0;
  std::size_t capacity_ = N;
  T* heap_ = nullptr;
  alignas(T) unsigned char inline_[sizeof(T) * N];
};

}  // namespace sluice
