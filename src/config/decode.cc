// Reads nodes into settings by their description: one interpreter, instead of code for every
// struct.

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "config/fields.h"
#include "config/redact.h"
#include "config/types.h"

namespace sluice::config {
namespace {

/// One value being read; small, and made anew for every level.
struct Reading {
  const Type& type;
  const Constraint& constraint;
  const Node& node;
  Diagnostics& diagnostics;
  const Path& path;

  bool wrong(std::string_view hint = {}) const {
    std::string message = fmt::format("must be {}, got ", expectation(type, constraint));
    if (constraint.secret)
      message += kind_of(node);
    else if (holds_secret(type))
      message += bare_kind_of(node);
    else
      message.append(describe(node)).append(hint);
    diagnostics.error(node.place(), path, std::move(message));
    return false;
  }
};

bool read(const Reading& reading, void* value);

/// What YAML 1.1 reads as a boolean too, as Kong and decK do; 1.2 has only true and false.
std::optional<bool> boolean_of(const Node& node) {
  if (node.kind() == NodeKind::boolean) return node.boolean();
  if (!node.is_text() || !node.is_plain()) return {};
  static constexpr std::array<std::string_view, 6> affirmative = {"yes", "Yes", "YES",
                                                                  "on",  "On",  "ON"};
  static constexpr std::array<std::string_view, 6> negative = {"no",  "No",  "NO",
                                                               "off", "Off", "OFF"};
  if (std::ranges::find(affirmative, node.text()) != affirmative.end()) return true;
  if (std::ranges::find(negative, node.text()) != negative.end()) return false;
  return {};
}

bool in_range(const Constraint& constraint, double number) {
  return constraint.kind != Constraint::Kind::between ||
         (number >= constraint.low && number <= constraint.high);
}

/// 8e1 and 80.0 are whole numbers too, as in JSON and Kong. Beyond 2^53 a double is no longer
/// exact; no setting is.
bool is_whole(const Node& node) {
  if (node.kind() == NodeKind::integer) return true;
  return node.kind() == NodeKind::number && node.number() == std::floor(node.number()) &&
         std::fabs(node.number()) < 9007199254740992.0;
}

bool read_integer(const Reading& reading, void* value) {
  const Node& node = reading.node;
  const Constraint& constraint = reading.constraint;
  if (!constraint.word.empty() && node.is_text() && node.text() == constraint.word) {
    reading.type.set_integer(value, constraint.word_value);
    return true;
  }
  if (!is_whole(node)) return reading.wrong();
  const double number = node.number();
  if (number < reading.type.low || number > reading.type.high || !in_range(constraint, number))
    return reading.wrong();
  if (constraint.kind == Constraint::Kind::one_of &&
      std::ranges::find(constraint.numbers, static_cast<std::int64_t>(number)) ==
          constraint.numbers.end())
    return reading.wrong();
  reading.type.set_integer(value, static_cast<std::int64_t>(number));
  return true;
}

bool read_number(const Reading& reading, void* value) {
  const bool is_number =
      reading.node.kind() == NodeKind::integer || reading.node.kind() == NodeKind::number;
  if (!is_number || !std::isfinite(reading.node.number())) return reading.wrong();
  if (!in_range(reading.constraint, reading.node.number())) return reading.wrong();
  *static_cast<double*>(value) = reading.node.number();
  return true;
}

bool read_duration(const Reading& reading, void* value) {
  const bool whole = is_whole(reading.node);
  const bool fraction =
      reading.constraint.unit == Unit::seconds && reading.node.kind() == NodeKind::number;
  if (!whole && !fraction) return reading.wrong();
  const double number = reading.node.number();
  if (!std::isfinite(number) || !in_range(reading.constraint, number)) return reading.wrong();
  const double scale = reading.constraint.unit == Unit::seconds ? 1000 : 1;
  *static_cast<std::chrono::milliseconds*>(value) =
      std::chrono::milliseconds(std::llround(number * scale));
  return true;
}

bool fits(const Constraint& constraint, std::string_view text) {
  switch (constraint.kind) {
    case Constraint::Kind::non_empty:
      return !text.empty();
    case Constraint::Kind::starts_with:
      return text.starts_with(constraint.text);
    case Constraint::Kind::one_of:
      return std::ranges::find(constraint.words, text) != constraint.words.end();
    case Constraint::Kind::matches:
      return constraint.accepts == nullptr || constraint.accepts(text);
    default:
      return true;
  }
}

/// YAML reads 1.0 and true as something else than text; quotes are what helps.
std::string unquoted_hint(const Node& node) {
  return fmt::format(", write it as {}", in_quotes(node.source()));
}

bool read_text(const Reading& reading, void* value) {
  const Node& node = reading.node;
  const bool is_scalar = !node.is_list() && !node.is_map();
  // What the environment gives is a text, whatever it looks like.
  if (node.is_concealed() && is_scalar && fits(reading.constraint, node.source())) {
    *static_cast<std::string*>(value) = node.source();
    return true;
  }
  if (!node.is_text()) {
    if (is_scalar && !node.source().empty() && fits(reading.constraint, node.source()))
      return reading.wrong(unquoted_hint(node));
    return reading.wrong();
  }
  if (!fits(reading.constraint, node.text())) {
    if (reading.constraint.kind == Constraint::Kind::matches) {
      reading.diagnostics.error(
          node.place(), reading.path,
          fmt::format("must {}, got {}", reading.constraint.text,
                      reading.constraint.secret ? kind_of(node) : describe(node)));
      return false;
    }
    return reading.wrong(suggestion(node.text(), reading.constraint.words));
  }
  *static_cast<std::string*>(value) = node.text();
  return true;
}

bool read_enumeration(const Reading& reading, void* value) {
  const Node& node = reading.node;
  const auto found = std::ranges::find(reading.type.names, node.source());
  const bool is_number = reading.type.accepts_numbers &&
                         (node.kind() == NodeKind::integer || node.kind() == NodeKind::number);
  if (!node.is_text() && !(is_number && found != reading.type.names.end())) {
    const bool lacks_quotes = found != reading.type.names.end() && !node.source().empty();
    return reading.wrong(lacks_quotes ? unquoted_hint(node) : std::string());
  }
  if (found == reading.type.names.end())
    return reading.wrong(suggestion(node.source(), reading.type.names));
  reading.type.set_integer(value, found - reading.type.names.begin());
  return true;
}

bool read_reference(const Reading& reading, void* value) {
  const Node* key = &reading.node;
  if (reading.node.is_map() && reading.node.members().size() == 1) {
    const Member& member = reading.node.members()[0];
    const bool known = member.key == "id" || member.key == "name" || member.key == "username";
    key = known ? &member.value : nullptr;
  }
  if (key == nullptr || !key->is_text() || key->text().empty()) return reading.wrong();
  *static_cast<Reference*>(value) = {std::string(key->text()), key->place()};
  return true;
}

bool has_no_repetition(const Reading& reading) {
  std::unordered_set<std::string_view> seen;
  bool right = true;
  const std::span<const Node> items = reading.node.items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].source().empty() || seen.insert(items[i].source()).second) continue;
    const Path path(reading.path, i);
    reading.diagnostics.error(
        items[i].place(), path,
        fmt::format("must not repeat {}",
                    reading.constraint.secret ? kind_of(items[i]) : describe(items[i])));
    right = false;
  }
  return right;
}

bool read_list(const Reading& reading, void* value) {
  const Type& type = reading.type;
  if (!reading.node.is_list()) return reading.wrong();
  type.clear(value);
  const std::span<const Node> items = reading.node.items();
  std::unordered_set<std::string_view> seen;
  bool right = true;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (reading.constraint.is_set && items[i].is_text() && !seen.insert(items[i].text()).second)
      continue;
    const Path path(reading.path, i);
    if (items[i].is_null() && type.element()->kind != TypeKind::object) {
      Reading{*type.element(), reading.constraint, items[i], reading.diagnostics, path}.wrong();
      right = false;
      continue;
    }
    const Reading element{*type.element(), reading.constraint, items[i], reading.diagnostics, path};
    right &= read(element, type.add(value, {}));
  }
  if (reading.constraint.unique) right &= has_no_repetition(reading);
  return right;
}

bool read_map(const Reading& reading, void* value) {
  if (!reading.node.is_map()) return reading.wrong();
  reading.type.clear(value);
  bool right = true;
  for (const Member& member : reading.node.members()) {
    const Path path(reading.path, member.key);
    const Reading element{*reading.type.element(), reading.constraint, member.value,
                          reading.diagnostics, path};
    right &= read(element, reading.type.add(value, member.key));
  }
  return right;
}

const Field* field_named(std::span<const Field> fields, std::string_view name) {
  for (const Field& field : fields)
    if (field.name == name) return &field;
  return nullptr;
}

bool unknown_field(const Reading& reading, std::span<const Field> fields, const Member& member) {
  std::vector<std::string_view> names;
  if (!reading.diagnostics.is_full())
    for (const Field& field : fields)
      names.push_back(field.name);
  reading.diagnostics.error(
      member.key_place, reading.path,
      fmt::format("unknown field {}{}", in_quotes(member.key), suggestion(member.key, names)));
  return false;
}

/// Whether a mistake in this field is a mistake in another entity.
bool holds_entities(const Type& type) {
  return type.kind == TypeKind::list && type.element()->kind == TypeKind::object;
}

bool read_member(const Reading& reading, const Field& field, const Member& member, void* value) {
  const Path path(reading.path, field.name);
  if (field.presence == Presence::accepted || member.value.is_null()) {
    // Null is "not given", as in Kong; only where the type has a null of its own does it mean that.
    if (field.type != nullptr && field.type->kind == TypeKind::optional)
      field.type->clear(field.member(value));
    return true;
  }
  if (field.presence == Presence::later) {
    const bool is_empty = (member.value.is_list() && member.value.items().empty()) ||
                          (member.value.is_map() && member.value.members().empty());
    if (!is_empty)
      reading.diagnostics.unsupported_field(member.key_place, reading.path, field.name);
    return true;
  }
  const Reading element{*field.type, field.constraint, member.value, reading.diagnostics, path};
  return read(element, field.member(value)) || holds_entities(*field.type);
}

bool read_object(const Reading& reading, void* value) {
  if (!reading.node.is_map() && !reading.node.is_null()) return reading.wrong();
  const std::span<const Field> fields = reading.type.fields();
  reading.type.set_place(value, reading.node.place());
  bool right = true;
  std::vector<std::string_view> wrong;
  for (const Member& member : reading.node.members()) {
    if (member.key == "_comment" || member.key == "_ignore") continue;
    const Field* field = field_named(fields, member.key);
    if (field == nullptr) {
      right = unknown_field(reading, fields, member);
    } else if (!read_member(reading, *field, member, value)) {
      right = false;
      wrong.push_back(field->name);
    }
  }
  const Given given(reading.node, reading.path, reading.diagnostics);
  for (const Field& field : fields) {
    if (field.presence != Presence::required || given.has(field.name)) continue;
    given.error(fmt::format("field \"{}\" is required", field.name));
    right = false;
    wrong.push_back(field.name);
  }
  if (!right && !reading.type.checks_flawed) return false;
  const std::size_t errors = reading.diagnostics.error_count();
  reading.type.check(value, Given(reading.node, reading.path, reading.diagnostics, wrong, !right));
  return right && reading.diagnostics.error_count() == errors;
}

bool read(const Reading& reading, void* value) {
  switch (reading.type.kind) {
    case TypeKind::boolean:
      if (const std::optional<bool> boolean = boolean_of(reading.node)) {
        *static_cast<bool*>(value) = *boolean;
        return true;
      }
      return reading.wrong();
    case TypeKind::integer:
      return read_integer(reading, value);
    case TypeKind::number:
      return read_number(reading, value);
    case TypeKind::text:
      return read_text(reading, value);
    case TypeKind::duration:
      return read_duration(reading, value);
    case TypeKind::enumeration:
      return read_enumeration(reading, value);
    case TypeKind::uuid: {
      const auto uuid = reading.node.is_text() ? parse_uuid(reading.node.text()) : std::nullopt;
      if (!uuid) return reading.wrong();
      *static_cast<Uuid*>(value) = *uuid;
      return true;
    }
    case TypeKind::reference:
      return read_reference(reading, value);
    case TypeKind::optional: {
      const Type& element = *reading.type.element();
      // Null turns such a thing off, which a message about its map alone would not say.
      if (element.kind == TypeKind::object && !reading.node.is_map() && !reading.node.is_null())
        return reading.wrong();
      return read({element, reading.constraint, reading.node, reading.diagnostics, reading.path},
                  reading.type.add(value, {}));
    }
    case TypeKind::list:
      return read_list(reading, value);
    case TypeKind::map:
      return read_map(reading, value);
    case TypeKind::object:
      return read_object(reading, value);
    case TypeKind::raw:
      if (!reading.node.is_map()) return reading.wrong();
      *static_cast<const Node**>(value) = &reading.node;
      return true;
  }
  return false;
}

/// Numbers as people write them: no exponent, no trailing zeros.
std::string plain(double number) {
  if (number == std::floor(number) && std::fabs(number) < 1e18)
    return fmt::format("{}", static_cast<std::int64_t>(number));
  return fmt::format("{}", number);
}

std::string ranged(std::string_view noun, const Type& type, const Constraint& constraint) {
  if (constraint.kind == Constraint::Kind::one_of)
    return fmt::format("one of {}", fmt::join(constraint.numbers, ", "));
  const bool between = constraint.kind == Constraint::Kind::between;
  // A type's own bounds are worth saying only where they are small enough to be met.
  if (!between && (type.high == 0 || type.high > 1e10)) return std::string(noun);
  return fmt::format("{} between {} and {}", noun, plain(between ? constraint.low : type.low),
                     plain(between ? constraint.high : type.high));
}

std::string text_expectation(const Constraint& constraint) {
  switch (constraint.kind) {
    case Constraint::Kind::non_empty:
      return "a string that is not empty";
    case Constraint::Kind::starts_with:
      return fmt::format("a string that starts with \"{}\"", constraint.text);
    case Constraint::Kind::one_of:
      return fmt::format("one of {}", fmt::join(constraint.words, ", "));
    default:
      return "a string";
  }
}

Place place_of(const Node* list, std::size_t index, Place fallback) {
  if (list == nullptr) return fallback;
  return index < list->items().size() ? list->items()[index].place() : list->place();
}

}  // namespace

bool decode_into(const Type& type, const Node& node, void* value, Diagnostics& diagnostics,
                 const Path& path) {
  constexpr Constraint none;
  return read({type, none, node, diagnostics, path}, value);
}

std::string expectation(const Type& type, const Constraint& constraint) {
  switch (type.kind) {
    case TypeKind::boolean:
      return "true or false";
    case TypeKind::integer: {
      const std::string number = ranged("a whole number", type, constraint);
      return constraint.word.empty() ? number
                                     : fmt::format("\"{}\" or {}", constraint.word, number);
    }
    case TypeKind::number:
      return ranged("a number", type, constraint);
    case TypeKind::duration:
      return constraint.unit == Unit::seconds
                 ? ranged("a number of seconds", type, constraint)
                 : ranged("a whole number of milliseconds", type, constraint);
    case TypeKind::text:
      return text_expectation(constraint);
    case TypeKind::enumeration:
      return fmt::format("one of {}", fmt::join(type.names, ", "));
    case TypeKind::uuid:
      return "a UUID such as fd02801f-0957-4a15-a55a-c8d9606f30b5";
    case TypeKind::reference:
      return "a name, an id, or a map with one of them";
    case TypeKind::optional:
      return expectation(*type.element(), constraint) + " or null";
    case TypeKind::list:
      return "a list";
    case TypeKind::map:
    case TypeKind::object:
    case TypeKind::raw:
      return "a map";
  }
  return "";
}

bool Given::knows(std::string_view field) const noexcept {
  return std::ranges::find(wrong_, field) == wrong_.end();
}

bool Given::knows(std::initializer_list<std::string_view> fields) const noexcept {
  return std::ranges::all_of(fields, [&](std::string_view field) { return knows(field); });
}

const Node* Given::value(std::string_view field) const noexcept {
  return node_.find(field);
}

bool Given::has(std::string_view field) const noexcept {
  const Node* found = value(field);
  return found != nullptr && !found->is_null();
}

void Given::error(std::string message) const {
  diagnostics_.error(node_.place(), path_, std::move(message));
}

void Given::error(std::string_view field, std::string message) const {
  const Node* found = value(field);
  diagnostics_.error(found == nullptr ? node_.place() : found->place(), Path(path_, field),
                     std::move(message));
}

void Given::unsupported(std::string_view field, std::string message) const {
  const Node* found = value(field);
  diagnostics_.unsupported(found == nullptr ? node_.place() : found->place(), Path(path_, field),
                           std::move(message));
}

void Given::warning(std::string_view field, std::string message) const {
  const Node* found = value(field);
  diagnostics_.warning(found == nullptr ? node_.place() : found->place(), Path(path_, field),
                       std::move(message));
}

void Given::error(std::string_view field, std::size_t index, std::string message) const {
  const Path list(path_, field);
  diagnostics_.error(place_of(value(field), index, node_.place()), Path(list, index),
                     std::move(message));
}

void Given::unsupported(std::string_view field, std::size_t index, std::string message) const {
  const Path list(path_, field);
  diagnostics_.unsupported(place_of(value(field), index, node_.place()), Path(list, index),
                           std::move(message));
}

void Given::warning(std::string_view field, std::size_t index, std::string message) const {
  const Path list(path_, field);
  diagnostics_.warning(place_of(value(field), index, node_.place()), Path(list, index),
                       std::move(message));
}

Place Given::place(std::string_view field) const noexcept {
  const Node* found = value(field);
  return found == nullptr ? node_.place() : found->place();
}

Place Given::place(std::string_view field, std::size_t index) const noexcept {
  return place_of(value(field), index, node_.place());
}

}  // namespace sluice::config
