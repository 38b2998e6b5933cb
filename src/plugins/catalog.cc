#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

const PluginType* const types[] = {
    &correlation_id,
};

}  // namespace

PluginCatalog catalog() noexcept {
  return types;
}

}  // namespace sluice::plugins
