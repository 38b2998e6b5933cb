// The tree of a configuration file: allocation by bumping a pointer, release by dropping the
// blocks.

#include "config/node.h"

#include <algorithm>
#include <cstring>

namespace sluice::config {
namespace {

constexpr std::size_t first_block = 4096;
constexpr std::size_t largest_block = 1 << 20;
constexpr std::size_t alignment = alignof(Member);

}  // namespace

const Node* Node::find(std::string_view key) const noexcept {
  for (const Member& member : members())
    if (member.key == key) return &member.value;
  return nullptr;
}

void* Document::allocate(std::size_t size) {
  size = (size + alignment - 1) / alignment * alignment;
  if (size > room_) {
    const std::size_t grown = std::clamp(footprint_, first_block, largest_block);
    const std::size_t block = std::max(size, grown);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    free_ = blocks_.back().get();
    room_ = block;
    footprint_ += block;
  }
  void* start = free_;
  free_ += size;
  room_ -= size;
  return start;
}

std::string_view Document::keep(std::string_view text) {
  if (text.empty()) return {};
  char* start = static_cast<char*>(allocate(text.size()));
  std::memcpy(start, text.data(), text.size());
  return {start, text.size()};
}

Node Document::scalar(NodeKind kind, Place place, std::string_view source) {
  Node node;
  node.kind_ = kind;
  node.line_ = place.line;
  node.column_ = place.column;
  node.text_ = source.data();
  node.size_ = static_cast<std::uint32_t>(source.size());
  return node;
}

Node Document::null(Place place, std::string_view source) {
  return scalar(NodeKind::null, place, keep(source));
}

Node Document::boolean(bool value, Place place, std::string_view source) {
  Node node = scalar(NodeKind::boolean, place, keep(source));
  node.integer_ = value ? 1 : 0;
  return node;
}

Node Document::integer(std::int64_t value, Place place, std::string_view source) {
  Node node = scalar(NodeKind::integer, place, keep(source));
  node.integer_ = value;
  return node;
}

Node Document::number(double value, Place place, std::string_view source) {
  Node node = scalar(NodeKind::number, place, keep(source));
  node.number_ = value;
  return node;
}

Node Document::text(std::string_view text, Place place) {
  return scalar(NodeKind::text, place, keep(text));
}

Node Document::list(std::span<const Node> items, Place place) {
  Node node = scalar(NodeKind::list, place, {});
  Node* start = static_cast<Node*>(allocate(items.size_bytes()));
  std::uninitialized_copy(items.begin(), items.end(), start);
  node.items_ = start;
  node.size_ = static_cast<std::uint32_t>(items.size());
  return node;
}

Node Document::map(std::span<const Member> members, Place place) {
  Node node = scalar(NodeKind::map, place, {});
  Member* start = static_cast<Member*>(allocate(members.size_bytes()));
  std::uninitialized_copy(members.begin(), members.end(), start);
  node.members_ = start;
  node.size_ = static_cast<std::uint32_t>(members.size());
  return node;
}

Node Document::copy(const Node& node) {
  switch (node.kind()) {
    case NodeKind::list: {
      std::vector<Node> items;
      items.reserve(node.items().size());
      for (const Node& item : node.items())
        items.push_back(copy(item));
      return list(items, node.place());
    }
    case NodeKind::map: {
      std::vector<Member> members;
      members.reserve(node.members().size());
      for (const Member& member : node.members())
        members.push_back({keep(member.key), member.key_place, copy(member.value)});
      return map(members, node.place());
    }
    default: {
      Node copied = node;
      copied.text_ = keep(node.source()).data();
      return copied;
    }
  }
}

const Node* Document::keep(const Node& node) {
  const Node copied = copy(node);
  return new (allocate(sizeof(Node))) Node(copied);
}

}  // namespace sluice::config
