#include "tls/ticket_keys.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <openssl/rand.h>
#include <openssl/sha.h>

namespace sluice::tls {
namespace {

std::int64_t hour_of(WallTime now) {
  return std::chrono::duration_cast<std::chrono::hours>(now.time_since_epoch()).count();
}

struct Beginning {
  TicketKeys::Secret secret;
  WallTime at;
};

/// The first secret of this process, and when it was made: workers that start later get to the same
/// hour's.
const Beginning& beginning(WallTime now) {
  static const Beginning made = [&] {
    Beginning fresh{{}, now};
    if (RAND_bytes(fresh.secret.data(), static_cast<int>(fresh.secret.size())) != 1) std::abort();
    return fresh;
  }();
  return made;
}

TicketKeys::Secret derive(const TicketKeys::Secret& secret, unsigned char purpose) {
  std::array<unsigned char, 33> input{};
  std::ranges::copy(secret, input.begin());
  input.back() = purpose;
  TicketKeys::Secret result;
  SHA256(input.data(), input.size(), result.data());
  return result;
}

TicketKey key_of(const TicketKeys::Secret& secret) {
  TicketKey key;
  std::ranges::copy_n(derive(secret, 'n').begin(), key.name.size(), key.name.begin());
  key.cipher = derive(secret, 'c');
  key.mac = derive(secret, 'm');
  return key;
}

}  // namespace

TicketKeys::TicketKeys(WallTime now)
    : TicketKeys(beginning(now).secret, std::min(beginning(now).at, now)) {}

TicketKeys::TicketKeys(const Secret& secret, WallTime now)
    : hour_(hour_of(now)), secret_(secret), current_(key_of(secret)), previous_(current_) {}

void TicketKeys::move_to(WallTime now) {
  // A clock that goes back finds the keys as they are.
  for (const std::int64_t wanted = hour_of(now); hour_ < wanted; ++hour_) {
    secret_ = derive(secret_, 's');
    previous_ = std::exchange(current_, key_of(secret_));
  }
}

const TicketKey& TicketKeys::current(WallTime now) {
  move_to(now);
  return current_;
}

const TicketKey* TicketKeys::find(std::span<const unsigned char, 16> name, WallTime now) {
  move_to(now);
  if (std::ranges::equal(name, current_.name)) return &current_;
  return std::ranges::equal(name, previous_.name) ? &previous_ : nullptr;
}

}  // namespace sluice::tls
