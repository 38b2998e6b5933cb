#include "gateway/key_table.h"

#include <bit>
#include <cstring>

#include "runtime/process_secret.h"

namespace sluice {

KeyTable::KeyTable(std::size_t count) : slots_(std::bit_ceil(count * 2 + 2)) {
  records_.reserve(count);
}

std::string_view KeyTable::key_of(const Record& record) const noexcept {
  if (record.key_size > sizeof record.key_begin) return long_keys_[record.more];
  return {record.key_begin, record.key_size};
}

void KeyTable::add(std::string_view key, const KeyCredential& credential) {
  Record& record = records_.emplace_back();
  record.credential = credential;
  record.key_size = static_cast<std::uint32_t>(key.size());
  if (key.size() > sizeof record.key_begin) {
    record.more = static_cast<std::uint32_t>(long_keys_.size());
    long_keys_.emplace_back(key);
  } else if (!key.empty()) {
    std::memcpy(record.key_begin, key.data(), key.size());
  }
  const std::uint64_t hash = sip_hash(process_secret(), key);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].record != 0)
    at = (at + 1) & mask;
  slots_[at] = {hash, static_cast<std::uint32_t>(records_.size())};
}

const KeyCredential* KeyTable::find(std::string_view key) const noexcept {
  const std::uint64_t hash = sip_hash(process_secret(), key);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].record != 0; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) continue;
    const Record& record = records_[slots_[at].record - 1];
    if (equal_in_constant_time(key_of(record), key)) return &record.credential;
  }
  return nullptr;
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
