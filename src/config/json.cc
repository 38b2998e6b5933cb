// Writing JSON by hand: three functions do not need a library in every build.

#include "config/json.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>

namespace sluice::config {
namespace {

/// The size of the text with which `json` begins, with both quotes.
std::size_t text_size(std::string_view json) {
  std::size_t at = 1;
  while (at < json.size() && json[at] != '"')
    at += json[at] == '\\' ? 2 : 1;
  return std::min(at + 1, json.size());
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\')
      json += {'\\', letter};
    else if (letter == '\n')
      json += "\\n";
    else if (letter == '\t')
      json += "\\t";
    else if (static_cast<unsigned char>(letter) < 0x20)
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(letter));
    else
      json += letter;
  }
  return json + "\"";
}

std::string to_json(const Node& node) {
  switch (node.kind()) {
    case NodeKind::null:
      return "null";
    case NodeKind::boolean:
      return node.boolean() ? "true" : "false";
    case NodeKind::integer:
      return fmt::format("{}", node.integer());
    case NodeKind::number:
      return std::isfinite(node.number()) ? fmt::format("{}", node.number()) : "null";
    case NodeKind::text:
      return json_text(node.text());
    case NodeKind::list: {
      std::string json = "[";
      for (const Node& item : node.items())
        json += (json.size() > 1 ? ", " : "") + to_json(item);
      return json + "]";
    }
    case NodeKind::map: {
      std::string json = "{";
      for (const Member& member : node.members())
        json +=
            (json.size() > 1 ? ", " : "") + json_text(member.key) + ": " + to_json(member.value);
      return json + "}";
    }
  }
  return "null";
}

std::string indented(std::string_view json) {
  std::string lines;
  std::size_t depth = 0;
  const auto new_line = [&] { lines.append("\n").append(2 * depth, ' '); };
  while (!json.empty()) {
    const std::string_view token = json.substr(0, json[0] == '"' ? text_size(json) : 1);
    json.remove_prefix(token.size());
    const bool opens = token == "{" || token == "[";
    const bool closes = token == "}" || token == "]";
    const bool was_opened = lines.ends_with('{') || lines.ends_with('[');
    if (closes) --depth;
    if (closes ? !was_opened : was_opened) new_line();
    lines += token;
    if (opens) ++depth;
    if (token == ",") {
      new_line();
      if (json.starts_with(' ')) json.remove_prefix(1);
    }
  }
  return lines + "\n";
}

}  // namespace sluice::config
