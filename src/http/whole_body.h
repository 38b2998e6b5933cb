#pragma once
// A body taken into memory, for whoever has to see all of it before it goes on.

#include <cstddef>

#include "http/message.h"

namespace sluice::http {

/// All of `body` in one chunk. Error(payload_too_large) as soon as it is known to be larger than
/// `limit` bytes.
Task<Result<Chunk>> read_whole(Body& body, std::size_t limit);

}  // namespace sluice::http
