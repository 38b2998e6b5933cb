#pragma once
// Where in the file a byte of a text stands: for messages about a language inside a setting.

#include <cstddef>
#include <string_view>

#include "config/node.h"

namespace sluice::config {

/// The place of byte `offset` of `value`, a scalar that begins at `start` in `source` (YAML or
/// JSON, in any of their styles). `start` itself where the way there is not byte for byte, such as
/// in a folded text.
Place place_within(std::string_view source, Place start, std::string_view value,
                   std::size_t offset);

}  // namespace sluice::config
