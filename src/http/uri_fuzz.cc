// Paths: the normal form is its own normal form, holds nothing that climbs, and survives being
// escaped.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/uri.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::http;
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  require(std::string(path_of(target)).append(query_of(target)) == target);

  Headers keeper;
  const auto normal = normalize_path(target, keeper);
  if (!normal) return 0;
  require(normal->starts_with('/') && normal->size() <= size);
  const std::string closed = std::string(*normal) + "/";
  for (const std::string_view part : {"/../", "/./"})
    require(closed.find(part) == std::string::npos);
  require(normal->find("//") == std::string_view::npos &&
          normal->find('\0') == std::string_view::npos);

  const auto again = normalize_path(*normal, keeper);
  require(again.has_value() && *again == *normal);

  const std::string_view escaped = escape_path(*normal, keeper);
  for (const char byte : escaped)
    require(byte > ' ' && byte < 0x7f && byte != '?' && byte != '#');
  require(escape_path(escaped, keeper) == escaped);
  const auto back = normalize_path(escaped, keeper);
  // A raw '?' or '#' comes back as a triplet: path_of() and the parser keep them out of paths.
  if (normal->find_first_of("?#") == std::string_view::npos) require(back && *back == *normal);
  return 0;
}
