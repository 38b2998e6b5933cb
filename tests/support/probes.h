#pragma once
// The attack vectors of tests/vectors (README.md there) as bytes, for whoever sends or parses them.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/text.h"

namespace sluice::testing {

/// The rows of a tab-separated file of tests/vectors below `source_dir`, without its first line;
/// none when it cannot be read.
inline std::vector<std::vector<std::string>> vector_table(const std::string& source_dir,
                                                          const std::string& name) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream file(source_dir + "/tests/vectors/" + name);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> columns(1);
    for (const char byte : line)
      if (byte == '\t')
        columns.emplace_back();
      else
        columns.back() += byte;
    rows.push_back(std::move(columns));
  }
  return rows;
}

inline std::string unescaped(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (text[0] != '\\' || text.size() < 2) {
      bytes += text[0];
      text.remove_prefix(1);
      continue;
    }
    const char kind = text[1];
    std::size_t used = 2;
    if (kind == 'x') {
      bytes += static_cast<char>(http::hex_value(text[2]) << 4 | http::hex_value(text[3]));
      used = 4;
    } else {
      bytes += kind == 'r'   ? '\r'
               : kind == 'n' ? '\n'
               : kind == 't' ? '\t'
               : kind == '0' ? '\0'
                             : kind;
    }
    text.remove_prefix(used);
  }
  return bytes;
}

namespace detail {

inline bool replace(std::string& text, std::string_view what, const std::string& by) {
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return at != std::string::npos;
}

inline std::string repeated(int count, auto&& element) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += element(i);
  return text;
}

}  // namespace detail

/// A row's payload in bytes: <...> stands for what is generated, " ## " for the next write. A `<`
/// that is left means that a placeholder is not known here.
inline std::string probe_bytes(std::string text) {
  using detail::repeated;
  using detail::replace;
  if (text == "<connect, send nothing>") return "";
  if (text == "<256 pseudo-random bytes>") {
    std::uint32_t seed = 42;
    return repeated(
        256, [&](int) { return static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24); });
  }
  const std::string_view smuggled_mark = "  (S = ";
  if (const std::size_t at = text.find(smuggled_mark); at != std::string::npos) {
    std::string smuggled = text.substr(at + smuggled_mark.size());
    smuggled.pop_back();
    text.resize(at);
    replace(smuggled, "<small>", "5");
    char hex[16];
    std::snprintf(hex, sizeof hex, "%zx", unescaped(smuggled).size());
    replace(text, "<hex(len(S))>", hex);
    replace(text, "<len(hex)+2>", std::to_string(std::string_view(hex).size() + 2));
    replace(text, "\\r\\nS\\r\\n", "\\r\\n" + smuggled + "\\r\\n");
  }
  replace(text, "<100 KB>", std::string(100 * 1024, 'A'));
  replace(text, "<64 KB>", std::string(64 * 1024, 'A'));
  replace(text, "<8000 B>", std::string(8000, 'A'));
  replace(text, "<200 x A>", std::string(200, 'A'));
  replace(text, "<1000 overlapping>",
          repeated(1000, [](int i) { return (i ? "," : "") + std::to_string(i) + "-"; }));
  replace(text, "<1000 pairs>",
          repeated(1000, [](int i) { return "k" + std::to_string(i) + "=v; "; }) + "end=v");
  replace(text, "<X-H-0..9999: value\\r\\n>",
          repeated(10000, [](int i) { return "X-H-" + std::to_string(i) + ": value\\r\\n"; }));

  const std::string first = text.substr(0, text.find(" ## "));
  const std::string head_end = "\\r\\n\\r\\n";
  if (const std::size_t body = first.find(head_end); body != std::string::npos) {
    const std::string size = std::to_string(unescaped(first.substr(body + head_end.size())).size());
    if (!replace(text, "<len(body)>", size)) replace(text, "<len(prefix)>", size);
  }
  replace(text, " ## ", "");
  return unescaped(text);
}

}  // namespace sluice::testing
