#pragma once
// What a word without quotes means: the core schema of YAML 1.2 (chapter 10.3), of which JSON's
// literals are a part.

#include <cstddef>
#include <string_view>

#include "config/node.h"

namespace sluice::config {

/// null, a boolean, a number, or else a text. A whole number that no 64 bits hold is a double.
Node plain_scalar(Document& document, std::string_view text, Place place);

/// The offset of the first byte that is not UTF-8 text (RFC 3629), or is a control character that
/// YAML 1.2 (5.1) forbids; the size of the text where there is none.
std::size_t first_unreadable_byte(std::string_view text) noexcept;

/// The offset of the bracket that opens the level after `depth` within one line, texts in double
/// quotes apart; the size of the text where none does. libfyaml reads a whole line of brackets
/// before it reports the first.
std::size_t first_too_deep_bracket(std::string_view text, std::size_t depth) noexcept;

}  // namespace sluice::config
