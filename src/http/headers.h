#pragma once
// The fields of one message, and the memory that its texts live in.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/bytes.h"
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
    bool wire;  ///< stands in memory as a line: name, ": ", value, CRLF

    std::string_view name() const noexcept { return {name_data, name_size}; }

    std::string_view value() const noexcept { return {value_data, value_size}; }

    /// Precondition: wire.
    std::string_view line() const noexcept { return {name_data, name_size + value_size + 4U}; }
  };

  Headers() noexcept = default;

  Headers(Headers&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

  Headers& operator=(Headers&& other) noexcept {
    if (this != &other) {
      if (state_ != nullptr) destroy();
      state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
  }

  ~Headers() {
    if (state_ != nullptr) destroy();
  }

  std::span<const Field> fields() const noexcept {
    return state_ == nullptr ? std::span<const Field>()
                             : std::span<const Field>(state_->fields, state_->count);
  }

  bool empty() const noexcept { return state_ == nullptr || state_->count == 0; }

  /// The first field of that name.
  std::optional<std::string_view> get(HeaderId id) const noexcept;
  std::optional<std::string_view> get(std::string_view name) const noexcept;

  bool has(HeaderId id) const noexcept {
    return state_ != nullptr && (state_->present & bit(id)) != 0;
  }

  /// For all that decides (RFC 9110 §5.3): two fields of that name are an Error(bad_request).
  Result<std::optional<std::string_view>> single(HeaderId id) const;

  /// Copies name and value; replaces all fields of that name, in the place of the first.
  /// Error(invalid_header) for a name that is no token, for CR, LF, NUL or another control byte in
  /// the value, and for the names that only a codec sets.
  Result<Done> set(std::string_view name, std::string_view value);
  Result<Done> add(std::string_view name, std::string_view value);

  /// For names and values that the gateway itself made, so that nothing is left to check; the value
  /// is copied.
  void set(HeaderId id, std::string_view value) { set(id, {value}); }

  /// The value is the parts in a row.
  void set(HeaderId id, std::initializer_list<std::string_view> parts);

  void add(HeaderId id, std::string_view value) { append_line(id, {}, {value}); }

  /// Several at once, for names that are not here yet: see has_any(). A text for each id.
  template <HeaderId... Ids>
  void add_all(std::same_as<std::string_view> auto... values);

  bool has_any(std::initializer_list<HeaderId> ids) const noexcept {
    std::uint64_t bits = 0;
    for (const HeaderId id : ids)
      bits |= bit(id);
    return state_ != nullptr && (state_->present & bits) != 0;
  }

  /// Both remove all fields of that name, and return how many there were.
  std::size_t remove(HeaderId id) noexcept;
  std::size_t remove(std::string_view name) noexcept;

  /// A copy of `text` that lives as long as the message.
  std::string_view keep(std::string_view text);
  /// `size` bytes that live as long as the message, for whoever composes a text in place.
  char* reserve(std::size_t size);

  /// For codecs: appends the fields of a head that was kept before, checked, each with the CRLF of
  /// its line behind it. Nothing else touches the headers meanwhile.
  class Appender {
   public:
    explicit Appender(Headers& headers) : headers_(headers) {
      if (headers.state_ == nullptr) headers.grow_fields();
      at_ = headers.state_->fields + headers.state_->count;
      end_ = headers.state_->fields + headers.state_->capacity;
    }

    Appender(const Appender&) = delete;
    Appender& operator=(const Appender&) = delete;

    ~Appender() { commit(); }

    void append(HeaderId id, std::string_view name, std::string_view value) {
      if (at_ == end_) [[unlikely]]
        grow();
      const char* colon = name.data() + name.size();
      const char* end = value.data() + value.size();
      const bool wire = value.data() == colon + 2 && colon[1] == ' ' && end[0] == '\r';
      *at_++ = {name.data(),
                value.data(),
                static_cast<std::uint32_t>(value.size()),
                static_cast<std::uint16_t>(name.size()),
                id,
                wire};
      present_ |= bit(id);
    }

   private:
    void commit() noexcept {
      headers_.state_->count = static_cast<std::uint32_t>(at_ - headers_.state_->fields);
      headers_.state_->present |= present_;
    }

    void grow() {
      commit();
      headers_.grow_fields();
      at_ = headers_.state_->fields + headers_.state_->count;
      end_ = headers_.state_->fields + headers_.state_->capacity;
    }

    Headers& headers_;
    Field* at_;
    Field* end_;
    std::uint64_t present_ = 0;
  };

 private:
  struct Block;

  struct State {
    Block* blocks;  ///< newest first; the state itself is in the oldest
    char* free;     ///< the newest block's free bytes
    std::size_t free_size;
    Field* fields;  ///< in a block; grows by doubling
    std::uint32_t count;
    std::uint32_t capacity;
    std::uint64_t present;  ///< a bit for each known name that is there
  };

  static constexpr std::uint64_t bit(HeaderId id) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(id);
  }

  void append(const Field& field) noexcept {
    state_->present |= bit(field.id);
    state_->fields[state_->count++] = field;
  }

  void destroy() noexcept;
  void grow(std::size_t size);
  void grow_fields();

  /// Place for `count` more fields, which are counted already.
  Field* more_fields(std::uint32_t count) {
    while (state_->capacity - state_->count < count) [[unlikely]]
      grow_fields();
    return state_->fields + std::exchange(state_->count, state_->count + count);
  }

  template <HeaderId Id>
  static char* write_line(char* line, std::string_view value, Field& field) noexcept {
    constexpr std::string_view name = header_name(Id);
    static constexpr auto start = [&] {
      std::array<char, name.size() + 2> text{};
      std::ranges::copy(name, text.begin());
      text[name.size()] = ':';
      text[name.size() + 1] = ' ';
      return text;
    }();
    std::memcpy(line, start.data(), start.size());
    char* const value_at = line + start.size();
    char* const end = copy_short(value_at, value);
    end[0] = '\r';
    end[1] = '\n';
    field = {line,
             value_at,
             static_cast<std::uint32_t>(value.size()),
             static_cast<std::uint16_t>(name.size()),
             Id,
             true};
    return end + 2;
  }

  Field make_line(HeaderId id, std::string_view name,
                  std::initializer_list<std::string_view> parts);
  void append_line(HeaderId id, std::string_view name,
                   std::initializer_list<std::string_view> parts);
  void put(HeaderId id, std::string_view name, std::initializer_list<std::string_view> parts);
  std::size_t remove_from(std::uint32_t first, HeaderId id, std::string_view name) noexcept;

  State* state_ = nullptr;  ///< null while nothing was kept
};

template <HeaderId... Ids>
void Headers::add_all(std::same_as<std::string_view> auto... values) {
  static_assert(sizeof...(Ids) == sizeof...(values));
  constexpr std::size_t fixed = ((header_name(Ids).size() + 4) + ...);
  char* at = reserve(fixed + (values.size() + ...));
  Field* field = more_fields(sizeof...(Ids));
  state_->present |= (bit(Ids) | ...);
  ((at = write_line<Ids>(at, values, *field++)), ...);
}

}  // namespace sluice::http
