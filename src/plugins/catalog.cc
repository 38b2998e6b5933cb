#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

const PluginType* const types[] = {
    &bot_detection,
    &correlation_id,
    &cors,
    &ip_restriction,
    &key_auth,
    &redirect,
    &request_size_limiting,
    &request_termination,
    &request_transformer,
    &response_transformer,
    &route_by_header,
};

}  // namespace

PluginCatalog catalog() noexcept {
  return types;
}

}  // namespace sluice::plugins
