// Values as JSON in the units of the file, for what is generated from declarations.

#include <chrono>
#include <string>

#include <fmt/format.h>

#include "config/fields.h"
#include "config/json.h"
#include "config/types.h"

namespace sluice::config {
namespace {

std::string list_to_json(const Type& type, const Constraint& constraint, const void* value) {
  std::string json = "[";
  for (std::size_t i = 0; i < type.count(value); ++i) {
    if (i > 0) json += ", ";
    json += to_json(*type.element(), constraint, type.at(value, i));
  }
  return json + "]";
}

std::string object_to_json(const Type& type, const void* value) {
  std::string json = "{";
  for (const Field& field : type.fields()) {
    if (field.type == nullptr) continue;
    if (json.size() > 1) json += ", ";
    // The accessor of a member serves reading too; nothing is changed through it here.
    const void* member = field.member(const_cast<void*>(value));
    json += fmt::format("{}: {}", json_text(field.name),
                        to_json(*field.type, field.constraint, member));
  }
  return json + "}";
}

std::string duration_to_json(const Constraint& constraint, std::chrono::milliseconds duration) {
  if (constraint.unit == Unit::milliseconds) return fmt::format("{}", duration.count());
  return fmt::format("{}", static_cast<double>(duration.count()) / 1000.0);
}

std::string integer_to_json(const Type& type, const Constraint& constraint, const void* value) {
  const std::int64_t number = type.get_integer(value);
  const bool is_word = !constraint.word.empty() && number == constraint.word_value;
  return is_word ? json_text(constraint.word) : fmt::format("{}", number);
}

}  // namespace

std::string to_json(const Type& type, const Constraint& constraint, const void* value) {
  switch (type.kind) {
    case TypeKind::boolean:
      return *static_cast<const bool*>(value) ? "true" : "false";
    case TypeKind::integer:
      return integer_to_json(type, constraint, value);
    case TypeKind::number:
      return fmt::format("{}", *static_cast<const double*>(value));
    case TypeKind::text:
      return json_text(*static_cast<const std::string*>(value));
    case TypeKind::duration:
      return duration_to_json(constraint, *static_cast<const std::chrono::milliseconds*>(value));
    case TypeKind::enumeration:
      return json_text(type.names[static_cast<std::size_t>(type.get_integer(value))]);
    case TypeKind::uuid: {
      const Uuid& id = *static_cast<const Uuid*>(value);
      return id.is_nil() ? "null" : json_text(id.text());
    }
    case TypeKind::reference: {
      const Reference& reference = *static_cast<const Reference*>(value);
      return reference.empty() ? "null" : json_text(reference.key);
    }
    case TypeKind::optional:
      return type.count(value) == 0 ? "null"
                                    : to_json(*type.element(), constraint, type.at(value, 0));
    case TypeKind::list:
      return list_to_json(type, constraint, value);
    case TypeKind::map: {
      std::string json = "{";
      for (std::size_t i = 0; i < type.count(value); ++i)
        json += fmt::format("{}{}: {}", i > 0 ? ", " : "", json_text(type.key(value, i)),
                            to_json(*type.element(), constraint, type.at(value, i)));
      return json + "}";
    }
    case TypeKind::object:
      return object_to_json(type, value);
    case TypeKind::raw: {
      const Node* node = *static_cast<const Node* const*>(value);
      return node == nullptr ? "null" : to_json(*node);
    }
  }
  return "null";
}

std::string default_json(const Field& field, void* defaults) {
  if (defaults != nullptr) return to_json(*field.type, field.constraint, field.member(defaults));
  if (field.default_text.empty()) return "null";
  return field.type->kind == TypeKind::text ? json_text(field.default_text)
                                            : std::string(field.default_text);
}

}  // namespace sluice::config
