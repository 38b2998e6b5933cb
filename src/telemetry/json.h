#pragma once
// JSON text under construction: log lines, status pages, error bodies. The caller keeps the
// structure right; texts are escaped here.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::telemetry {

/// Bytes that grow at their end, and keep their memory when cleared. One check for each piece, none
/// for each byte.
class JsonText {
 public:
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }

  std::string text() const { return std::string(view()); }

  void clear() noexcept { size_ = 0; }

  JsonText& operator<<(std::string_view piece) {
    if (piece.empty()) return *this;
    std::memcpy(room(piece.size()), piece.data(), piece.size());
    size_ += piece.size();
    return *this;
  }

  JsonText& operator<<(char byte) {
    *room(1) = byte;
    ++size_;
    return *this;
  }

  /// Place for `size` more bytes at the end; wrote_to() says where they ended.
  char* room(std::size_t size) {
    if (capacity_ - size_ < size) [[unlikely]]
      grow(size);
    return bytes_.get() + size_;
  }

  void wrote_to(const char* end) noexcept { size_ = static_cast<std::size_t>(end - bytes_.get()); }

 private:
  void grow(std::size_t size);

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

class JsonWriter {
 public:
  explicit JsonWriter(JsonText& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }

  JsonWriter& end_object() { return close('}'); }

  JsonWriter& begin_list() { return open('['); }

  JsonWriter& end_list() { return close(']'); }

  /// A name that needs no escape.
  JsonWriter& key(std::string_view name) {
    char* at = begin_piece(name.size() + 4);
    *at++ = '"';
    at = std::copy_n(name.data(), name.size(), at);
    *at++ = '"';
    *at++ = ':';
    needs_comma_ = false;
    return end_piece(at);
  }

  /// A name that a peer chose.
  JsonWriter& foreign_key(std::string_view name);

  /// The same in lower case, as HTTP compares names (RFC 9110 §5.1).
  JsonWriter& lower_key(std::string_view name);

  JsonWriter& text(std::string_view value) { return text({value}); }

  /// A text of our own, which needs no escape.
  JsonWriter& plain(std::string_view value) {
    char* at = begin_piece(value.size() + 3);
    *at++ = '"';
    at = std::copy_n(value.data(), value.size(), at);
    *at++ = '"';
    needs_comma_ = true;
    return end_piece(at);
  }

  /// One string of several parts, none of which ends within a character: with quotation marks, so
  /// that no byte of a peer can end the string or the line. Control bytes, quote and backslash are
  /// escaped, and bytes that are not UTF-8 become U+FFFD (RFC 8259 §7, §8.1).
  JsonWriter& text(std::initializer_list<std::string_view> parts);

  JsonWriter& number(std::int64_t value);

  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }

  /// JSON that was made before: a value, or members of an object one after another.
  JsonWriter& raw(std::string_view json) {
    char* at = begin_piece(json.size() + 1);
    at = std::copy_n(json.data(), json.size(), at);
    needs_comma_ = true;
    return end_piece(at);
  }

 private:
  /// Place for `size` bytes, with the comma that is due before them written.
  char* begin_piece(std::size_t size) {
    char* at = out_.room(size);
    if (needs_comma_) *at++ = ',';
    return at;
  }

  JsonWriter& end_piece(const char* end) {
    out_.wrote_to(end);
    return *this;
  }

  JsonWriter& open(char bracket) {
    char* at = begin_piece(2);
    *at++ = bracket;
    needs_comma_ = false;
    return end_piece(at);
  }

  JsonWriter& close(char bracket) {
    out_ << bracket;
    needs_comma_ = true;
    return *this;
  }

  JsonText& out_;
  bool needs_comma_ = false;
};

}  // namespace sluice::telemetry
