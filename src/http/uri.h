#pragma once
// Request targets: their parts, and the one form of a path that routing, plugins and the upstream
// see.

#include <string_view>

#include "base/error.h"
#include "http/headers.h"

namespace sluice::http {

/// The path of an origin-form target: all before the first '?'.
constexpr std::string_view path_of(std::string_view target) noexcept {
  return target.substr(0, target.find('?'));
}

/// The query of an origin-form target with its '?', so that an empty query differs from none; empty
/// where there is none.
constexpr std::string_view query_of(std::string_view target) noexcept {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark);
}

/// Kong's normal form of a path for matching (RFC 3986 §6.2.2): percent triplets are decoded, but
/// for those of RFC 3986's reserved characters and of '%', which keep upper-case hex digits; then
/// dot segments are removed and "//" is merged. The result starts with '/', holds neither "//" nor
/// a dot segment, and is its own normal form. It may hold any byte but NUL. Returns `path` itself
/// when it is normal already; else a text that lives as long as `keeper`. Error(bad_request) for a
/// path that does not start with '/', for a malformed triplet ("%zz", "%4") and for NUL, also as
/// %00.
Result<std::string_view> normalize_path(std::string_view path, Headers& keeper);

/// A normal path for a request line: each byte that RFC 3986 does not allow in a path, other than
/// '[' and ']', as an upper-case triplet. Its normal form is `normalized` again. Returns
/// `normalized` itself when there is nothing to escape; else a text that lives as long as `keeper`.
std::string_view escape_path(std::string_view normalized, Headers& keeper);

}  // namespace sluice::http
