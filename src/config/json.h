#pragma once
// Writing JSON (RFC 8259).

#include <string>
#include <string_view>

#include "config/node.h"

namespace sluice::config {

/// A text with its quotes. Bytes that JSON forbids are escaped; UTF-8 stays as it is.
std::string json_text(std::string_view text);

/// A tree on one line, keys in their order. Numbers that JSON does not know (.inf, .nan) are null.
std::string to_json(const Node& node);

/// Breaks JSON that is on one line into lines with an indentation of two spaces.
std::string indented(std::string_view json);

}  // namespace sluice::config
