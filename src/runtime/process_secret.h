#pragma once
// Chance that nobody outside can know, once a process.

#include "base/sip_hash.h"

namespace sluice {

/// For hash tables over what peers choose. The same in the whole process; never leaves it.
const SipKey& process_secret() noexcept;

}  // namespace sluice
