#include "http/headers.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <utility>

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

Headers::Headers(Headers&& from) noexcept
    : blocks_(std::exchange(from.blocks_, nullptr)),
      free_(std::exchange(from.free_, nullptr)),
      free_size_(std::exchange(from.free_size_, 0)),
      fields_(std::exchange(from.fields_, nullptr)),
      count_(std::exchange(from.count_, 0)),
      capacity_(std::exchange(from.capacity_, 0)) {}

Headers& Headers::operator=(Headers&& from) noexcept {
  Headers taken(std::move(from));
  std::swap(blocks_, taken.blocks_);
  std::swap(free_, taken.free_);
  std::swap(free_size_, taken.free_size_);
  std::swap(fields_, taken.fields_);
  std::swap(count_, taken.count_);
  std::swap(capacity_, taken.capacity_);
  return *this;
}

Headers::~Headers() {
  while (blocks_ != nullptr) {
    Block* next = blocks_->next;
    memory::release(blocks_, blocks_->size);
    blocks_ = next;
  }
}

char* Headers::reserve(std::size_t size) {
  if (size > free_size_) [[unlikely]]
    grow(size);
  char* text = free_;
  free_ += size;
  free_size_ -= size;
  return text;
}

void Headers::grow(std::size_t size) {
  const std::size_t fields = blocks_ == nullptr ? first_fields * sizeof(Field) : 0;
  const std::size_t block_size = rounded_to_class(sizeof(Block) + size + fields + additions_bytes);
  auto* block = static_cast<Block*>(memory::allocate(block_size));
  *block = {blocks_, block_size};
  blocks_ = block;
  free_ = block->bytes();
  free_size_ = block_size - sizeof(Block);
  if (fields != 0) {
    fields_ = reinterpret_cast<Field*>(free_);
    capacity_ = first_fields;
    free_ += fields;
    free_size_ -= fields;
  }
}

void Headers::grow_fields() {
  if (blocks_ == nullptr) return grow(0);
  const std::uint32_t capacity = capacity_ * 2;
  const std::size_t size = capacity * sizeof(Field);
  const auto address = reinterpret_cast<std::uintptr_t>(reserve(size + alignof(Field) - 1));
  auto* fields = reinterpret_cast<Field*>((address + alignof(Field) - 1) & ~(alignof(Field) - 1));
  std::copy_n(fields_, count_, fields);
  fields_ = fields;
  capacity_ = capacity;
}

std::string_view Headers::keep(std::string_view text) {
  char* copy = reserve(text.size());
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

std::optional<std::string_view> Headers::get(HeaderId id) const noexcept {
  assert(id != other);
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

void Headers::put(HeaderId id, std::string_view name, std::string_view value) {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (!matches(fields_[i], id, name)) continue;
    fields_[i].value_data = value.data();
    fields_[i].value_size = static_cast<std::uint32_t>(value.size());
    remove_from(i + 1, id, name);
    return;
  }
  append_kept(id, id == other ? keep(name) : header_name(id), value);
}

std::size_t Headers::remove_from(std::uint32_t first, HeaderId id, std::string_view name) noexcept {
  std::uint32_t kept = first;
  for (std::uint32_t i = first; i < count_; ++i)
    if (!matches(fields_[i], id, name)) fields_[kept++] = fields_[i];
  return std::exchange(count_, kept) - kept;
}

Result<Done> Headers::set(std::string_view name, std::string_view value) {
  TRY(const HeaderId id, checked(name, value));
  put(id, name, keep(value));
  return {};
}

Result<Done> Headers::add(std::string_view name, std::string_view value) {
  TRY(const HeaderId id, checked(name, value));
  append_kept(id, id == other ? keep(name) : header_name(id), keep(value));
  return {};
}

void Headers::set(HeaderId id, std::string_view value) {
  assert(id != other && !is_for_codecs(id) && all_are(value, byte_class::value));
  put(id, header_name(id), keep(value));
}

void Headers::add(HeaderId id, std::string_view value) {
  assert(id != other && !is_for_codecs(id) && all_are(value, byte_class::value));
  append_kept(id, header_name(id), keep(value));
}

std::size_t Headers::remove(HeaderId id) noexcept {
  assert(id != other);
  return remove_from(0, id, {});
}

std::size_t Headers::remove(std::string_view name) noexcept {
  return remove_from(0, header_id(name), name);
}

}  // namespace sluice::http
