#include "runtime/process_secret.h"

#include <cstdlib>

#include <sys/random.h>

namespace sluice {

const SipKey& process_secret() noexcept {
  static const SipKey key = [] {
    SipKey fresh;
    if (::getrandom(&fresh, sizeof fresh, 0) != sizeof fresh) std::abort();
    return fresh;
  }();
  return key;
}

}  // namespace sluice
