#pragma once
// What a file says about its entities in one place, written into each of them before they are read:
// decK's defaults, and the form of paths before version 3.0.

#include "config/diagnostics.h"
#include "config/node.h"

namespace sluice::config {

/// Applies `_info.defaults` and, below `_format_version` 3.0, marks regular expressions among paths
/// with `~` as Kong's own migration does. Leaves a tree that needs neither as it is.
void prepare(Document& document);

}  // namespace sluice::config
