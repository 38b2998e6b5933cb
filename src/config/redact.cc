// Finds the values of credentials in the text of a file by the names before them.

#include "config/redact.h"

#include <algorithm>
#include <optional>
#include <set>

#include "config/diagnostics.h"
#include "config/effective.h"
#include "config/file.h"
#include "config/plugins/known.h"
#include "config/types.h"

namespace sluice::config {
namespace {

/// The names of all settings, and of those that hold credentials.
struct Names {
  std::set<std::string_view> all;
  std::vector<std::string_view> secret;
  std::vector<std::string_view> misspelt;  ///< those among them that others are compared with
};

void collect(const Type* type, std::set<const Type*>& seen, Names& names) {
  while (type != nullptr && type->element != nullptr)
    type = type->element();
  if (type == nullptr || type->kind != TypeKind::object || !seen.insert(type).second) return;
  for (const Field& field : type->fields()) {
    names.all.insert(field.name);
    if (field.constraint.secret &&
        std::ranges::find(names.secret, field.name) == names.secret.end())
      names.secret.push_back(field.name);
    collect(field.type, seen, names);
  }
}

const Names& declared_names() {
  static const Names names = [] {
    Names found;
    std::set<const Type*> seen;
    collect(&type_of<File>(), seen, found);
    for (const KnownPlugin& plugin : known_plugins())
      collect(plugin.settings, seen, found);
    // Every word is near to the one-letter names of JSON Web Keys.
    for (const std::string_view name : found.secret)
      if (name.size() > 3 || name == "key") found.misspelt.push_back(name);
    return found;
  }();
  return names;
}

bool is_name_byte(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_' || letter == '-';
}

std::size_t indentation_of(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

/// Where a quoted text ends, behind its last quote.
std::size_t end_of_quoted(std::string_view line, std::size_t begin) {
  const char quote = line[begin];
  for (std::size_t at = begin + 1; at < line.size(); ++at) {
    // Within single quotes, two of them stand for one.
    const bool is_escape = quote == '"' ? line[at] == '\\' : line.substr(at).starts_with("''");
    if (is_escape)
      ++at;
    else if (line[at] == quote)
      return at + 1;
  }
  return line.size();
}

/// Where a list or map in brackets ends.
std::size_t end_of_brackets(std::string_view line, std::size_t begin) {
  std::size_t depth = 0;
  for (std::size_t at = begin; at < line.size(); ++at) {
    const char letter = line[at];
    if (letter == '"' || letter == '\'') {
      at = end_of_quoted(line, at) - 1;
    } else if (letter == '[' || letter == '{') {
      ++depth;
    } else if ((letter == ']' || letter == '}') && --depth == 0) {
      return at + 1;
    }
  }
  return line.size();
}

std::size_t end_of_plain(std::string_view line, std::size_t begin) {
  const bool in_brackets = line.substr(0, begin).find_first_of("[{") != std::string_view::npos;
  std::size_t end = begin;
  while (end < line.size()) {
    if (in_brackets && (line[end] == ',' || line[end] == '}' || line[end] == ']')) break;
    if (line[end] == '#' && end > begin && line[end - 1] == ' ') break;
    ++end;
  }
  while (end > begin && line[end - 1] == ' ')
    --end;
  return end;
}

/// A name says where a secret is, and is none.
bool is_reference(std::string_view value) {
  if (!value.empty() && (value[0] == '"' || value[0] == '\'')) value.remove_prefix(1);
  return value.starts_with("${{") || value.starts_with("{vault://");
}

/// The value that stands at `begin` of a line.
HiddenRange value_at(std::string_view line, std::size_t begin) {
  const std::string_view value = line.substr(begin);
  if (is_reference(value) || value.empty()) return {begin, begin};
  // The header of a block says nothing about its content.
  if (value[0] == '|' || value[0] == '>') return {begin, begin};
  if (value[0] == '"' || value[0] == '\'') return {begin, end_of_quoted(line, begin)};
  if (value[0] == '[' || value[0] == '{') return {begin, end_of_brackets(line, begin)};
  return {begin, end_of_plain(line, begin)};
}

/// A name before a colon.
struct NamedValue {
  std::string_view name;
  std::size_t value = 0;  ///< where the value begins
};

/// The next name at or behind `from`.
std::optional<NamedValue> next_key(std::string_view line, std::size_t from) {
  for (std::size_t colon = line.find(':', from); colon != std::string_view::npos;
       colon = line.find(':', colon + 1)) {
    std::size_t end = colon;
    while (end > 0 && line[end - 1] == ' ')
      --end;
    const bool is_quoted = end > 0 && (line[end - 1] == '"' || line[end - 1] == '\'');
    const bool is_separated = colon + 1 == line.size() || line[colon + 1] == ' ';
    if (!is_separated && !is_quoted) continue;
    if (is_quoted) --end;
    std::size_t begin = end;
    while (begin > 0 && is_name_byte(line[begin - 1]))
      --begin;
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    return NamedValue{line.substr(begin, end - begin), std::min(value, line.size())};
  }
  return {};
}

/// From the first comparison of a router expression with a credential on; the end of the line where
/// there is none.
std::size_t secret_comparison(std::string_view line) {
  std::size_t begin = line.size();
  for (const std::string_view field : {"http.headers.", "http.queries."})
    for (std::size_t at = line.find(field); at < begin; at = line.find(field, at)) {
      at += field.size();
      const auto end = std::ranges::find_if_not(line.substr(at), is_name_byte);
      const std::string_view name =
          line.substr(at, static_cast<std::size_t>(end - line.begin()) - at);
      at += name.size();
      if (is_credential_name(name)) begin = std::min(begin, line.find_first_of("\"=!~^", at));
    }
  return std::min(begin, line.size());
}

}  // namespace

bool is_secret_name(std::string_view name) {
  const Names& names = declared_names();
  if (std::ranges::find(names.secret, name) != names.secret.end()) return true;
  if (names.all.contains(name)) return false;
  return is_credential_name(name) || !nearest(name, names.misspelt).empty();
}

Redactor::Redactor(std::string_view text) : text_(text), starts_({0}) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    starts_.push_back(at + 1);
}

std::string_view Redactor::line(std::size_t number) const {
  if (number == 0 || number > starts_.size()) return {};
  const std::string_view rest = text_.substr(starts_[number - 1]);
  return rest.substr(0, rest.find_first_of("\r\n"));
}

std::vector<HiddenRange> Redactor::hidden_in(std::size_t number) const {
  const std::string_view shown = line(number);
  if (continues_secret(number)) return {{indentation_of(shown), shown.size()}};
  std::vector<HiddenRange> hidden;
  const std::size_t comparison = secret_comparison(shown);
  for (auto key = next_key(shown, 0); key; key = next_key(shown, key->value)) {
    if (!is_secret_name(key->name)) continue;
    const HiddenRange range = value_at(shown, key->value);
    if (range.end > range.begin && range.end <= comparison) hidden.push_back(range);
    key->value = std::max(key->value, range.end);
  }
  if (comparison < shown.size()) hidden.push_back({comparison, shown.size()});
  return hidden;
}

/// Whether the line belongs to a value that began in a line above it: a block, a list, or a text
/// over several lines.
bool Redactor::continues_secret(std::size_t number) const {
  constexpr std::size_t lines_max = 500;
  const std::string_view shown = line(number);
  std::size_t indentation = indentation_of(shown);
  if (shown.substr(indentation).starts_with('-')) ++indentation;
  for (std::size_t above = number - 1; above > 0 && above + lines_max > number; --above) {
    const std::string_view candidate = line(above);
    const std::size_t begin = indentation_of(candidate);
    const bool is_item = candidate.substr(begin).starts_with("- ");
    if (begin == candidate.size() || candidate[begin] == '#') continue;
    if (begin + (is_item ? 2 : 0) >= indentation) continue;
    std::optional<NamedValue> last;
    for (auto key = next_key(candidate, 0); key; key = next_key(candidate, key->value))
      last = key;
    return last && is_secret_name(last->name);
  }
  return false;
}

std::string Redactor::redacted(std::string message, std::size_t number) const {
  const std::string_view shown = line(number);
  for (const HiddenRange range : hidden_in(number))
    message = hide_quoted(std::move(message), shown.substr(range.begin, range.end - range.begin));
  return message;
}

std::string hide_quoted(std::string message, std::string_view value) {
  for (std::size_t open = message.find('"'); open != std::string::npos;
       open = message.find('"', open)) {
    const std::size_t close = message.find('"', open + 1);
    if (close == std::string::npos) break;
    std::string_view quoted(message.data() + open + 1, close - open - 1);
    if (quoted.ends_with("...")) quoted.remove_suffix(3);
    // Shorter parts of a credential tell nothing, and stand in other words too.
    const bool is_part = quoted.size() > 3 && value.find(quoted) != std::string_view::npos;
    if ((is_part && quoted != "***") || quoted == value) {
      message.replace(open + 1, close - open - 1, "***");
      open += 5;
    } else {
      open = close + 1;
    }
  }
  return message;
}

}  // namespace sluice::config
