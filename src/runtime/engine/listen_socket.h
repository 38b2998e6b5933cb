#pragma once
// A listening socket of the kernel, or a sentence that says why not and what to do.

#include "base/error.h"
#include "runtime/engine.h"

namespace sluice {

/// A descriptor, not blocking, of the caller's. Error(io_failed).
Result<int> open_listener(const Address& address, const ListenOptions& options);

}  // namespace sluice
