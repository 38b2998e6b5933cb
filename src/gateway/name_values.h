#pragma once
// `name:value` and `old:new`: how Kong's transformers write what they change.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct NameValue {
  std::string name;
  std::string value;
};

/// At the first colon; without one all of it is the name. Nothing is trimmed.
NameValue split_name_value(std::string_view text);

/// Whether a name and a colon stand there; the value may be empty.
bool is_name_value(std::string_view text) noexcept;

/// The same for a header field that a plugin may set: framing and hop-by-hop fields belong to the
/// gateway.
bool is_field_name_value(std::string_view text);
/// `old:new`, both such names.
bool is_field_rename(std::string_view text);

inline constexpr std::string_view name_value_form = "be `name:value`";
inline constexpr std::string_view field_form =
    "be `name:value` with the name of a header field that is not the gateway's own, and a value "
    "without control characters";
inline constexpr std::string_view field_rename_form =
    "be `old:new`, names of header fields that are not the gateway's own";

/// `text` with an upper-case triplet for each byte that is in none of these byte classes.
std::string escaped(std::string_view text, std::uint8_t classes);

/// `text` as the value of a field: each byte that none may hold as a triplet, as Kong
/// (lua-nginx-module) writes it. Nothing that a client sends can end the field.
std::string field_value(std::string_view text);

/// `text` as the value of an argument: it ends none and begins none. Triplets stay, as in a path.
std::string query_value(std::string_view text);

std::vector<NameValue> split_all(const std::vector<std::string>& texts);

}  // namespace sluice
