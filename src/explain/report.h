#pragma once
// An explanation for people and for programs. The JSON's shape is described in
// docs/guide/explain.md.

#include <string>
#include <string_view>

#include "explain/explain.h"

namespace sluice::explain {

/// `file` is what places refer to.
std::string to_text(const Explanation& explanation, std::string_view file);
/// On several lines.
std::string to_json(const Explanation& explanation, std::string_view file);

/// "kong.yaml:12:5"; empty where the thing stands nowhere.
std::string place_text(std::string_view file, config::Place place);

/// A text of the file or of a peer for a terminal: control bytes as \xNN.
std::string printable(std::string_view text);

}  // namespace sluice::explain
