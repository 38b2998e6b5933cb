#pragma once
// The fields of one message, and the memory that its texts live in.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "http/header_id.h"

namespace sluice::http {

/// Fields in order, duplicates kept, names as they came. All text lives in blocks that belong to
/// the message and never move: a view is good until the Headers die, also after set() and after a
/// move of the Headers.
///
/// Framing and hop-by-hop fields (content-length, transfer-encoding, connection, te, trailer,
/// upgrade, keep-alive, proxy-connection, expect) and host are never here: codecs turn them into
/// typed members, and back.
class Headers {
 public:
  struct Field {
    const char* name_data;
    const char* value_data;
    std::uint32_t value_size;
    std::uint16_t name_size;
    HeaderId id;

    std::string_view name() const noexcept { return {name_data, name_size}; }

    std::string_view value() const noexcept { return {value_data, value_size}; }
  };

  Headers() noexcept = default;
  Headers(Headers&& other) noexcept;
  Headers& operator=(Headers&& other) noexcept;
  ~Headers();

  std::span<const Field> fields() const noexcept { return {fields_, count_}; }

  bool empty() const noexcept { return count_ == 0; }

  /// The first field of that name.
  std::optional<std::string_view> get(HeaderId id) const noexcept;
  std::optional<std::string_view> get(std::string_view name) const noexcept;

  bool has(HeaderId id) const noexcept { return get(id).has_value(); }

  /// For all that decides (RFC 9110 §5.3): two fields of that name are an Error(bad_request).
  Result<std::optional<std::string_view>> single(HeaderId id) const;

  /// Copies name and value; replaces all fields of that name, in the place of the first.
  /// Error(invalid_header) for a name that is no token, for CR, LF, NUL or another control byte in
  /// the value, and for the names that only a codec sets.
  Result<Done> set(std::string_view name, std::string_view value);
  Result<Done> add(std::string_view name, std::string_view value);
  /// For names and values that the gateway itself made, so that nothing is left to check; the value
  /// is copied.
  void set(HeaderId id, std::string_view value);
  void add(HeaderId id, std::string_view value);

  /// Both remove all fields of that name, and return how many there were.
  std::size_t remove(HeaderId id) noexcept;
  std::size_t remove(std::string_view name) noexcept;

  void clear() noexcept { count_ = 0; }

  /// A copy of `text` that lives as long as the message.
  std::string_view keep(std::string_view text);
  /// `size` bytes that live as long as the message, for whoever composes a text in place.
  char* reserve(std::size_t size);

  /// For codecs: a field whose texts were kept before and hold nothing forbidden.
  void append_kept(HeaderId id, std::string_view name, std::string_view value) {
    if (count_ == capacity_) [[unlikely]]
      grow_fields();
    fields_[count_++] = {name.data(), value.data(), static_cast<std::uint32_t>(value.size()),
                         static_cast<std::uint16_t>(name.size()), id};
  }

 private:
  struct Block;

  void grow(std::size_t size);
  void grow_fields();
  void put(HeaderId id, std::string_view name, std::string_view kept_value);
  std::size_t remove_from(std::uint32_t first, HeaderId id, std::string_view name) noexcept;

  Block* blocks_ = nullptr;  ///< newest first
  char* free_ = nullptr;     ///< the newest block's free bytes
  std::size_t free_size_ = 0;
  Field* fields_ = nullptr;  ///< in a block; grows by doubling
  std::uint32_t count_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace sluice::http
