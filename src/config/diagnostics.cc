// Renders what is wrong with a configuration, and guesses what was meant.

#include "config/diagnostics.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "config/effective.h"
#include "config/json.h"
#include "config/redact.h"
#include "config/scalar.h"

namespace sluice::config {
namespace {

constexpr std::size_t shown_bytes_max = 60;
constexpr std::size_t line_bytes_max = 160;

/// Cuts at a limit, but never inside a UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80)
    --limit;
  return text.substr(0, limit);
}

std::string printable(std::string_view text) {
  std::string shown;
  for (const char letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F)
      fmt::format_to(std::back_inserter(shown), "\\x{:02x}", static_cast<unsigned>(letter) & 0xFFU);
    else
      shown += letter;
  }
  return shown;
}

/// The line and a caret under the column; nothing where the place is not in the file. Stars stand
/// for what is hidden.
std::string excerpt(const Redactor& redactor, const Diagnostic& diagnostic) {
  const Place place = diagnostic.place;
  const std::string_view line = redactor.line(place.line);
  if (line.empty()) return {};
  const std::vector<HiddenRange> hidden = redactor.hidden_in(place.line);
  auto range = hidden.begin();
  std::string shown;
  std::string caret;
  std::uint32_t column = 0;
  std::string_view visible = cut(line, line_bytes_max);
  // Of a file that is no text nothing behind the place where that shows: a terminal or a log gets
  // no byte that is not UTF-8.
  visible = visible.substr(0, first_unreadable_byte(visible));
  for (std::size_t at = 0; at < visible.size(); ++at) {
    const char letter = visible[at];
    const bool begins = (static_cast<unsigned char>(letter) & 0xC0) != 0x80;
    if (begins && ++column > diagnostic.shown_columns && diagnostic.shown_columns > 0) break;
    while (range != hidden.end() && at >= range->end)
      ++range;
    const bool is_hidden = range != hidden.end() && at >= range->begin;
    if (is_hidden && at == range->begin) {
      shown += "***";
      if (place.column > column + (range->end - range->begin)) caret += "   ";
    }
    if (is_hidden) continue;
    const bool is_control = static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
    shown += is_control && letter != '\t' ? '?' : letter;
    if (begins && column < place.column) caret += letter == '\t' ? '\t' : ' ';
  }
  // The end of the line has a column too, one behind its last character.
  const bool is_visible = column + 1 >= place.column;
  return fmt::format("  {}\n{}", shown, is_visible ? fmt::format("  {}^\n", caret) : "");
}

/// Edits between two words, with a swap of neighbours as one edit (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

std::string Path::text() const {
  std::string start = parent_ == nullptr ? std::string() : parent_->text();
  if (is_index_) return fmt::format("{}[{}]", start, index_);
  if (key_.empty()) return start;
  const std::string key = printable(cut(key_, parent_ == nullptr ? key_.size() : shown_bytes_max));
  return start.empty() ? key : fmt::format("{}.{}", start, key);
}

void Diagnostics::add(Severity severity, Place place, const Path& path, std::string message) {
  if (severity == Severity::error) ++errors_;
  if (!is_full())
    for (const std::string& value : concealed_)
      message = hide_quoted(std::move(message), value);
  // What several entities take from one place is wrong once.
  if (place.line != 0 && std::ranges::any_of(diagnostics_, [&](const Diagnostic& each) {
        return each.place == place && each.severity == severity && each.message == message;
      }))
    return;
  if (is_full()) {
    ++dropped_;
    return;
  }
  diagnostics_.push_back({severity, place, path.text(), std::move(message)});
}

void Diagnostics::conceal(std::string value) {
  if (!value.empty()) concealed_.push_back(std::move(value));
}

void Diagnostics::settle(Place place) {
  settled_.push_back(place);
}

void Diagnostics::error(Place place, const Path& path, std::string message) {
  if (std::ranges::find(settled_, place) != settled_.end()) return;
  add(Severity::error, place, path, std::move(message));
}

void Diagnostics::warning(Place place, const Path& path, std::string message) {
  add(Severity::warning, place, path, std::move(message));
}

void Diagnostics::unsupported(Place place, const Path& path, std::string message) {
  add(allow_unsupported_ ? Severity::warning : Severity::error, place, path, std::move(message));
}

void Diagnostics::unsupported_field(Place key, const Path& path, std::string_view name) {
  const std::size_t before = diagnostics_.size();
  unsupported(key, path, fmt::format("field {} is not supported yet", in_quotes(name)));
  if (diagnostics_.size() > before)
    diagnostics_.back().shown_columns = key.column + static_cast<std::uint32_t>(name.size());
}

std::vector<const Diagnostic*> Diagnostics::ordered() const {
  std::vector<const Diagnostic*> list;
  list.reserve(diagnostics_.size());
  for (const Diagnostic& diagnostic : diagnostics_)
    list.push_back(&diagnostic);
  std::ranges::sort(list, {}, [](const Diagnostic* diagnostic) {
    return std::tuple(diagnostic->place.line, diagnostic->place.column, diagnostic);
  });
  return list;
}

std::string Diagnostics::headline(const Diagnostic& diagnostic, const Redactor& redactor) const {
  std::string line = source_->name;
  if (diagnostic.place.line != 0)
    line += fmt::format(":{}:{}", diagnostic.place.line, diagnostic.place.column);
  line += ": ";
  if (!diagnostic.path.empty()) line += diagnostic.path + ": ";
  if (diagnostic.severity == Severity::warning) line += "warning: ";
  return line + redactor.redacted(diagnostic.message, diagnostic.place.line);
}

std::string Diagnostics::render() const {
  // A large file without problems is not read again.
  if (diagnostics_.empty()) return {};
  const Redactor redactor(source_->text);
  std::string rendered;
  for (const Diagnostic* diagnostic : ordered())
    rendered += headline(*diagnostic, redactor) + "\n" + excerpt(redactor, *diagnostic);
  if (dropped_ > 0) rendered += fmt::format("{}: and {} more\n", source_->name, dropped_);
  return rendered;
}

std::string Diagnostics::render_json() const {
  const Redactor redactor(source_->text);
  std::string list;
  for (const Diagnostic* each : ordered())
    list += fmt::format(
        "{}{{\"severity\": \"{}\", \"line\": {}, \"column\": {}, \"path\": {}, \"message\": {}}}",
        list.empty() ? "" : ", ", each->severity == Severity::error ? "error" : "warning",
        each->place.line, each->place.column, json_text(each->path),
        json_text(redactor.redacted(each->message, each->place.line)));
  return indented(
      fmt::format("{{\"file\": {}, \"loads\": {}, \"diagnostics\": [{}], \"not_shown\": {}}}",
                  json_text(source_->name), !has_errors(), list, dropped_));
}

std::vector<std::string> Diagnostics::warnings() const {
  std::vector<std::string> lines;
  if (diagnostics_.empty()) return lines;
  const Redactor redactor(source_->text);
  for (const Diagnostic* diagnostic : ordered())
    if (diagnostic->severity == Severity::warning) lines.push_back(headline(*diagnostic, redactor));
  return lines;
}

std::string in_quotes(std::string_view text) {
  // Before it is cut: the end says what the beginning is.
  const std::string visible = without_credential(text);
  const std::string_view shown = cut(visible, shown_bytes_max);
  return fmt::format("\"{}{}\"", printable(shown), shown.size() < visible.size() ? "..." : "");
}

std::string describe(const Node& node) {
  if (node.is_concealed()) return "a value from the environment";
  if (node.is_text()) return in_quotes(node.text());
  if (node.is_null() || node.is_list() || node.is_map()) return std::string(bare_kind_of(node));
  return printable(cut(node.source(), shown_bytes_max));
}

std::string_view bare_kind_of(const Node& node) {
  switch (node.kind()) {
    case NodeKind::null:
      return "null";
    case NodeKind::list:
      return "a list";
    case NodeKind::map:
      return "a map";
    case NodeKind::text:
      return "a string";
    case NodeKind::boolean:
      return "a boolean";
    default:
      return "a number";
  }
}

std::string_view kind_of(const Node& node) {
  switch (node.kind()) {
    case NodeKind::text:
      return node.text().empty() ? "an empty string" : "another string";
    case NodeKind::boolean:
      return "true or false, write it in quotes";
    case NodeKind::integer:
    case NodeKind::number:
      return "a number, write it in quotes";
    default:
      return bare_kind_of(node);
  }
}

std::string_view nearest(std::string_view given, std::span<const std::string_view> candidates) {
  // A longer text is no misspelling, and the search must not cost more than the message is worth.
  if (given.empty() || given.size() > shown_bytes_max) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, given.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > shown_bytes_max) continue;
    // The difference in length alone takes that many edits.
    const auto [shorter, longer] = std::minmax({given.size(), candidate.size()});
    if (longer - shorter >= best_distance) continue;
    const std::size_t edits = distance(given, candidate);
    if (edits < best_distance && edits < candidate.size()) {
      best = candidate;
      best_distance = edits;
    }
  }
  return best;
}

std::string suggestion(std::string_view given, std::span<const std::string_view> candidates) {
  const std::string_view meant = nearest(given, candidates);
  return meant.empty() ? std::string() : fmt::format(", did you mean {}?", in_quotes(meant));
}

}  // namespace sluice::config
