#pragma once
// The plugins of this build: one line each here and in catalog.cc.

#include "gateway/plugin.h"

namespace sluice::plugins {

extern const PluginType correlation_id;

/// In the order of the documentation.
PluginCatalog catalog() noexcept;

}  // namespace sluice::plugins
