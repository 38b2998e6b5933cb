#pragma once
// From nested entities and names to flat lists and indices.

#include "config/file.h"
#include "config/load.h"

namespace sluice::config {

/// Takes `file` apart: children move out of their parents, references become indices, ids are
/// derived, and what must be unique is checked. The plugin settings move to a document of their
/// own.
LoadedFile resolve(File file, Diagnostics& diagnostics);

}  // namespace sluice::config
