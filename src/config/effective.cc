#include "config/effective.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/json.h"
#include "config/redact.h"

namespace sluice::config {
namespace {

constexpr std::string_view hidden = "\"***\"";

/// As Kong writes names of settings: lower case, with underscores.
constexpr char as_setting(char byte) noexcept {
  if (byte >= 'A' && byte <= 'Z') return static_cast<char>(byte | 0x20);
  return byte == '-' ? '_' : byte;
}

bool is_setting(std::string_view name, std::string_view setting) noexcept {
  return std::ranges::equal(name, setting, {}, [](char byte) { return as_setting(byte); });
}

class Writer {
 public:
  // Not deeper than the declarations are.
  std::string value(const Type& type, const Constraint& constraint,  // NOLINT(misc-no-recursion)
                    const void* value, const Node* given) const {
    if (type.kind == TypeKind::optional)
      return type.count(value) == 0
                 ? "null"
                 : this->value(*type.element(), constraint, type.at(value, 0), given);
    if (constraint.secret || (given != nullptr && given->is_concealed()))
      return is_empty(type, value) ? to_json(type, constraint, value) : std::string(hidden);
    switch (type.kind) {
      case TypeKind::text:
        return json_text(without_credential(*static_cast<const std::string*>(value)));
      case TypeKind::list:
        return list(type, constraint, value, given);
      case TypeKind::map:
        return map(type, constraint, value, given);
      case TypeKind::object:
        return object(type, value, given);
      case TypeKind::raw: {
        const Node* node = *static_cast<const Node* const*>(value);
        return node == nullptr ? "null" : raw(*node);
      }
      default:
        return to_json(type, constraint, value);
    }
  }

 private:
  static bool is_empty(const Type& type, const void* value) {
    if (type.kind == TypeKind::list || type.kind == TypeKind::map) return type.count(value) == 0;
    return type.kind == TypeKind::text && static_cast<const std::string*>(value)->empty();
  }

  std::string list(const Type& type, const Constraint& constraint,  // NOLINT(misc-no-recursion)
                   const void* list, const Node* given) const {
    std::string json = "[";
    for (std::size_t i = 0; i < type.count(list); ++i) {
      const bool has_node = given != nullptr && i < given->items().size();
      json += fmt::format("{}{}", i > 0 ? ", " : "",
                          value(*type.element(), constraint, type.at(list, i),
                                has_node ? &given->items()[i] : nullptr));
    }
    return json + "]";
  }

  std::string map(const Type& type, const Constraint& constraint,  // NOLINT(misc-no-recursion)
                  const void* map, const Node* given) const {
    std::string json = "{";
    for (std::size_t i = 0; i < type.count(map); ++i) {
      const std::string_view key = type.key(map, i);
      const Node* node = given != nullptr ? given->find(key) : nullptr;
      json += fmt::format("{}{}: {}", i > 0 ? ", " : "", json_text(key),
                          is_credential_name(key)
                              ? std::string(hidden)
                              : value(*type.element(), constraint, type.at(map, i), node));
    }
    return json + "}";
  }

  std::string object(const Type& type, const void* object,  // NOLINT(misc-no-recursion)
                     const Node* given) const {
    std::string json = "{";
    for (const Field& field : type.fields()) {
      if (field.type == nullptr) continue;
      // The accessor of a member serves reading too; nothing is changed through it here.
      const void* member = field.member(const_cast<void*>(object));
      const Node* node = given != nullptr ? given->find(field.name) : nullptr;
      json += fmt::format("{}{}: {}", json.size() > 1 ? ", " : "", json_text(field.name),
                          value(*field.type, field.constraint, member, node));
    }
    return json + "}";
  }

  // Not deeper than a file may be.
  std::string raw(const Node& node) const {  // NOLINT(misc-no-recursion)
    if (node.is_concealed()) return std::string(hidden);
    if (node.is_text()) return json_text(without_credential(node.text()));
    if (!node.is_list() && !node.is_map()) return to_json(node);
    std::string json;
    for (const Node& item : node.items())
      json += fmt::format("{}{}", json.empty() ? "" : ", ", raw(item));
    if (node.is_list()) return "[" + json + "]";
    for (const Member& member : node.members())
      json += fmt::format("{}{}: {}", json.empty() ? "" : ", ", json_text(member.key),
                          is_credential_name(member.key) ? std::string(hidden) : raw(member.value));
    return "{" + json + "}";
  }
};

}  // namespace

bool is_credential_name(std::string_view name) {
  static constexpr std::array<std::string_view, 7> names = {
      "cookie", "set_cookie", "key", "apikey", "pwd", "pass", "passwd"};
  static constexpr std::array<std::string_view, 7> endings = {
      "password", "passphrase", "secret", "secrets", "token", "_key", "authorization"};
  const auto ends_with = [&](std::string_view ending) {
    return name.size() >= ending.size() &&
           is_setting(name.substr(name.size() - ending.size()), ending);
  };
  return std::ranges::any_of(names, [&](auto known) { return is_setting(name, known); }) ||
         std::ranges::any_of(endings, ends_with);
}

// Not deeper than a file may be.
void collect_concealed(const Node& node,  // NOLINT(misc-no-recursion)
                       std::vector<std::string>& to) {
  if (node.is_concealed() && node.is_text() && !node.text().empty()) to.emplace_back(node.text());
  for (const Node& item : node.items())
    collect_concealed(item, to);
  for (const Member& member : node.members())
    collect_concealed(member.value, to);
}

std::string without_credential(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && is_credential_name(text.substr(0, colon)))
    return std::string(text.substr(0, colon)) + ":***";
  std::string shown(text);
  const std::vector<HiddenRange> ranges = userinfo_in(text);
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range)
    shown.replace(range->begin, range->end - range->begin, "***");
  return shown;
}

std::vector<EffectiveSetting> effective_settings(const Type& type, const Node* given) {
  std::vector<EffectiveSetting> settings;
  if (type.make == nullptr) return settings;
  const std::shared_ptr<void> object = type.make();
  Diagnostics ignored;
  if (given != nullptr) decode_into(type, *given, object.get(), ignored, Path());
  for (const Field& field : type.fields()) {
    if (field.type == nullptr || field.member == nullptr) continue;
    const Node* node = given != nullptr ? given->find(field.name) : nullptr;
    settings.push_back(
        {field.name,
         Writer().value(*field.type, field.constraint, field.member(object.get()), node),
         node != nullptr && !node->is_null()});
  }
  return settings;
}

}  // namespace sluice::config
