#pragma once
// A strict reader of JSON (RFC 8259) for the lines of the access log, independent of the writer it
// checks.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sim {

/// Path such as "response.status" to the value's text: strings as they stand between their quotes.
/// Lists count as one value. Empty when the text is not one JSON object in well-formed UTF-8.
std::optional<std::map<std::string, std::string>> read_json(std::string_view text);

}  // namespace sluice::sim
