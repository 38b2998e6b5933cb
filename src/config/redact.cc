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
  /// Lists of objects that hold credentials, and what is a credential here and an object elsewhere.
  std::set<std::string_view> holders;
  std::set<std::string_view> objects;
  std::set<std::string_view> others;  ///< what is something else than a list of such objects
};

void collect(const Type* type, std::set<const Type*>& seen, Names& names) {
  while (type != nullptr && type->element != nullptr)
    type = type->element();
  if (type == nullptr || type->kind != TypeKind::object || !seen.insert(type).second) return;
  for (const Field& field : type->fields()) {
    names.all.insert(field.name);
    if (field.type != nullptr && field.type->kind == TypeKind::object)
      names.objects.insert(field.name);
    if (field.constraint.secret &&
        std::ranges::find(names.secret, field.name) == names.secret.end())
      names.secret.push_back(field.name);
    const bool is_holder =
        field.type != nullptr && field.type->kind == TypeKind::list && holds_secret(*field.type);
    (is_holder ? names.holders : names.others).insert(field.name);
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
    // ca_certificates of services are ids.
    std::erase_if(found.holders, [&](auto name) { return found.others.contains(name); });
    std::erase_if(found.secret, [&](std::string_view name) {
      if (found.objects.contains(name)) found.holders.insert(name);
      return found.objects.contains(name);
    });
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

std::size_t end_of_reference(std::string_view line, std::size_t begin) {
  if (line[begin] == '"' || line[begin] == '\'') return end_of_quoted(line, begin);
  const std::string_view closing = line[begin] == '$' ? "}}" : "}";
  const std::size_t end = line.find(closing, begin);
  return end == std::string_view::npos ? line.size() : end + closing.size();
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

/// The credential of `Authorization:Bearer x`, as transformers have it, behind the colon; `from` is
/// where the colon is looked for.
HiddenRange next_named_text(std::string_view line, std::size_t from) {
  for (std::size_t colon = line.find(':', from); colon != std::string_view::npos;
       colon = line.find(':', colon + 1)) {
    std::size_t begin = colon;
    while (begin > from && is_name_byte(line[begin - 1]))
      --begin;
    if (!is_credential_name(line.substr(begin, colon - begin))) continue;
    if (is_reference(line.substr(colon + 1))) continue;
    const char before = begin == 0 ? ' ' : line[begin - 1];
    if (before == '"' || before == '\'') {
      const std::size_t end = end_of_quoted(line, begin - 1);
      const bool is_closed = end > colon + 1 && line[end - 1] == before;
      if (end > colon + 1) return {colon + 1, end - (is_closed ? 1 : 0)};
    } else if (before == ' ' || before == '[' || before == ',') {
      const std::size_t end = end_of_plain(line, colon + 1);
      if (end > colon + 1 && line[colon + 1] != ' ') return {colon + 1, end};
    }
  }
  return {line.size(), line.size()};
}

/// The scalars of a list of credentials, from its first element on: they are credentials where maps
/// were meant.
void hide_elements(std::string_view line, std::size_t at, std::vector<HiddenRange>& hidden) {
  while (at < line.size() && line[at] != ']' && line[at] != '#') {
    std::size_t end = at + 1;
    const std::string_view rest = line.substr(at);
    if (rest[0] != ' ' && rest[0] != ',') {
      const bool is_map = rest[0] == '{';
      if (is_reference(rest)) {
        end = end_of_reference(line, at);
      } else {
        end = is_map ? end_of_brackets(line, at) : value_at(line, at).end;
        if (end == at) return;
        if (!is_map || !line.substr(at, end - at).contains(':')) hidden.push_back({at, end});
      }
    }
    at = end;
  }
}

/// Whether a line has a name and a colon at `begin`.
bool has_key_at(std::string_view line, std::size_t begin) {
  if (begin >= line.size()) return false;
  if (line.substr(begin).starts_with("<<:")) return true;
  const auto key = next_key(line, begin);
  if (!key || key->name.empty()) return false;
  const auto at = static_cast<std::size_t>(key->name.data() - line.data());
  return at == begin || (at == begin + 1 && (line[begin] == '"' || line[begin] == '\''));
}

/// In order and apart from each other.
void merge(std::vector<HiddenRange>& ranges) {
  std::ranges::sort(ranges, {}, &HiddenRange::begin);
  std::vector<HiddenRange> merged;
  for (const HiddenRange range : ranges) {
    if (range.begin == range.end) continue;
    if (merged.empty() || range.begin > merged.back().end)
      merged.push_back(range);
    else
      merged.back().end = std::max(merged.back().end, range.end);
  }
  ranges = std::move(merged);
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

bool is_holder_name(std::string_view name) {
  return declared_names().holders.contains(name);
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
  constexpr std::size_t levels_max = 8;
  const std::string_view shown = line(number);
  const Context context = context_of(number, levels_max);
  const std::size_t start = indentation_of(shown);
  if (context == Context::secret) return {{start, shown.size()}};
  std::vector<HiddenRange> hidden = userinfo_in(shown);
  if (context == Context::holder) {
    const bool is_item = shown.substr(start).starts_with("- ");
    const std::size_t begin = is_item ? shown.find_first_not_of(' ', start + 1) : start;
    if (begin < shown.size() && shown.substr(start) != "-" && !has_key_at(shown, begin))
      hide_elements(shown, begin, hidden);
  }
  const std::size_t comparison = secret_comparison(shown);
  for (auto key = next_key(shown, 0); key; key = next_key(shown, key->value)) {
    const std::string_view value = shown.substr(key->value);
    if (is_holder_name(key->name)) {
      if (value.starts_with('{') && !is_reference(value)) {
        // What has names that no setting has is no object, but a credential that was meant.
        const auto first = next_key(shown, key->value);
        if (first && declared_names().all.contains(first->name)) continue;
      }
      if (value.starts_with('['))
        hide_elements(shown, key->value + 1, hidden);
      else
        hidden.push_back(value_at(shown, key->value));
    }
    if (!is_secret_name(key->name)) continue;
    const HiddenRange range = value_at(shown, key->value);
    if (range.end > range.begin && range.end <= comparison) hidden.push_back(range);
    key->value = std::max(key->value, range.end);
  }
  for (HiddenRange text = next_named_text(shown, 0); text.begin < shown.size();
       text = next_named_text(shown, text.end))
    hidden.push_back(text);
  if (comparison < shown.size()) hidden.push_back({comparison, shown.size()});
  merge(hidden);
  return hidden;
}

/// What stands below a line that ends with that name and value.
Redactor::Context Redactor::context_behind(std::string_view name, std::string_view value) {
  if (is_secret_name(name)) return Context::secret;
  if (!is_holder_name(name)) return Context::none;
  return value.find_first_of("|>\"'") == 0 ? Context::secret : Context::holder;
}

/// What stands below an item, without a name, of a list of credentials.
Redactor::Context Redactor::context_in_item(std::string_view line, std::size_t begin) {
  const std::size_t content = line.find_first_not_of("- ", begin);
  if (content == std::string_view::npos || line[content] == '[') return Context::holder;
  return line[content] == '{' ? Context::none : Context::secret;
}

/// What the line belongs to that began in a line above it: a block, a list, or a text over several
/// lines.
Redactor::Context Redactor::context_of(  // NOLINT(misc-no-recursion): `levels` bounds it
    std::size_t number, std::size_t levels) const {
  constexpr std::size_t lines_max = 500;
  const std::string_view shown = line(number);
  std::size_t indentation = indentation_of(shown);
  if (shown.substr(indentation).starts_with('-')) ++indentation;
  for (std::size_t above = number - 1; above > 0 && above + lines_max > number; --above) {
    const std::string_view candidate = line(above);
    const std::size_t begin = indentation_of(candidate);
    const bool is_item = candidate.substr(begin).starts_with("- ");
    if (begin == candidate.size() || candidate[begin] == '#') continue;
    // Names of one map stand below each other; what follows an item without a name is part of it.
    const std::size_t own = !is_item && candidate != "-"       ? 0
                            : has_key_at(candidate, begin + 2) ? 2
                                                               : 1;
    if (begin + own >= indentation) {
      // What is above the item that the line is in can only be around that item.
      if (own > 0) indentation = std::min(indentation, begin + 1);
      continue;
    }
    std::optional<NamedValue> last;
    for (auto key = next_key(candidate, 0); key; key = next_key(candidate, key->value))
      last = key;
    if (last) return context_behind(last->name, candidate.substr(last->value));
    const Context around = levels == 0 ? Context::secret : context_of(above, levels - 1);
    return around == Context::holder ? context_in_item(candidate, begin) : around;
  }
  return Context::none;
}

std::string Redactor::redacted(std::string message, std::size_t number) const {
  const std::string_view shown = line(number);
  for (const HiddenRange range : hidden_in(number))
    message = hide_quoted(std::move(message), shown.substr(range.begin, range.end - range.begin));
  return message;
}

bool holds_secret(const Type& type) {
  if (type.kind == TypeKind::list) return holds_secret(*type.element());
  return type.kind == TypeKind::object &&
         std::ranges::any_of(type.fields(), [](auto& field) { return field.constraint.secret; });
}

std::vector<HiddenRange> userinfo_in(std::string_view text) {
  std::vector<HiddenRange> hidden;
  for (std::size_t colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    // JSON may escape slashes.
    const std::string_view rest = text.substr(colon + 1);
    const std::size_t slashes = rest.starts_with("//") ? 2 : rest.starts_with("\\/\\/") ? 4 : 0;
    if (slashes == 0) continue;
    const std::size_t begin = colon + 1 + slashes;
    const std::string_view url = text.substr(begin, text.find_first_of(" \t\"", begin) - begin);
    std::string_view authority = url.substr(0, url.find_first_of("/?#\\"));
    // What should be escaped in a password ends the authority; a port has only digits.
    const std::string_view port = authority.substr(std::min(authority.find(':'), authority.size()));
    if (!authority.contains('@') && !authority.starts_with('[') &&
        port.find_first_not_of(":0123456789") != std::string_view::npos)
      authority = url;
    if (const std::size_t end = authority.rfind('@'); end != std::string_view::npos && end > 0)
      hidden.push_back({begin, begin + end});
  }
  return hidden;
}

std::string hide_quoted(std::string message, std::string_view value) {
  const std::string shown = without_credential(value);
  std::string_view inner = value;
  if (inner.size() > 2 && (inner[0] == '"' || inner[0] == '\'') && inner.back() == inner[0])
    inner = inner.substr(1, inner.size() - 2);
  for (std::size_t open = message.find('"'); open != std::string::npos;
       open = message.find('"', open)) {
    const std::size_t close = message.find('"', open + 1);
    if (close == std::string::npos) break;
    std::string_view quoted(message.data() + open + 1, close - open - 1);
    if (quoted.ends_with("...")) quoted.remove_suffix(3);
    // Shorter parts of a credential tell nothing, and stand in other words too.
    const bool is_part =
        quoted.size() > 3 && (value.contains(quoted) || std::string_view(shown).contains(quoted));
    const bool holds_it = inner.size() > 5 && quoted.contains(inner);
    if ((is_part && quoted != "***") || quoted == inner || holds_it) {
      message.replace(open + 1, close - open - 1, "***");
      open += 5;
    } else {
      open = close + 1;
    }
  }
  return message;
}

}  // namespace sluice::config
