// Writing JSON by hand: three functions do not need a library in every build.

#include "config/json.h"

#include <cmath>

#include <fmt/format.h>

namespace sluice::config {

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
  bool in_text = false;
  const auto new_line = [&] {
    lines += '\n';
    lines.append(2 * depth, ' ');
  };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char letter = json[i];
    if (in_text) {
      lines += letter;
      if (letter == '\\' && i + 1 < json.size())
        lines += json[++i];
      else if (letter == '"')
        in_text = false;
      continue;
    }
    const char next = i + 1 < json.size() ? json[i + 1] : '\0';
    if (letter == '{' || letter == '[') {
      lines += letter;
      if (next == '}' || next == ']') continue;
      ++depth;
      new_line();
    } else if (letter == '}' || letter == ']') {
      const bool is_empty = !lines.empty() && (lines.back() == '{' || lines.back() == '[');
      if (!is_empty) {
        --depth;
        new_line();
      }
      lines += letter;
    } else if (letter == ',') {
      lines += letter;
      new_line();
      if (next == ' ') ++i;
    } else {
      lines += letter;
      in_text = letter == '"';
    }
  }
  return lines + "\n";
}

}  // namespace sluice::config
