#pragma once
// What a configuration file said, as a tree in one block of memory: YAML and JSON look the same
// from here on.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::config {

/// A position in a file, both counted from 1, columns in characters; 0 where nothing was written.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

enum class NodeKind : std::uint8_t { null, boolean, integer, number, text, list, map };

struct Member;

/// One value. Copies are shallow: all of them, and every view, live as long as the Document.
class Node {
 public:
  Node() = default;

  NodeKind kind() const noexcept { return kind_; }

  bool is_null() const noexcept { return kind_ == NodeKind::null; }

  bool is_map() const noexcept { return kind_ == NodeKind::map; }

  bool is_list() const noexcept { return kind_ == NodeKind::list; }

  bool is_text() const noexcept { return kind_ == NodeKind::text; }

  Place place() const noexcept { return {line_, column_}; }

  /// Whether the value comes from the environment, and is not to be shown.
  bool is_concealed() const noexcept { return concealed_; }

  /// Whether it is a text without quotes, which other versions of YAML may read as something else.
  bool is_plain() const noexcept { return plain_; }

  /// The same text, written without quotes.
  Node plain() const noexcept {
    Node node = *this;
    node.plain_ = true;
    return node;
  }

  /// The same value, not to be shown.
  Node concealed() const noexcept {
    Node node = *this;
    node.concealed_ = true;
    return node;
  }

  /// The scalar as it was written, without quotes; empty for lists and maps.
  std::string_view source() const noexcept {
    return is_list() || is_map() ? std::string_view() : std::string_view(text_, size_);
  }

  /// Precondition of each: the kind.
  bool boolean() const noexcept { return integer_ != 0; }

  std::int64_t integer() const noexcept { return integer_; }

  std::string_view text() const noexcept { return {text_, size_}; }

  /// Precondition: integer or number.
  double number() const noexcept {
    return kind_ == NodeKind::integer ? static_cast<double>(integer_) : number_;
  }

  /// Empty where this is no list.
  std::span<const Node> items() const noexcept {
    return is_list() ? std::span(items_, size_) : std::span<const Node>();
  }

  /// In the order of the file, without duplicates; empty where this is no map.
  inline std::span<const Member> members() const noexcept;
  /// The value of a key, or null where this is no map or has no such key.
  const Node* find(std::string_view key) const noexcept;

 private:
  friend class Document;

  NodeKind kind_ = NodeKind::null;
  bool concealed_ = false;
  bool plain_ = false;
  std::uint32_t size_ = 0;
  std::uint32_t line_ = 0;
  std::uint32_t column_ = 0;

  union {
    const char* text_ = nullptr;
    const Node* items_;
    const Member* members_;
  };

  union {
    std::int64_t integer_ = 0;
    double number_;
  };
};

struct Member {
  std::string_view key;
  Place key_place;
  Node value;
};

std::span<const Member> Node::members() const noexcept {
  return is_map() ? std::span(members_, size_) : std::span<const Member>();
}

/// Owns the memory of a tree; everything in it dies together. Neither copied nor moved: nodes point
/// into it.
class Document {
 public:
  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const Node& root() const noexcept { return root_; }

  void set_root(const Node& root) noexcept { root_ = root; }

  Node null(Place place, std::string_view source = {});
  Node boolean(bool value, Place place, std::string_view source);
  Node integer(std::int64_t value, Place place, std::string_view source);
  Node number(double value, Place place, std::string_view source);
  Node text(std::string_view text, Place place);
  Node list(std::span<const Node> items, Place place);
  Node map(std::span<const Member> members, Place place);
  std::string_view keep(std::string_view text);

  /// A deep copy of a tree that may belong to another document.
  Node copy(const Node& node);
  /// The same, at an address that lasts as long as this document.
  const Node* keep(const Node& node);

  /// Memory held, in bytes.
  std::size_t footprint() const noexcept { return footprint_; }

 private:
  void* allocate(std::size_t size);
  static Node scalar(NodeKind kind, Place place, std::string_view source);

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* free_ = nullptr;
  std::size_t room_ = 0;
  std::size_t footprint_ = 0;
  Node root_;
};

}  // namespace sluice::config
