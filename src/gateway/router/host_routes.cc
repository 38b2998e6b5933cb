#include "gateway/router/host_routes.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <type_traits>

namespace sluice {

bool HostRoutes::Entry::wins_tie(const Entry& other) const noexcept {
  if (compiled != other.compiled) {
    const config::Uuid& id = compiled->part_id(priority);
    const config::Uuid& other_id = other.compiled->part_id(priority);
    if (id != other_id) return id > other_id;
  }
  return path < other.path;
}

/// Writes the block, node by node, each before its children.
class HostRoutesBuilder {
 public:
  using Key = HostRoutes::Key;
  using Entry = HostRoutes::Entry;

  HostRoutesBuilder(std::string_view host, std::vector<Key> keys) : keys_(std::move(keys)) {
    static_assert(std::is_trivially_copyable_v<Entry>);
    sort_keys();
    // A list of hosts may name one host twice, with and without a port that is the same.
    const auto repeated = std::ranges::unique(keys_, [](const Key& left, const Key& right) {
      return left.path == right.path && left.entry.compiled == right.entry.compiled &&
             left.entry.path == right.entry.path && left.entry.port == right.entry.port;
    });
    keys_.erase(repeated.begin(), repeated.end());
    bytes_.reserve(sizeof(HostRoutes) + host.size() + keys_.size() * (sizeof(Entry) + 32));
    bytes_.resize(sizeof(HostRoutes));
    append(host);
    header_.host_size = static_cast<std::uint32_t>(host.size());
  }

  std::shared_ptr<const HostRoutes> run() {
    header_.nodes = word();
    open_.push_back({0, keys_.size(), 0, 0, 0});
    // Not recursive: a configuration may nest prefixes as deep as it likes.
    while (!open_.empty()) {
      const Range range = open_.back();
      open_.pop_back();
      write_node(range);
    }
    word();
    for (const auto& [at, check] : checks_) {
      const auto place = static_cast<std::uint32_t>(bytes_.size());
      std::memcpy(bytes_.data() + at + offsetof(Entry, check_place), &place, sizeof place);
      append(check);
    }
    return allocate();
  }

 private:
  /// Keys [begin, end) that share the first `depth` bytes, of which the node's label are those from
  /// `label` on; `slot`: where its parent says where it is, 0 for the root.
  struct Range {
    std::size_t begin, end, label, depth, slot;
  };

  struct Header {
    std::uint64_t top_priority = 0;
    std::uint32_t nodes = 0, host_size = 0;
  };

  /// A label has a size of two bytes.
  static constexpr std::size_t label_size_max = UINT16_MAX;

  static bool precedes(const Key& left, const Key& right) {
    return left.path != right.path ? left.path < right.path : left.entry.precedes(right.entry);
  }

  void sort_keys() {
    const auto sorted_end = std::ranges::is_sorted_until(keys_, precedes);
    if (static_cast<std::size_t>(sorted_end - keys_.begin()) < keys_.size() / 2) {
      std::ranges::sort(keys_, precedes);
      return;
    }
    // Those of a change come behind those that stay.
    std::vector<Key> fresh(sorted_end, keys_.end());
    std::ranges::sort(fresh, precedes);
    std::vector<Key> merged;
    merged.reserve(keys_.size());
    std::ranges::merge(std::ranges::subrange(keys_.begin(), sorted_end), fresh,
                       std::back_inserter(merged), precedes);
    keys_ = std::move(merged);
  }

  void append(std::string_view text) { bytes_.append(text); }

  template <class T>
  void append_value(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  std::uint32_t word() {
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    return static_cast<std::uint32_t>(bytes_.size() / 8);
  }

  void write_node(const Range& range) {
    const std::uint32_t place = word();
    if (range.slot != 0) std::memcpy(bytes_.data() + range.slot, &place, sizeof place);
    std::size_t at = range.begin;
    while (at < range.end && keys_[at].path.size() == range.depth)
      ++at;
    const std::size_t entries_end = at;
    std::vector<Range> children;
    while (at < range.end) {
      const std::size_t begin = at;
      const std::string_view first = keys_[begin].path;
      while (at < range.end && keys_[at].path[range.depth] == first[range.depth])
        ++at;
      // Sorted: what the first and the last share, all share.
      const std::string_view last = keys_[at - 1].path;
      const std::size_t depth_max =
          std::min({first.size(), last.size(), range.depth + 1 + label_size_max});
      std::size_t depth = range.depth + 1;
      while (depth < depth_max && first[depth] == last[depth])
        ++depth;
      children.push_back({begin, at, range.depth + 1, depth, 0});
    }
    append_value(HostRoutes::Head{static_cast<std::uint32_t>(entries_end - range.begin),
                                  static_cast<std::uint16_t>(range.depth - range.label),
                                  static_cast<std::uint16_t>(children.size())});
    for (Range& child : children) {
      child.slot = bytes_.size();
      append_value(std::uint32_t{0});
    }
    for (const Range& child : children)
      bytes_ += keys_[child.begin].path[range.depth];
    if (range.begin < range.end)
      append(keys_[range.begin].path.substr(range.label, range.depth - range.label));
    word();
    for (std::size_t i = range.begin; i < entries_end; ++i) {
      if (!keys_[i].check.empty()) checks_.emplace_back(bytes_.size(), keys_[i].check);
      append_value(keys_[i].entry);
      header_.top_priority = std::max(header_.top_priority, keys_[i].entry.priority);
    }
    open_.insert(open_.end(), children.rbegin(), children.rend());
  }

  std::shared_ptr<const HostRoutes> allocate() {
    void* const memory = ::operator new(bytes_.size(), std::align_val_t(HostRoutes::alignment));
    std::memcpy(memory, bytes_.data(), bytes_.size());
    auto* const routes = new (memory) HostRoutes;
    routes->top_priority_ = header_.top_priority;
    routes->nodes_ = header_.nodes;
    routes->host_size_ = header_.host_size;
    routes->entry_count_ = static_cast<std::uint32_t>(keys_.size());
    return {routes, HostRoutes::Deleter()};
  }

  std::vector<Key> keys_;
  std::string bytes_;
  std::vector<Range> open_;
  std::vector<std::pair<std::size_t, std::string_view>> checks_;  ///< of the entry at that byte
  Header header_;
};

void HostRoutes::Deleter::operator()(const HostRoutes* routes) const noexcept {
  ::operator delete(const_cast<HostRoutes*>(routes), std::align_val_t(alignment));
}

std::shared_ptr<const HostRoutes> HostRoutes::build(std::string_view host, std::vector<Key> keys) {
  return HostRoutesBuilder(host, std::move(keys)).run();
}

}  // namespace sluice
