#include "http/uri.h"

#include <cstring>

#include "http/text.h"

namespace sluice::http {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

char* write_triplet(char* to, unsigned byte) noexcept {
  to[0] = '%';
  to[1] = hex_digits[byte >> 4];
  to[2] = hex_digits[byte & 0xf];
  return to + 3;
}

/// Whether there is nothing to do; may be wrong with paths like "/.well-known", which only take
/// longer.
bool is_plainly_normal(std::string_view path) noexcept {
  const char* at = path.data();
  const char* end = at + path.size();
  bool after_slash = false;
  for (; static_cast<std::size_t>(end - at) >= scan_bytes; at += scan_bytes) {
    const unsigned slashes = equal_mask(at, '/');
    const unsigned behind_slashes = slashes << 1 | (after_slash ? 1U : 0U);
    const unsigned wrong = equal_mask(at, '%') | equal_mask(at, 0) |
                           ((slashes | equal_mask(at, '.')) & behind_slashes);
    if (wrong != 0) return false;
    after_slash = (slashes >> (scan_bytes - 1)) != 0;
  }
  for (; at != end; ++at) {
    if (*at == '%' || *at == 0) return false;
    if (after_slash && (*at == '/' || *at == '.')) return false;
    after_slash = *at == '/';
  }
  return true;
}

/// Writes the decoded `path` to `to`, which has room for it, and returns its end; null for a
/// malformed triplet or NUL.
char* decode(std::string_view path, char* to) noexcept {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      if (path[i] == 0) return nullptr;
      *to++ = path[i];
      continue;
    }
    if (path.size() - i < 3 || !is(path[i + 1], byte_class::hex) ||
        !is(path[i + 2], byte_class::hex))
      return nullptr;
    const unsigned byte = hex_value(path[i + 1]) << 4 | hex_value(path[i + 2]);
    if (byte == 0) return nullptr;
    if (is(static_cast<char>(byte), byte_class::reserved))
      to = write_triplet(to, byte);
    else
      *to++ = static_cast<char>(byte);
    i += 2;
  }
  return to;
}

/// Removes empty and dot segments of [begin, end) in place (RFC 3986 §5.2.4), and returns the new
/// end.
char* remove_segments(char* begin, char* end) noexcept {
  char* to = begin;  // behind the last segment that stays, where its '/' would be
  const char* at = begin;
  bool is_directory = false;
  while (at != end) {
    const char* segment = at + 1;
    const auto* stop = static_cast<const char*>(
        std::memchr(segment, '/', static_cast<std::size_t>(end - segment)));
    if (stop == nullptr) stop = end;
    const std::string_view name(segment, static_cast<std::size_t>(stop - segment));
    is_directory = name.empty() || name == "." || name == "..";
    if (name == "..") {
      while (to != begin && *--to != '/') {
      }
    } else if (!is_directory) {
      *to++ = '/';
      std::memmove(to, segment, name.size());
      to += name.size();
    }
    at = stop;
  }
  // "/a/", "/a/." and "/a/b/.." end in a slash.
  if (is_directory) *to++ = '/';
  return to;
}

}  // namespace

Result<std::string_view> normalize_path(std::string_view path, Headers& keeper) {
  if (!path.starts_with('/')) return fail(ErrorCode::bad_request, "the path does not start with /");
  if (is_plainly_normal(path)) return path;
  char* begin = keeper.reserve(path.size());
  char* end = decode(path, begin);
  if (end == nullptr) return fail(ErrorCode::bad_request, "a malformed triplet or NUL in the path");
  end = remove_segments(begin, end);
  return std::string_view(begin, static_cast<std::size_t>(end - begin));
}

std::string_view escape_path(std::string_view normalized, Headers& keeper) {
  if (all_are(normalized, byte_class::path)) return normalized;
  std::size_t foreign = 0;
  for (const char byte : normalized)
    if (!is(byte, byte_class::path)) ++foreign;
  const std::size_t size = normalized.size() + 2 * foreign;
  char* begin = keeper.reserve(size);
  char* to = begin;
  for (const char byte : normalized) {
    if (is(byte, byte_class::path))
      *to++ = byte;
    else
      to = write_triplet(to, static_cast<unsigned char>(byte));
  }
  return {begin, size};
}

}  // namespace sluice::http
