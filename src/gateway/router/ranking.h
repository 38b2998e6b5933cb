#pragma once
// The order in which Kong tries routes (kong.md §2.2): a 64-bit priority, then the identifier, and
// a route for each length of its paths.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/uuid.h"
#include "gateway/router/route_match.h"

namespace sluice {

/// A route, or the part of it that has paths of one length, or its regular expressions.
struct Candidate {
  static constexpr std::uint32_t regexes = UINT32_MAX;

  std::uint64_t priority = 0;
  config::Uuid id;              ///< the route's, or derived from it where it has several paths
  std::uint32_t route = 0;      ///< its index
  std::uint32_t path_size = 0;  ///< which of the route's paths: those of that length, or `regexes`

  /// Whether it is tried before `other`.
  bool precedes(const Candidate& other) const noexcept {
    if (priority != other.priority) return priority > other.priority;
    return id != other.id ? id > other.id : route < other.route;
  }

  /// The same, where the route stands at another index.
  Candidate of_route(std::uint32_t index) const noexcept {
    return {priority, id, index, path_size};
  }
};

/// The candidates of one route, in no order.
std::vector<Candidate> candidates_of(const RouteMatch& match, std::uint32_t index);

/// Indexes of the route's paths that are the candidate's; empty where the route has none.
std::vector<std::uint32_t> paths_of(const RouteMatch& match, const Candidate& candidate);

/// A pattern of `hosts`, without its port.
struct HostPattern {
  enum class Kind : std::uint8_t { exact, suffix, prefix };

  Kind kind = Kind::exact;
  std::string text;        ///< lower case: a.com, ".a.com" of *.a.com, "a." of a.*
  std::uint16_t port = 0;  ///< 0: any

  /// At least one character stands for the asterisk. `host` is lower case.
  bool matches(std::string_view host) const noexcept;

  bool operator==(const HostPattern&) const = default;
};

HostPattern parse_host_pattern(std::string_view text);

}  // namespace sluice
