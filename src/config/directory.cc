// Finds entities by name and id, and reports what two of them share.

#include "config/directory.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::config {

void Directory::reserve(std::size_t count) {
  places_.reserve(count);
  names_.reserve(count);
  ids_.reserve(count);
}

void Directory::add_name(std::string_view what, const std::string& name, const Path& path) {
  if (!name.empty()) add(names_, what, name, name, path);
}

void Directory::add_id(const Uuid& id, const Path& path) {
  const auto [taken, fresh] = ids_.emplace(id, last());
  if (!fresh) report("id", id.text(), taken->second, path);
}

void Directory::add_unique(std::string_view what, const std::string& key, std::string_view shown,
                           const Path& path) {
  if (!key.empty()) add(unique_, what, key, shown, path);
}

std::optional<std::uint32_t> Directory::find(const std::string& key) const {
  if (const auto found = names_.find(key); found != names_.end()) return found->second;
  const auto id = parse_uuid(key);
  const auto found = id ? ids_.find(*id) : ids_.end();
  if (found == ids_.end()) return {};
  return found->second;
}

std::string Directory::suggestion_for(std::string_view key) const {
  // A search through a large file's names costs more than its hint is worth.
  constexpr std::size_t searched_max = 20'000;
  std::vector<std::string_view> names;
  for (const auto& [name, index] : names_) {
    if (names.size() == searched_max) break;
    names.push_back(name);
  }
  std::ranges::sort(names);
  return suggestion(key, names);
}

void Directory::add(Index& index, std::string_view what, const std::string& key,
                    std::string_view shown, const Path& path) {
  const auto [taken, fresh] = index.emplace(key, last());
  if (!fresh) report(what, shown, taken->second, path);
}

void Directory::report(std::string_view what, std::string_view shown, std::uint32_t taken,
                       const Path& path) const {
  const Place first = places_[taken];
  diagnostics_.error(
      places_.back(), path,
      fmt::format("{}{}{} is already used by the {} at line {}, column {}", what,
                  shown.empty() ? "" : " ", shown.empty() ? std::string() : in_quotes(shown), noun_,
                  first.line, first.column));
}

}  // namespace sluice::config
