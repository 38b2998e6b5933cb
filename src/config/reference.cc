// Translates declarations into tables: name, what it may be, default, meaning.

#include "config/reference.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "config/file.h"

namespace sluice::config {
namespace {

constexpr std::string_view note =
    "<!-- Generated from the declarations in src/config; `./dev docs` writes it. -->\n\n";

struct Subject {
  const Type* type;
  std::string_view introduction;
};

const std::array<Subject, 23>& subjects() {
  static const std::array<Subject, 23> all = {{
      {&type_of<File>(), "The top level of a configuration file, in YAML or JSON."},
      {&type_of<Gateway>(),
       "The settings of the node, under the key `gateway`. Every one has a default."},
      {&type_of<Service>(), "An API behind the gateway: where it is and how to speak to it."},
      {&type_of<Route>(), "A match on requests, and the service that gets them."},
      {&type_of<Upstream>(), "A load-balanced name."},
      {&type_of<Target>(), "One of the addresses of an upstream."},
      {&type_of<Plugin>(),
       "A step of a pipeline, for a service, a route, a consumer or all requests."},
      {&type_of<Consumer>(), "Who calls."},
      {&type_of<ConsumerGroup>(), "Consumers that share plugins."},
      {&type_of<ConsumerGroupMember>(), "One consumer in one group."},
      {&type_of<KeyAuthCredential>(), "A key of a consumer, for key-auth."},
      {&type_of<BasicAuthCredential>(), "A name and password of a consumer, for basic-auth."},
      {&type_of<HmacAuthCredential>(), "A name and secret of a consumer, for hmac-auth."},
      {&type_of<JwtSecret>(), "A key of a consumer's tokens, for jwt."},
      {&type_of<OAuth2Credential>(), "An application of a consumer, for oauth2."},
      {&type_of<Acl>(), "A group of a consumer, for acl."},
      {&type_of<MtlsAuthCredential>(), "A certificate's name of a consumer, for mtls-auth."},
      {&type_of<Certificate>(), "A certificate and its key."},
      {&type_of<Sni>(), "A server name, and the certificate that it gets."},
      {&type_of<CaCertificate>(), "An authority that is trusted."},
      {&type_of<KeySet>(), "Keys that belong together."},
      {&type_of<Key>(), "A key for signing or encryption."},
      {&type_of<Vault>(), "Where references to secrets read from."},
  }};
  return all;
}

bool has_page(const Type& type) {
  return std::ranges::any_of(subjects(),
                             [&](const Subject& subject) { return subject.type == &type; });
}

/// The object type in a field, through optional and list; null where there is none.
const Type* object_in(const Type* type) {
  while (type != nullptr && (type->kind == TypeKind::optional || type->kind == TypeKind::list))
    type = type->element();
  return type != nullptr && type->kind == TypeKind::object ? type : nullptr;
}

/// A pipe would end the cell.
std::string cell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.replace(at, 1, "\\|");
  return text;
}

std::string page_name(const Type& type) {
  return std::string(type.name) + ".md";
}

/// What a value may be, as a noun.
std::string form_of(const Type& type, const Constraint& constraint) {
  if (const Type* object = object_in(&type)) {
    const std::string link = has_page(*object)
                                 ? fmt::format("[{}]({})", object->name, page_name(*object))
                                 : fmt::format("[{0}](#{0})", object->name);
    const std::string_view plural = type.kind == TypeKind::list ? "a list of " : "";
    return fmt::format("{}{}{}", plural, link, type.kind == TypeKind::optional ? " or null" : "");
  }
  if (type.kind == TypeKind::list)
    return fmt::format("a list of: {}", form_of(*type.element(), constraint));
  if (type.kind == TypeKind::map)
    return fmt::format("a map from names to {}", form_of(*type.element(), constraint));
  if (type.kind == TypeKind::text && constraint.kind == Constraint::Kind::matches)
    return fmt::format("a string; must {}", constraint.text);
  if (type.kind == TypeKind::optional) return form_of(*type.element(), constraint) + "; or null";
  return expectation(type, constraint);
}

std::string default_of(const Field& field, void* defaults) {
  if (field.presence == Presence::required) return "required";
  // The table of a nested object has its defaults.
  if (field.type->kind == TypeKind::object) return "";
  if (defaults != nullptr && field.type->kind == TypeKind::optional &&
      object_in(field.type) != nullptr && field.type->count(field.member(defaults)) > 0)
    return "";
  const std::string json = default_json(field, defaults);
  return json == "\"\"" || json == "null" ? "none" : fmt::format("`{}`", json);
}

std::string table_of(const Type& type) {
  std::string table = "| setting | value | default | meaning |\n| --- | --- | --- | --- |\n";
  std::string later;
  const std::shared_ptr<void> defaults = type.make == nullptr ? nullptr : type.make();
  for (const Field& field : type.fields()) {
    if (field.presence == Presence::later)
      later += fmt::format("{}`{}`", later.empty() ? "" : ", ", field.name);
    if (field.type == nullptr) continue;
    table += fmt::format("| `{}` | {} | {} | {} |\n", field.name,
                         cell(form_of(*field.type, field.constraint)),
                         cell(default_of(field, defaults.get())), cell(std::string(field.summary)));
  }
  if (!later.empty()) table += fmt::format("\nKnown and not supported yet: {}.\n", later);
  return table;
}

/// The tables of nested objects that have no page of their own.
std::string sections_of(const Type& type) {
  std::string sections;
  for (const Field& field : type.fields()) {
    const Type* object = object_in(field.type);
    if (object == nullptr || has_page(*object)) continue;
    sections += fmt::format("\n## {}\n\n{}\n\n{}", object->name, field.summary, table_of(*object));
    sections += sections_of(*object);
  }
  return sections;
}

/// One table of all settings, those of nested records with the names before them.
void add_rows(std::string& table, const Type& type, const std::string& before) {
  const std::shared_ptr<void> defaults = type.make == nullptr ? nullptr : type.make();
  for (const Field& field : type.fields()) {
    if (field.type == nullptr) continue;
    const Type* object = object_in(field.type);
    const std::string name = before + std::string(field.name);
    if (object == nullptr) {
      table += fmt::format(
          "| `{}` | {} | {} | {} |\n", name, cell(form_of(*field.type, field.constraint)),
          cell(default_of(field, defaults.get())), cell(std::string(field.summary)));
      continue;
    }
    const bool is_list = field.type->kind == TypeKind::list;
    table += fmt::format("| `{}` | {} | {} | {} |\n", name, is_list ? "a list of maps" : "a map",
                         field.presence == Presence::required ? "required" : "",
                         cell(std::string(field.summary)));
    add_rows(table, *object, name + (is_list ? "[]." : "."));
  }
}

std::string introduction_of(const PluginSettings& plugin) {
  if (plugin.is_served) return std::string(plugin.summary);
  return fmt::format(
      "{0} Not supported yet: its settings are checked, and a configuration that needs it is "
      "refused. What each means is in [Kong's reference]"
      "(https://developer.konghq.com/plugins/{1}/reference/).",
      plugin.summary, plugin.name);
}

ReferencePage plugin_page(const PluginSettings& plugin) {
  std::string table = "| setting | value | default | meaning |\n| --- | --- | --- | --- |\n";
  add_rows(table, *plugin.settings, {});
  if (plugin.settings->fields().empty()) table = "It has no settings.\n";
  return {fmt::format("plugins/{}.md", plugin.name),
          fmt::format("{}# {}\n\n{}\n\n{}", note, plugin.name, introduction_of(plugin), table)};
}

/// The list of all plugins.
ReferencePage plugins_page(std::span<const PluginSettings> plugins) {
  constexpr std::string_view head = "| plugin | does |\n| --- | --- |\n";
  std::string served(head);
  std::string others(head);
  for (const PluginSettings& plugin : plugins)
    (plugin.is_served ? served : others) += fmt::format(
        "| [{0}](plugins/{0}.md) | {1} |\n", plugin.name, cell(std::string(plugin.summary)));
  return {"plugins.md",
          fmt::format("{}# plugins\n\n{}\n## Known and not supported yet\n\nTheir settings are "
                      "checked. A configuration that needs one is refused, or with "
                      "`--allow-unsupported` goes without it.\n\n{}",
                      note, served, others)};
}

}  // namespace

std::vector<ReferencePage> reference_pages(std::span<const PluginSettings> plugins) {
  std::vector<ReferencePage> pages;
  for (const Subject& subject : subjects())
    pages.push_back(
        {page_name(*subject.type),
         fmt::format("{}# {}\n\n{}\n\n{}{}", note, subject.type->name, subject.introduction,
                     table_of(*subject.type), sections_of(*subject.type))});
  pages.push_back(plugins_page(plugins));
  for (const PluginSettings& plugin : plugins)
    pages.push_back(plugin_page(plugin));
  return pages;
}

}  // namespace sluice::config
