// Reads the environment on behalf of a configuration file.

#include "config/environment.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "config/entities/vault.h"
#include "config/json.h"
#include "config/scalar.h"
#include "config/yaml.h"

namespace sluice::config {
namespace {

constexpr std::string_view word_start = "$env";
constexpr std::string_view deck_start = "${{";
constexpr std::string_view vault_start = "{vault://";
constexpr std::string_view deck_form = "must be ${{ env \"DECK_NAME\" }}";

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return {};
  return std::string(value);
}

bool is_space(char letter) {
  return letter == ' ' || letter == '\t';
}

void skip_spaces(std::string_view& text) {
  while (!text.empty() && is_space(text[0]))
    text.remove_prefix(1);
}

/// The name in ` env "NAME" | toInt `; nothing where it is anything else. What follows a bar turns
/// the text into a number or boolean, which happens here by what the setting takes.
std::optional<std::string> name_in(std::string_view expression) {
  skip_spaces(expression);
  if (!expression.starts_with("env")) return {};
  expression.remove_prefix(3);
  skip_spaces(expression);
  if (!expression.starts_with('"')) return {};
  const std::size_t end = expression.find('"', 1);
  if (end == std::string_view::npos || end == 1) return {};
  std::string name(expression.substr(1, end - 1));
  expression.remove_prefix(end + 1);
  for (skip_spaces(expression); !expression.empty(); skip_spaces(expression)) {
    if (expression[0] != '|') return {};
    expression.remove_prefix(1);
    skip_spaces(expression);
    const std::size_t length = std::min(expression.find_first_of(" |"), expression.size());
    const std::string_view function = expression.substr(0, length);
    if (function != "toInt" && function != "toBool" && function != "toFloat") return {};
    expression.remove_prefix(length);
  }
  return name;
}

/// Counts lines as it goes, since expressions come in the order of the text.
class PlaceFinder {
 public:
  explicit PlaceFinder(std::string_view text) : text_(text) {}

  Place at(std::size_t offset) {
    for (; at_ < offset; ++at_) {
      const bool begins = (static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80;
      if (text_[at_] == '\n')
        place_ = {place_.line + 1, 1};
      else if (begins)
        ++place_.column;
    }
    return place_;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  Place place_ = {1, 1};
};

/// `{vault://prefix/resource/key?options}` in its parts.
struct VaultReference {
  std::string_view prefix;
  std::string_view resource;
  std::string_view key;
  std::string_view options;
};

std::optional<VaultReference> parse_vault(std::string_view text) {
  if (!text.starts_with(vault_start) || !text.ends_with('}')) return {};
  text = text.substr(vault_start.size(), text.size() - vault_start.size() - 1);
  text = text.substr(0, text.find('#'));
  VaultReference reference;
  const std::size_t question = std::min(text.find('?'), text.size());
  reference.options = text.substr(std::min(question + 1, text.size()));
  text = text.substr(0, question);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  reference.prefix = text.substr(0, slash);
  text.remove_prefix(slash + 1);
  const std::size_t second = std::min(text.find('/'), text.size());
  reference.resource = text.substr(0, second);
  reference.key = text.substr(std::min(second + 1, text.size()));
  if (reference.prefix.empty() || reference.resource.empty()) return {};
  return reference;
}

std::string_view option_named(std::string_view options, std::string_view name) {
  while (!options.empty()) {
    const std::string_view option = options.substr(0, options.find('&'));
    options.remove_prefix(std::min(option.size() + 1, options.size()));
    if (option.size() > name.size() && option.starts_with(name) && option[name.size()] == '=')
      return option.substr(name.size() + 1);
  }
  return {};
}

/// The name of the variable: in upper case, with underscores.
std::string variable_of(std::string_view resource) {
  std::string name(resource);
  for (char& letter : name) {
    if (letter == '-') letter = '_';
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return name;
}

/// A member of a JSON object in a variable.
std::optional<std::string> member_of(const std::string& json, std::string_view key) {
  Diagnostics unseen(Source{"variable", json});
  const std::shared_ptr<Document> document = parse_text(TextFormat::json, unseen);
  const Node* found = document == nullptr ? nullptr : document->root().find(key);
  if (found == nullptr || found->is_null() || found->is_list() || found->is_map()) return {};
  return std::string(found->source());
}

class ReferenceResolver {
 public:
  ReferenceResolver(Document& document, const DeckExpressions& expressions,
                    Diagnostics& diagnostics)
      : document_(document), expressions_(expressions), diagnostics_(diagnostics) {
    const Node* vaults = document.root().find("vaults");
    if (vaults == nullptr) return;
    for (const Node& vault : vaults->items()) {
      const Node* name = vault.find("name");
      const Node* prefix = vault.find("prefix");
      if (name == nullptr || prefix == nullptr || !name->is_text() || !prefix->is_text()) continue;
      const Node* config = vault.find("config");
      const Node* own = config == nullptr ? nullptr : config->find("prefix");
      vaults_[std::string(prefix->text())] = {
          std::string(name->text()),
          own != nullptr && own->is_text() ? std::string(own->text()) : std::string()};
    }
  }

  Node rewrite(const Node& node, const Path& path) {
    if (node.is_list()) return rewrite_list(node, path);
    if (node.is_map()) return rewrite_map(node, path);
    Node value = node;
    if (node.source().find(word_start) != std::string_view::npos)
      value = concealed(expressions_.expanded(node.source()), node.place());
    if (expressions_.has_problem() && (node.source().find(word_start) != std::string_view::npos ||
                                       node.source().find(deck_start) != std::string_view::npos))
      diagnostics_.settle(node.place());
    if (!value.is_text() || !value.text().starts_with(vault_start)) return value;
    const auto found = value_of(value.text(), node.place(), path);
    if (found) return concealed(*found, node.place());
    diagnostics_.settle(node.place());
    return value;
  }

 private:
  struct EnvVault {
    std::string kind;
    std::string prefix;
  };

  Node concealed(const std::string& text, Place place) {
    diagnostics_.conceal(text);
    return plain_scalar(document_, document_.keep(text), place).concealed();
  }

  Node rewrite_list(const Node& node, const Path& path) {
    std::vector<Node> items;
    items.reserve(node.items().size());
    for (std::size_t i = 0; i < node.items().size(); ++i)
      items.push_back(rewrite(node.items()[i], Path(path, i)));
    return document_.list(items, node.place());
  }

  Node rewrite_map(const Node& node, const Path& path) {
    std::vector<Member> members(node.members().begin(), node.members().end());
    for (Member& member : members)
      member.value = rewrite(member.value, Path(path, member.key));
    return document_.map(members, node.place());
  }

  std::optional<std::string> value_of(std::string_view text, Place place, const Path& path) {
    const auto reference = parse_vault(text);
    const auto fail = [&](std::string message) -> std::optional<std::string> {
      diagnostics_.error(place, path, std::move(message));
      return {};
    };
    if (!reference)
      return fail("must be a reference such as {vault://env/my-variable}, got " + in_quotes(text));
    const auto vault = vaults_.find(std::string(reference->prefix));
    const std::string kind =
        vault == vaults_.end() ? std::string(reference->prefix) : vault->second.kind;
    if (kind != "env") {
      static constexpr auto kinds = names_of(VaultKind{});
      const bool is_known = std::ranges::find(kinds, std::string_view(kind)) != kinds.end();
      return fail(is_known ? fmt::format("vault {} is not supported yet", in_quotes(kind))
                           : fmt::format("no vault has the prefix {}", in_quotes(kind)));
    }
    const std::string name =
        variable_of(fmt::format("{}{}",
                                vault == vaults_.end() ? option_named(reference->options, "prefix")
                                                       : std::string_view(vault->second.prefix),
                                reference->resource));
    auto value = environment(name);
    if (!value) return fail(fmt::format("the environment has no variable {}", in_quotes(name)));
    if (reference->key.empty()) return value;
    auto member = member_of(*value, reference->key);
    if (!member)
      return fail(fmt::format("the variable {} holds no JSON with the member {}", in_quotes(name),
                              in_quotes(reference->key)));
    return member;
  }

  Document& document_;
  const DeckExpressions& expressions_;
  Diagnostics& diagnostics_;
  std::map<std::string, EnvVault> vaults_;
};

}  // namespace

DeckExpressions::DeckExpressions(std::string& text, Diagnostics& diagnostics) {
  const std::string original = text;
  PlaceFinder places(original);
  for (std::size_t begin = original.find(deck_start); begin != std::string::npos;
       begin = original.find(deck_start, begin + deck_start.size())) {
    const Place place = places.at(begin);
    const std::size_t end = original.find("}}", begin);
    const std::size_t line_end = original.find('\n', begin);
    const auto name = end < line_end
                          ? name_in(std::string_view(original).substr(begin + 3, end - begin - 3))
                          : std::nullopt;
    if (!name) {
      has_problem_ = true;
      diagnostics.error(place, Path(), std::string(deck_form));
      continue;
    }
    auto value = environment(*name);
    has_problem_ = has_problem_ || !value || !name->starts_with("DECK_");
    if (!name->starts_with("DECK_"))
      diagnostics.error(place, Path(),
                        fmt::format("a variable in the file must begin with \"DECK_\", got {}",
                                    in_quotes(*name)));
    else if (!value)
      diagnostics.error(place, Path(),
                        fmt::format("the environment has no variable {}", in_quotes(*name)));
    const std::size_t length = end + 2 - begin;
    std::string word = fmt::format("{}{}", word_start, values_.size());
    word.resize(std::max(length, word.size()), '$');
    text.replace(begin, length, word);
    // Nothing would be null, and what is required be missing on top.
    values_.push_back(value ? *std::move(value) : std::move(word));
  }
}

std::string DeckExpressions::expanded(std::string_view text) const {
  std::string result;
  for (std::size_t at = text.find(word_start); at != std::string_view::npos;
       at = text.find(word_start)) {
    result += text.substr(0, at);
    text.remove_prefix(at + word_start.size());
    std::size_t index = values_.size();
    const char* end = std::from_chars(text.data(), text.data() + text.size(), index).ptr;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of('$'), text.size()));
    result += index < values_.size() ? std::string_view(values_[index]) : word_start;
  }
  return result.append(text);
}

void resolve_references(Document& document, const DeckExpressions& expressions,
                        Diagnostics& diagnostics) {
  document.set_root(
      ReferenceResolver(document, expressions, diagnostics).rewrite(document.root(), Path()));
}

}  // namespace sluice::config
