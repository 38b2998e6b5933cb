#include "gateway/key_table.h"

#include <bit>
#include <cstring>
#include <new>

#include <sys/mman.h>

#include "runtime/process_secret.h"

namespace sluice {

KeyTable::KeyTable(std::size_t count) : slots_(std::bit_ceil(count * 3 / 2 + 2)) {}

namespace {

constexpr std::size_t large_page = std::size_t{2} << 20;

constexpr std::size_t alignment_for(std::size_t size) noexcept {
  return size < large_page ? 64 : large_page;
}

}  // namespace

void* KeyTable::allocate_large(std::size_t size) {
  void* memory = ::operator new(size, std::align_val_t(alignment_for(size)));
  if (size >= large_page) ::madvise(memory, size, MADV_HUGEPAGE);  // a wish; small pages do too
  return memory;
}

void KeyTable::release_large(void* memory, std::size_t size) noexcept {
  ::operator delete(memory, std::align_val_t(alignment_for(size)));
}

/// The upper bits of the hash, which the place in the table does not depend on, and whether the key
/// is a long one; never 0.
std::uint32_t KeyTable::mark_of(std::uint64_t hash, std::size_t size) noexcept {
  const std::uint32_t kind = size <= sizeof Slot::key ? static_cast<std::uint32_t>(size) + 1 : 63;
  return static_cast<std::uint32_t>(hash >> 38) << 6 | kind;
}

std::string_view KeyTable::key_of(const Slot& slot, std::size_t size) const noexcept {
  if (size <= sizeof slot.key) return {slot.key, size};
  std::uint32_t index = 0;
  std::memcpy(&index, slot.key, sizeof index);
  return long_keys_[index];
}

void KeyTable::add(std::string_view key, const KeyCredential& credential) {
  const std::uint64_t hash = sip_hash(process_secret(), key);
  const std::size_t last = slots_.size() - 1;
  std::size_t at = hash & last;
  while (slots_[at].mark != 0)
    at = (at + 1) & last;
  Slot& slot = slots_[at];
  slot.id = credential.id;
  slot.consumer = credential.consumer;
  slot.mark = mark_of(hash, key.size());
  slot.time_left = credential.time_left;
  if (key.size() > sizeof slot.key) {
    const auto index = static_cast<std::uint32_t>(long_keys_.size());
    std::memcpy(slot.key, &index, sizeof index);
    long_keys_.emplace_back(key);
  } else if (!key.empty()) {
    std::memcpy(slot.key, key.data(), key.size());
  }
}

std::optional<KeyCredential> KeyTable::find(std::string_view key) const noexcept {
  const std::uint64_t hash = sip_hash(process_secret(), key);
  const std::uint32_t mark = mark_of(hash, key.size());
  const std::size_t last = slots_.size() - 1;
  for (std::size_t at = hash & last; slots_[at].mark != 0; at = (at + 1) & last) {
    const Slot& slot = slots_[at];
    // The mark has the size of all keys but long ones, whose sizes are compared with the rest.
    if (slot.mark == mark && equal_in_constant_time(key_of(slot, key.size()), key))
      return KeyCredential{slot.id, slot.consumer, slot.time_left};
  }
  return std::nullopt;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i)
    difference |= static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(right[i]);
  // The compiler must not find out that one difference is enough.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

}  // namespace sluice
