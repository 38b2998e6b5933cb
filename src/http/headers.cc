#include "http/headers.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/bytes.h"
#include "base/memory.h"
#include "http/text.h"

namespace sluice::http {
namespace {

using enum HeaderId;

// What memory::allocate() has a class for: a head of 330 bytes, 24 fields of 24 bytes, and 1.1 KB
// for what the gateway adds.
constexpr std::size_t first_block_bytes = 2048 + 64;
constexpr std::uint32_t first_fields = 24;
// Room beside a large head, so that it too needs one block.
constexpr std::size_t additions_bytes = 1024;

// The classes of memory::allocate() above 1 KiB are powers of two with 64 bytes on top.
constexpr std::size_t rounded_to_class(std::size_t size) noexcept {
  return size <= first_block_bytes ? first_block_bytes : std::bit_ceil(size - 64) + 64;
}

constexpr bool is_for_codecs(HeaderId id) noexcept {
  switch (id) {
    case connection:
    case content_length:
    case expect:
    case host:
    case http2_settings:
    case keep_alive:
    case proxy_connection:
    case te:
    case trailer:
    case transfer_encoding:
    case upgrade:
      return true;
    default:
      return false;
  }
}

bool matches(const Headers::Field& field, HeaderId id, std::string_view name) noexcept {
  return field.id == id && (id != other || equal_ignoring_case(field.name(), name));
}

Result<HeaderId> checked(std::string_view name, std::string_view value) {
  if (!is_token(name) || name.size() > std::numeric_limits<std::uint16_t>::max())
    return fail(ErrorCode::invalid_header, "the name of a header field is no token");
  if (!all_are(value, byte_class::value) ||
      value.size() > std::numeric_limits<std::uint32_t>::max())
    return fail(ErrorCode::invalid_header, "the value of a header field holds a control byte");
  const HeaderId id = header_id(name);
  if (is_for_codecs(id))
    return fail(ErrorCode::invalid_header,
                std::string(header_name(id)) + " is set by the codec only");
  return id;
}

}  // namespace

struct Headers::Block {
  Block* next;
  std::size_t size;  // with this header

  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
};

void Headers::destroy() noexcept {
  Block* block = state_->blocks;
  while (block != nullptr) {
    Block* next = block->next;
    memory::release(block, block->size);
    block = next;
  }
  state_ = nullptr;
}

char* Headers::reserve(std::size_t size) {
  if (state_ == nullptr || size > state_->free_size) [[unlikely]]
    grow(size);
  char* text = state_->free;
  state_->free += size;
  state_->free_size -= size;
  return text;
}

void Headers::grow(std::size_t size) {
  const std::size_t extra = state_ == nullptr ? sizeof(State) + first_fields * sizeof(Field) : 0;
  const std::size_t block_size = rounded_to_class(sizeof(Block) + size + extra + additions_bytes);
  auto* block = static_cast<Block*>(memory::allocate(block_size));
  *block = {state_ == nullptr ? nullptr : state_->blocks, block_size};
  char* bytes = block->bytes();
  if (state_ == nullptr) {
    auto* fields = reinterpret_cast<Field*>(bytes + sizeof(State));
    state_ = new (bytes) State{block, nullptr, 0, fields, 0, first_fields, 0};
    bytes += extra;
  }
  state_->blocks = block;
  state_->free = bytes;
  state_->free_size = block_size - sizeof(Block) - extra;
}

void Headers::grow_fields() {
  if (state_ == nullptr) return grow(0);
  const std::uint32_t capacity = state_->capacity * 2;
  const std::size_t size = capacity * sizeof(Field);
  const auto address = reinterpret_cast<std::uintptr_t>(reserve(size + alignof(Field) - 1));
  auto* fields = reinterpret_cast<Field*>((address + alignof(Field) - 1) & ~(alignof(Field) - 1));
  std::copy_n(state_->fields, state_->count, fields);
  state_->fields = fields;
  state_->capacity = capacity;
}

std::string_view Headers::keep(std::string_view text) {
  char* copy = reserve(text.size());
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

std::optional<std::string_view> Headers::get(HeaderId id) const noexcept {
  assert(id != other);
  if (!has(id)) return std::nullopt;
  for (const Field& field : fields())
    if (field.id == id) return field.value();
  return std::nullopt;
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  const HeaderId id = header_id(name);
  for (const Field& field : fields())
    if (matches(field, id, name)) return field.value();
  return std::nullopt;
}

Result<std::optional<std::string_view>> Headers::single(HeaderId id) const {
  std::optional<std::string_view> found;
  for (const Field& field : fields()) {
    if (field.id != id) continue;
    if (found) return fail(ErrorCode::bad_request, "two fields of " + std::string(header_name(id)));
    found = field.value();
  }
  return found;
}

/// Composes the field as it will be sent, so that a head is written with few copies.
Headers::Field Headers::make_line(HeaderId id, std::string_view name,
                                  std::initializer_list<std::string_view> parts) {
  if (id != other) name = header_name(id);
  std::size_t value_size = 0;
  for (const std::string_view part : parts)
    value_size += part.size();
  char* const line = reserve(name.size() + value_size + 4);
  char* at = copy_short(line, name);
  *at++ = ':';
  *at++ = ' ';
  char* const value = at;
  for (const std::string_view part : parts)
    at = copy_short(at, part);
  *at++ = '\r';
  *at = '\n';
  return {
      line, value, static_cast<std::uint32_t>(value_size), static_cast<std::uint16_t>(name.size()),
      id,   true};
}

void Headers::append_line(HeaderId id, std::string_view name,
                          std::initializer_list<std::string_view> parts) {
  const Field field = make_line(id, name, parts);
  if (state_->count == state_->capacity) grow_fields();
  append(field);
}

void Headers::put(HeaderId id, std::string_view name,
                  std::initializer_list<std::string_view> parts) {
  if (has(id)) {
    for (std::uint32_t i = 0; i < state_->count; ++i) {
      if (!matches(state_->fields[i], id, name)) continue;
      const Field field = make_line(id, name, parts);
      state_->fields[i] = field;
      remove_from(i + 1, id, name);
      return;
    }
  }
  append_line(id, name, parts);
}

std::size_t Headers::remove_from(std::uint32_t first, HeaderId id, std::string_view name) noexcept {
  std::uint32_t kept = first;
  for (std::uint32_t i = first; i < state_->count; ++i)
    if (!matches(state_->fields[i], id, name)) state_->fields[kept++] = state_->fields[i];
  return std::exchange(state_->count, kept) - kept;
}

Result<Done> Headers::set(std::string_view name, std::string_view value) {
  TRY(const HeaderId id, checked(name, value));
  put(id, name, {value});
  return {};
}

Result<Done> Headers::add(std::string_view name, std::string_view value) {
  TRY(const HeaderId id, checked(name, value));
  append_line(id, name, {value});
  return {};
}

void Headers::set(HeaderId id, std::initializer_list<std::string_view> parts) {
  assert(id != other && !is_for_codecs(id));
  assert(std::ranges::all_of(
      parts, [](std::string_view part) { return all_are(part, byte_class::value); }));
  put(id, {}, parts);
}

std::size_t Headers::remove(HeaderId id) noexcept {
  assert(id != other);
  if (!has(id)) return 0;
  state_->present &= ~bit(id);
  return remove_from(0, id, {});
}

std::size_t Headers::remove(std::string_view name) noexcept {
  const HeaderId id = header_id(name);
  if (!has(id)) return 0;
  if (id != other) state_->present &= ~bit(id);
  return remove_from(0, id, name);
}

}  // namespace sluice::http
