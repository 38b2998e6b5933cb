// Expression texts: a problem has a place in the text, and what the index is told holds for every
// request that is admitted.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/router/expression.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = Expression::compile(text);
  if (!expression) {
    require(expression.error().offset <= size && !expression.error().message.empty());
    return 0;
  }
  const Expression::Keys keys = (*expression)->keys();
  http::Headers headers;
  headers.set(http::HeaderId::user_agent, "curl/8.0");
  headers.add(http::HeaderId::accept, "text/html");
  headers.add(http::HeaderId::accept, "a");
  constexpr std::array<std::string_view, 5> hosts = {"", "a", "a.com", "x.a.com", "b.a.com"};
  constexpr std::array<std::string_view, 6> paths = {"/", "/a", "/a/b", "/a/b/c/d", "/1/2", "/b"};
  for (const std::string_view host : hosts) {
    for (const std::string_view path : paths) {
      const Question question{.method = "GET",
                              .host = host,
                              .port = 80,
                              .path = path,
                              .headers = headers,
                              .query = "a=1&a=2&b"};
      PathMatch match;
      if (!(*expression)->admits(question, match)) continue;
      require(match.size <= path.size());
      require(!keys.hosts || std::ranges::any_of(*keys.hosts, [&](const HostPattern& pattern) {
        return pattern.matches(host);
      }));
      require(!keys.paths || std::ranges::any_of(*keys.paths, [&](std::string_view prefix) {
        return path.starts_with(prefix);
      }));
    }
  }
  return 0;
}
