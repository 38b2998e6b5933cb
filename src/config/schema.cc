// Translates declarations into JSON Schema (draft 2020-12).

#include "config/schema.h"

#include <map>
#include <string_view>

#include <fmt/format.h>

#include "config/file.h"
#include "config/json.h"

namespace sluice::config {
namespace {

/// ${{ env "DECK_X" }} and {vault://env/x}.
constexpr std::string_view elsewhere_pattern = R"(^(\$\{\{ *env .*\}\}|\{vault://.*\})$)";

class SchemaWriter {
 public:
  explicit SchemaWriter(std::span<const PluginSettings> plugins) : plugins_(plugins) {}

  std::string write(const Type& file) {
    const std::string top = object(file);
    std::string definitions;
    for (const auto& [name, definition] : definitions_)
      definitions +=
          fmt::format("{}{}: {}", definitions.empty() ? "" : ", ", json_text(name), definition);
    return indented(
        fmt::format("{{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", "
                    "\"title\": \"Sluice configuration\", {}, \"$defs\": {{{}}}}}",
                    top, definitions));
  }

 private:
  /// The keywords of an object, without braces.
  std::string object(const Type& type) {
    std::string properties = R"("_comment": {"type": "string"}, "_ignore": {})";
    std::string required;
    const std::shared_ptr<void> defaults = type.make == nullptr ? nullptr : type.make();
    for (const Field& field : type.fields()) {
      properties += fmt::format(", {}: {}", json_text(field.name), property(field, defaults.get()));
      if (field.presence == Presence::required)
        required += fmt::format("{}{}", required.empty() ? "" : ", ", json_text(field.name));
    }
    if (!required.empty()) required = fmt::format(", \"required\": [{}]", required);
    return fmt::format(
        "\"type\": \"object\", \"properties\": {{{}}}{}, \"additionalProperties\": false{}",
        properties, required, &type == &type_of<Plugin>() ? settings_by_name() : "");
  }

  /// Each plugin's settings, where the name is that of the plugin.
  std::string settings_by_name() {
    std::string names;
    std::string rules;
    for (const PluginSettings& plugin : plugins_) {
      const std::string name = json_text(plugin.name);
      const std::string definition = fmt::format("plugin:{}", plugin.name);
      if (!definitions_.contains(definition))
        definitions_[definition] =
            fmt::format("{{\"description\": {}, {}}}",
                        json_text(fmt::format("{}{}", plugin.is_served ? "" : "Not supported yet. ",
                                              plugin.summary)),
                        object(*plugin.settings));
      names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
      rules += fmt::format(
          "{}{{\"if\": {{\"properties\": {{\"name\": {{\"const\": {}}}}}, \"required\": "
          "[\"name\"]}}, "
          "\"then\": {{\"properties\": {{\"config\": {{{}}}}}}}}}",
          rules.empty() ? "" : ", ", name,
          or_null(fmt::format(R"("$ref": "#/$defs/{}")", definition)));
    }
    return fmt::format(", \"allOf\": [{{\"properties\": {{\"name\": {{\"enum\": [{}]}}}}}}{}{}]",
                       names, rules.empty() ? "" : ", ", rules);
  }

  std::string property(const Field& field, void* defaults) {
    std::string summary(field.summary);
    if (field.presence == Presence::later) summary = "Not supported yet. " + summary;
    if (field.type == nullptr) return fmt::format("{{\"description\": {}}}", json_text(summary));
    if (field.constraint.kind == Constraint::Kind::matches)
      summary += fmt::format(" Must {}.", field.constraint.text);
    std::string given;
    if (field.presence == Presence::optional) {
      const std::string json = default_json(field, defaults);
      const bool says_nothing = json == "null" || json == "\"\"" || json == "[]" || json[0] == '{';
      if (!says_nothing) given = ", \"default\": " + json;
    }
    const std::string value = keywords(*field.type, field.constraint);
    // Null is "not given", as in Kong.
    const bool takes_null =
        field.presence == Presence::optional && field.type->kind != TypeKind::optional;
    return fmt::format("{{\"description\": {}, {}{}}}", json_text(summary),
                       takes_null ? or_null(value) : value, given);
  }

  static std::string or_null(std::string_view keywords) {
    return fmt::format("\"anyOf\": [{{{}}}, {{\"type\": \"null\"}}]", keywords);
  }

  static std::string range(std::string_view type, double low, double high) {
    return fmt::format("\"type\": \"{}\", \"minimum\": {}, \"maximum\": {}", type, low, high);
  }

  static std::string words(std::span<const std::string_view> words) {
    std::string list;
    for (const std::string_view word : words)
      list += fmt::format("{}{}", list.empty() ? "" : ", ", json_text(word));
    return fmt::format("\"enum\": [{}]", list);
  }

  /// As words(), and 1.2 beside "1.2".
  static std::string versions(std::span<const std::string_view> names) {
    std::string list;
    for (const std::string_view name : names) {
      list += fmt::format("{}{}", list.empty() ? "" : ", ", json_text(name));
      if (!name.empty() && name.find_first_not_of("0123456789.") == std::string_view::npos)
        list += fmt::format(", {}", name);
    }
    return fmt::format("\"enum\": [{}]", list);
  }

  static std::string integer(const Type& type, const Constraint& constraint) {
    if (constraint.kind == Constraint::Kind::one_of)
      return fmt::format("\"enum\": [{}]", fmt::join(constraint.numbers, ", "));
    const bool between = constraint.kind == Constraint::Kind::between;
    std::string number = range("integer", between ? constraint.low : type.low,
                               between ? constraint.high : type.high);
    if (constraint.word.empty()) return number;
    return fmt::format("\"anyOf\": [{{\"const\": {}}}, {{{}}}]", json_text(constraint.word),
                       number);
  }

  static std::string text(const Constraint& constraint) {
    switch (constraint.kind) {
      case Constraint::Kind::non_empty:
        return R"("type": "string", "minLength": 1)";
      case Constraint::Kind::starts_with:
        return fmt::format(R"("type": "string", "pattern": {})",
                           json_text(fmt::format("^{}", constraint.text)));
      case Constraint::Kind::one_of:
        return words(constraint.words);
      default:
        return R"("type": "string")";
    }
  }

  /// Or a text that stands for the value: what decK or a vault puts there is seen when it is read.
  std::string or_reference(std::string_view keywords) {
    definitions_["value_from_elsewhere"] = fmt::format(
        "{{\"description\": {}, \"type\": \"string\", \"pattern\": {}}}",
        json_text("A value from the environment or a vault."), json_text(elsewhere_pattern));
    return fmt::format("\"anyOf\": [{{{}}}, {{\"$ref\": \"#/$defs/value_from_elsewhere\"}}]",
                       keywords);
  }

  /// What holds for a value, without braces.
  std::string keywords(const Type& type, const Constraint& constraint) {
    const bool is_any_text = type.kind == TypeKind::text &&
                             constraint.kind != Constraint::Kind::one_of &&
                             constraint.kind != Constraint::Kind::starts_with;
    switch (type.kind) {
      case TypeKind::text:
        return is_any_text ? text(constraint) : or_reference(text(constraint));
      case TypeKind::boolean:
      case TypeKind::integer:
      case TypeKind::number:
      case TypeKind::duration:
      case TypeKind::enumeration:
      case TypeKind::uuid:
        return or_reference(own_keywords(type, constraint));
      default:
        return own_keywords(type, constraint);
    }
  }

  std::string own_keywords(const Type& type, const Constraint& constraint) {
    switch (type.kind) {
      case TypeKind::boolean:
        return R"("type": "boolean")";
      case TypeKind::integer:
        return integer(type, constraint);
      case TypeKind::number:
      case TypeKind::duration: {
        const bool is_whole = constraint.unit == Unit::milliseconds;
        if (constraint.kind != Constraint::Kind::between) return R"("type": "number")";
        return range(is_whole ? "integer" : "number", constraint.low, constraint.high);
      }
      case TypeKind::text:
        return text(constraint);
      case TypeKind::enumeration:
        return type.accepts_numbers ? versions(type.names) : words(type.names);
      case TypeKind::uuid:
        return R"("type": "string", "format": "uuid")";
      case TypeKind::reference:
        return R"("type": ["string", "object"])";
      case TypeKind::optional:
        return or_null(keywords(*type.element(), constraint));
      case TypeKind::list:
        return fmt::format("\"type\": \"array\", \"items\": {{{}}}{}",
                           keywords(*type.element(), constraint),
                           constraint.unique ? ", \"uniqueItems\": true" : "");
      case TypeKind::map:
        return fmt::format("\"type\": \"object\", \"additionalProperties\": {{{}}}",
                           keywords(*type.element(), constraint));
      case TypeKind::object:
        return reference_to(type);
      case TypeKind::raw:
        return R"("type": "object")";
    }
    return "";
  }

  std::string reference_to(const Type& type) {
    const std::string name(type.name);
    if (name.empty()) return object(type);
    if (!definitions_.contains(name)) {
      definitions_[name] = "";  // a type that holds itself must find itself defined
      definitions_[name] = fmt::format("{{{}}}", object(type));
    }
    return fmt::format(R"("$ref": "#/$defs/{}")", name);
  }

  std::span<const PluginSettings> plugins_;
  std::map<std::string, std::string> definitions_;
};

}  // namespace

std::string schema_text(std::span<const PluginSettings> plugins) {
  return SchemaWriter(plugins).write(type_of<File>());
}

}  // namespace sluice::config
