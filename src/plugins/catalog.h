#pragma once
// The plugins of this build: one line each here and in catalog.cc.

#include "gateway/plugin.h"

namespace sluice::plugins {

extern const PluginType bot_detection;
extern const PluginType correlation_id;
extern const PluginType cors;
extern const PluginType ip_restriction;
extern const PluginType key_auth;
extern const PluginType redirect;
extern const PluginType request_size_limiting;
extern const PluginType request_termination;
extern const PluginType request_transformer;
extern const PluginType response_transformer;
extern const PluginType route_by_header;

/// In the order of the documentation.
PluginCatalog catalog() noexcept;

}  // namespace sluice::plugins
