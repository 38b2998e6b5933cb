#pragma once
// What the groups of a route's regular expression captured of a path (Kong's uri_captures).

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/regex.h"

namespace sluice {

/// Borrows the path; lives as long as it and the route's router. Empty for a route that matched by
/// a plain path.
class UriCaptures {
 public:
  UriCaptures(const Regex* regex, std::string_view path) : regex_(regex) {
    if (regex == nullptr) return;
    groups_.resize(regex->group_count() + 1);
    if (!regex->captures(path, groups_)) groups_.clear();
  }

  bool empty() const noexcept { return groups_.empty(); }

  /// 0 for the whole match, 1 for the first group; empty for a group that took no part.
  std::string_view at(std::size_t index) const noexcept {
    return index < groups_.size() ? groups_[index] : std::string_view();
  }

  /// The group of that name; empty where there is none, or it took no part.
  std::string_view named(std::string_view name) const {
    if (empty() || name.empty()) return {};
    const std::vector<std::string> names = regex_->group_names();
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? std::string_view()
                                : at(static_cast<std::size_t>(found - names.begin()) + 1);
  }

  /// How many groups there are, the whole match aside.
  std::size_t size() const noexcept { return empty() ? 0 : groups_.size() - 1; }

  /// From group 1 on; empty for one without a name.
  std::vector<std::string> names() const {
    return empty() ? std::vector<std::string>() : regex_->group_names();
  }

 private:
  const Regex* regex_;
  std::vector<std::string_view> groups_;
};

}  // namespace sluice
