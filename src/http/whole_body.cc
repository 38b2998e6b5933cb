#include "http/whole_body.h"

#include <algorithm>

namespace sluice::http {

Task<Result<Chunk>> read_whole(Body& body, std::size_t limit) {
  const std::uint64_t length = body.length().value_or(0);
  if (length > limit)
    co_return fail(ErrorCode::payload_too_large, "a body that a plugin has to read whole");
  // Copied, since each byte of a slow sender would hold a whole block otherwise.
  Chunk whole = Chunk::with_room(std::max<std::size_t>(length, 1024));
  for (;;) {
    CO_TRY(const Chunk piece, co_await body.read());
    if (piece.empty()) break;
    const std::size_t size = whole.size() + piece.size();
    if (size > limit)
      co_return fail(ErrorCode::payload_too_large, "a body that a plugin has to read whole");
    if (whole.room().size() < piece.size()) {
      Chunk larger = Chunk::with_room(std::max(size, 2 * whole.size()));
      larger.append(whole.text());
      whole = std::move(larger);
    }
    whole.append(piece.text());
  }
  co_return whole;
}

}  // namespace sluice::http
