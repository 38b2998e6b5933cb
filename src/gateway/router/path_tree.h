#pragma once
// Path prefixes as a radix tree: one walk along a path meets every prefix of it. Many trees, one
// for each host pattern, share their memory.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class PathTree {
 public:
  /// One way into a route that a prefix leads to.
  struct Entry {
    std::uint32_t way;   ///< its place in the order of evaluation
    std::uint16_t port;  ///< that the host pattern names; 0: any
  };

  struct Key {
    std::uint32_t root;     ///< which tree
    std::string_view path;  ///< the prefix; "" for all paths
    Entry entry;
  };

  PathTree() = default;
  /// Trees 0 to `roots` - 1. Borrows the paths only for the call.
  PathTree(std::uint32_t roots, std::vector<Key> keys);

  /// Calls `visit` with the entries of each prefix of `path`, sorted by `way`; shortest first.
  template <class Visitor>
  void walk(std::uint32_t root, std::string_view path, Visitor&& visit) const {
    const Node* node = &nodes_[root];
    const char* at = path.data();
    const char* const end = at + path.size();
    for (;;) {
      if (node->entry_count != 0)
        visit(std::span<const Entry>(entries_.data() + node->entries, node->entry_count));
      if (at == end || node->child_count == 0) return;
      const char* const first = first_bytes_.data() + node->children;
      const void* const found = std::memchr(first, *at, node->child_count);
      if (found == nullptr) return;
      node = &nodes_[node->children +
                     static_cast<std::size_t>(static_cast<const char*>(found) - first)];
      const auto left = static_cast<std::size_t>(end - at);
      if (node->label_size > left ||
          std::memcmp(labels_.data() + node->label, at, node->label_size) != 0)
        return;
      at += node->label_size;
    }
  }

 private:
  struct Node {
    std::uint32_t label = 0;  ///< where in labels_
    std::uint32_t label_size = 0;
    std::uint32_t children = 0;  ///< they are neighbours
    std::uint32_t child_count = 0;
    std::uint32_t entries = 0;
    std::uint32_t entry_count = 0;
  };

  struct Range;
  void build(std::span<const Key> keys, const Range& range, std::vector<Range>& open);

  std::vector<Node> nodes_;
  std::vector<char> first_bytes_;  ///< of each node's label
  std::vector<Entry> entries_;
  std::string labels_;
};

}  // namespace sluice
