#include "config/text_place.h"

#include <algorithm>

namespace sluice::config {
namespace {

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// What is left of the source from a place on; empty where there is no such place.
std::string_view source_from(std::string_view source, Place place) {
  for (std::uint32_t line = 1; line < place.line; ++line) {
    const std::size_t end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  for (std::uint32_t column = 1; column < place.column && !source.empty(); ++column) {
    source.remove_prefix(1);
    while (!source.empty() && continues_character(source.front()))
      source.remove_prefix(1);
  }
  return source;
}

/// How many bytes of the source one byte of a quoted value takes; 0 where the two do not agree.
std::size_t step_in_quotes(std::string_view source, char byte, char quote) {
  if (quote == '\'' && byte == '\'') return source.starts_with("''") ? 2 : 0;
  if (quote == '"' && source.starts_with('\\')) {
    constexpr std::string_view written = "\"\\/nrt", meant = "\"\\/\n\r\t";
    const std::size_t known = source.size() > 1 ? written.find(source[1]) : std::string_view::npos;
    return known != std::string_view::npos && meant[known] == byte ? 2 : 0;
  }
  return source.starts_with(byte) && byte != '\n' ? 1 : 0;
}

/// In a literal block each line of the value is a line of the file, behind the same indentation.
/// The block's place is where its first line begins.
Place place_in_block(std::string_view source, Place start, std::string_view before) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(before, '\n'));
  for (std::size_t line = 0; line < lines; ++line)
    source.remove_prefix(std::min(source.find('\n'), source.size() - 1) + 1);
  const std::size_t indentation = std::min(source.find_first_not_of(' '), source.size());
  const std::size_t line_end = before.rfind('\n');
  const std::string_view last =
      line_end == std::string_view::npos ? before : before.substr(line_end + 1);
  // What a deeper line has of indentation is part of the value.
  const std::size_t own = lines == 0 ? 0 : std::min(last.find_first_not_of(' '), last.size());
  const auto characters =
      std::ranges::count_if(last, [](char byte) { return !continues_character(byte); });
  return {start.line + static_cast<std::uint32_t>(lines),
          static_cast<std::uint32_t>(indentation - std::min(own, indentation)) +
              static_cast<std::uint32_t>(characters) + 1};
}

/// Whether the source at a place is the first line of a literal block.
bool is_block(std::string_view source, Place start, std::string_view value) {
  if (start.column != 1 || !source.starts_with(' ')) return false;
  source.remove_prefix(std::min(source.find_first_not_of(' '), source.size()));
  return source.starts_with(value.substr(0, value.find('\n')));
}

}  // namespace

Place place_within(std::string_view source, Place start, std::string_view value,
                   std::size_t offset) {
  std::string_view rest = source_from(source, start);
  const std::string_view before = value.substr(0, std::min(offset, value.size()));
  if (rest.empty()) return start;
  const char first = rest.front();
  if (is_block(rest, start, value)) return place_in_block(rest, start, before);
  Place place = start;
  const bool is_quoted = first == '"' || first == '\'';
  if (is_quoted) {
    rest.remove_prefix(1);
    ++place.column;
  }
  for (const char byte : before) {
    const std::size_t step = step_in_quotes(rest, byte, is_quoted ? first : ' ');
    if (step == 0) return start;
    rest.remove_prefix(step);
    if (!continues_character(byte)) place.column += static_cast<std::uint32_t>(step);
  }
  return place;
}

}  // namespace sluice::config
