#pragma once
// The JSON Schema of a configuration file, for editors: generated from the same declarations that
// read it.

#include <string>

namespace sluice::config {

/// Draft 2020-12, indented. Rules between fields and the forms of single texts are in descriptions
/// only.
std::string schema_text();

}  // namespace sluice::config
