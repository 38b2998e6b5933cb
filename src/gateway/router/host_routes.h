#pragma once
// The routes of one host pattern in one block of memory: a radix tree over
// their paths, whose nodes hold what a match has to look at. Among 100,000
// routes nothing is in a cache but by luck: a match is as fast as the number of lines that it
// touches.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/router/compiled_route.h"

namespace sluice {

class HostRoutes {
 public:
  /// A candidate with one of its paths: what host and path of a request lead to.
  struct Entry {
    /// A test of the path that takes less than its regular expression.
    enum class Check : std::uint8_t {
      none,
      literal,  ///< the text that every match holds
      runs,     ///< the expression as a row of runs: base/run_pattern.h
    };

    std::uint64_t priority = 0;
    const Route* route = nullptr;
    const Conditions* conditions = nullptr;  ///< null: none
    const Regex* regex = nullptr;            ///< null: the path is a plain prefix
    const CompiledRoute* compiled = nullptr;
    std::uint32_t path = 0;         ///< index of the route's path; of an expression: 0
    std::uint32_t prefix_size = 0;  ///< of a plain prefix
    std::uint32_t check_place = 0;  ///< where what is checked is, in this block
    std::uint16_t check_size = 0;
    std::uint16_t port = 0;  ///< that the host pattern names; 0: any
    MethodBits methods = 0;  ///< 0: any
    Check check = Check::none;

    /// Whether it is tried before `other`.
    bool precedes(const Entry& other) const noexcept {
      return priority != other.priority ? priority > other.priority : wins_tie(other);
    }

    bool wins_tie(const Entry& other) const noexcept;
  };

  struct Key {
    std::string_view path;  ///< the prefix, "" for all paths; borrowed for the call
    Entry entry;
    std::string_view check;
  };

  struct Deleter {
    void operator()(const HostRoutes* routes) const noexcept;
  };

  /// Shared by all routers with the same routes for this host. Entries borrow their routes. Takes
  /// least time where the keys of each_entry() come first, in its order.
  static std::shared_ptr<const HostRoutes> build(std::string_view host, std::vector<Key> keys);

  HostRoutes(const HostRoutes&) = delete;
  HostRoutes& operator=(const HostRoutes&) = delete;

  /// The pattern without its asterisk, in lower case; "" for the routes without hosts.
  std::string_view host() const noexcept {
    return {reinterpret_cast<const char*>(this + 1), host_size_};
  }

  /// Of the entry that is tried first; 0 without any.
  std::uint64_t top_priority() const noexcept { return top_priority_; }

  /// The literal, or the program, of an entry's check.
  std::string_view check_of(const Entry& entry) const noexcept {
    return {reinterpret_cast<const char*>(this) + entry.check_place, entry.check_size};
  }

  /// Has the processor fetch the first nodes while other work is done.
  void prefetch() const noexcept {
    const char* const begin = reinterpret_cast<const char*>(this);
    for (std::size_t line = 0; line < prefetched_lines; ++line)
      __builtin_prefetch(begin + line * 64);
  }

  /// Calls `visit` with the entries of each prefix of `path`, in the order in which they are tried;
  /// shortest prefix first.
  template <class Visitor>
  void walk(std::string_view path, Visitor&& visit) const {
    const char* at = path.data();
    const char* const end = at + path.size();
    const char* node = byte(nodes_);
    for (;;) {
      const Head& head = *reinterpret_cast<const Head*>(node);
      const auto* const children = reinterpret_cast<const std::uint32_t*>(node + sizeof(Head));
      const char* const first_bytes = reinterpret_cast<const char*>(children + head.child_count);
      const char* const label = first_bytes + head.child_count;
      if (head.label_size > static_cast<std::size_t>(end - at) ||
          !is_equal(label, at, head.label_size))
        return;
      at += head.label_size;
      if (head.entry_count != 0)
        visit(std::span<const Entry>(entries_behind(label + head.label_size), head.entry_count));
      if (at == end) return;
      std::uint32_t child = 0;
      while (child < head.child_count && first_bytes[child] != *at)
        ++child;
      if (child == head.child_count) return;
      node = byte(children[child]);
      ++at;
    }
  }

  /// Calls `visit` with every prefix that has entries, and with those, in order. Allocates.
  template <class Visitor>
  void each_prefix(Visitor&& visit) const {
    struct Open {
      const char* node;
      std::size_t size;  // of the prefix before the byte that leads to the node
      char byte;
    };

    std::string prefix;
    std::vector<Open> open = {{byte(nodes_), 0, '\0'}};
    while (!open.empty()) {
      const auto [node, size, first_byte] = open.back();
      open.pop_back();
      prefix.resize(size);
      if (node != byte(nodes_)) prefix += first_byte;
      const Head& head = *reinterpret_cast<const Head*>(node);
      const auto* const children = reinterpret_cast<const std::uint32_t*>(node + sizeof(Head));
      const char* const first_bytes = reinterpret_cast<const char*>(children + head.child_count);
      const char* const label = first_bytes + head.child_count;
      prefix.append(label, head.label_size);
      if (head.entry_count != 0)
        visit(std::string_view(prefix),
              std::span<const Entry>(entries_behind(label + head.label_size), head.entry_count));
      for (std::uint32_t i = head.child_count; i-- > 0;)
        open.push_back({byte(children[i]), prefix.size(), first_bytes[i]});
    }
  }

  std::size_t entry_count() const noexcept { return entry_count_; }

 private:
  friend class HostRoutesBuilder;

  /// A node: this, where its children are, the byte that leads to each, the bytes between the one
  /// that led here and the next branch, and the entries.
  struct Head {
    std::uint32_t entry_count;
    std::uint16_t label_size;
    std::uint16_t child_count;
  };

  static constexpr std::size_t prefetched_lines = 6;
  static constexpr std::size_t alignment = 64;

  HostRoutes() = default;

  const char* byte(std::uint32_t word) const noexcept {
    return reinterpret_cast<const char*>(this) + std::size_t{word} * 8;
  }

  static const Entry* entries_behind(const char* end) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(end);
    return reinterpret_cast<const Entry*>(end + (-address & 7));
  }

  template <class Word>
  static bool is_equal_word(const char* left, const char* right) noexcept {
    Word a = 0, b = 0;
    std::memcpy(&a, left, sizeof a);
    std::memcpy(&b, right, sizeof b);
    return a == b;
  }

  /// The last word of a text overlaps the one before it.
  static bool is_equal(const char* left, const char* right, std::size_t size) noexcept {
    if (size >= 8) {
      for (std::size_t at = 0; at + 8 < size; at += 8)
        if (!is_equal_word<std::uint64_t>(left + at, right + at)) return false;
      return is_equal_word<std::uint64_t>(left + size - 8, right + size - 8);
    }
    if (size >= 4)
      return is_equal_word<std::uint32_t>(left, right) &&
             is_equal_word<std::uint32_t>(left + size - 4, right + size - 4);
    for (; size > 0; --size)
      if (*left++ != *right++) return false;
    return true;
  }

  std::uint64_t top_priority_ = 0;
  std::uint32_t nodes_ = 0;  ///< the root; places are counted in words of 8 bytes from `this`
  std::uint32_t host_size_ = 0;
  std::uint32_t entry_count_ = 0;
};

}  // namespace sluice
