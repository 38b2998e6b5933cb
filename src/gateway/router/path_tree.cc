#include "gateway/router/path_tree.h"

#include <algorithm>
#include <tuple>

namespace sluice {

/// Keys [begin, end) that share the first `depth` bytes, and the node that stands for those.
struct PathTree::Range {
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
  std::uint32_t node;
};

PathTree::PathTree(std::uint32_t roots, std::vector<Key> keys)
    : nodes_(roots), first_bytes_(roots) {
  const auto order = [](const Key& key) {
    return std::tuple(key.root, key.path, key.entry.way, key.entry.port);
  };
  std::ranges::sort(keys, {}, order);
  // A list of hosts may name one host twice, with and without a port that is the same.
  const auto repeated =
      std::ranges::unique(keys, [&](const Key& a, const Key& b) { return order(a) == order(b); });
  keys.erase(repeated.begin(), repeated.end());

  entries_.reserve(keys.size());
  std::vector<Range> open;
  for (std::size_t begin = 0; begin < keys.size();) {
    std::size_t end = begin;
    while (end < keys.size() && keys[end].root == keys[begin].root)
      ++end;
    open.push_back({begin, end, 0, keys[begin].root});
    begin = end;
    // Not recursive: a configuration may nest prefixes as deep as it likes.
    while (!open.empty()) {
      const Range range = open.back();
      open.pop_back();
      build(keys, range, open);
    }
  }
  nodes_.shrink_to_fit();
  first_bytes_.shrink_to_fit();
  labels_.shrink_to_fit();
}

void PathTree::build(std::span<const Key> keys, const Range& range, std::vector<Range>& open) {
  std::size_t at = range.begin;
  nodes_[range.node].entries = static_cast<std::uint32_t>(entries_.size());
  for (; at < range.end && keys[at].path.size() == range.depth; ++at)
    entries_.push_back(keys[at].entry);
  nodes_[range.node].entry_count = static_cast<std::uint32_t>(at - range.begin);

  nodes_[range.node].children = static_cast<std::uint32_t>(nodes_.size());
  while (at < range.end) {
    const std::size_t begin = at;
    const std::string_view first = keys[begin].path;
    while (at < range.end && keys[at].path[range.depth] == first[range.depth])
      ++at;
    // Sorted: what the first and the last share, all share.
    const std::string_view last = keys[at - 1].path;
    std::size_t depth = range.depth;
    while (depth < std::min(first.size(), last.size()) && first[depth] == last[depth])
      ++depth;
    open.push_back({begin, at, depth, static_cast<std::uint32_t>(nodes_.size())});
    nodes_.push_back({.label = static_cast<std::uint32_t>(labels_.size()),
                      .label_size = static_cast<std::uint32_t>(depth - range.depth)});
    first_bytes_.push_back(first[range.depth]);
    labels_ += first.substr(range.depth, depth - range.depth);
    ++nodes_[range.node].child_count;
  }
}

}  // namespace sluice
