#pragma once
// Forwarded (RFC 7239): who each proxy on the way was asked by.

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::http {

/// A line with more elements is malformed.
inline constexpr std::size_t forwarded_elements_max = 256;

/// The address in `for` of each element of a line, in its order, without port and brackets; "" for
/// an element whose address nobody can know: without `for` or with two, `unknown`, obfuscated
/// (RFC 7239 §6.3), or no address in form. Texts are part of `line`. Nothing where the line is
/// malformed, since then nobody knows where an element ends.
std::optional<std::vector<std::string_view>> forwarded_for(std::string_view line);

}  // namespace sluice::http
