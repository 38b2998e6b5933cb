#include "gateway/router/ranking.h"

#include <algorithm>
#include <charconv>

#include "http/text.h"

namespace sluice {
namespace {

// The bits of the priority. Kong draws them so: 3 weight, 1 plain hosts, 8 headers, 1 regex,
// 32 regex_priority, 19 length of the path.
constexpr unsigned weight_shift = 61;
constexpr unsigned plain_host_shift = 60;
constexpr unsigned header_count_shift = 52;
constexpr unsigned regex_shift = 51;
constexpr unsigned regex_priority_shift = 19;
constexpr std::uint64_t path_size_max = (1U << regex_priority_shift) - 1;
constexpr std::uint64_t expression_class = std::uint64_t{0xFF} << 56;

/// The part that all candidates of a route have in common.
std::uint64_t shared_priority(const RouteMatch& match) {
  const unsigned weight = unsigned{!match.methods.empty()} + unsigned{!match.hosts.empty()} +
                          unsigned{!match.paths.empty()} + unsigned{!match.headers.empty()} +
                          unsigned{!match.snis.empty()} + unsigned{!match.sources.empty()} +
                          unsigned{!match.destinations.empty()};
  const bool plain_hosts =
      !match.hosts.empty() &&
      std::ranges::none_of(match.hosts, [](const std::string& host) { return host.contains('*'); });
  return (std::uint64_t{weight} << weight_shift) |
         (std::uint64_t{plain_hosts} << plain_host_shift) |
         (std::uint64_t{std::min<std::size_t>(match.headers.size(), 255)} << header_count_shift);
}

/// The space in which Kong derives the identifiers of a route's parts.
config::Uuid parts_space() {
  return *config::parse_uuid("7f145bf9-0dce-4f91-98eb-debbce4b9f6b");
}

std::uint32_t size_of(std::string_view path) {
  return is_regex_path(path) ? Candidate::regexes : static_cast<std::uint32_t>(path.size());
}

}  // namespace

std::vector<Candidate> candidates_of(const RouteMatch& match, std::uint32_t index) {
  if (match.expression) return {{expression_class | match.priority, match.id, index, 0}};
  const std::uint64_t shared = shared_priority(match);
  std::vector<Candidate> candidates;
  for (const std::string& path : match.paths) {
    const std::uint32_t size = size_of(path);
    if (std::ranges::find(candidates, size, &Candidate::path_size) != candidates.end()) continue;
    const bool is_regex = size == Candidate::regexes;
    Candidate candidate{shared, match.id, index, size};
    candidate.priority |= is_regex
                              ? (std::uint64_t{1} << regex_shift) |
                                    (std::uint64_t{match.regex_priority} << regex_priority_shift)
                              : std::uint64_t{size} & path_size_max;
    if (match.paths.size() > 1)
      candidate.id = config::uuid_v5(
          parts_space(), match.id.text() + "#" + (is_regex ? "true" : std::to_string(size)));
    candidates.push_back(candidate);
  }
  if (candidates.empty()) candidates.push_back({shared, match.id, index, 0});
  return candidates;
}

std::vector<std::uint32_t> paths_of(const RouteMatch& match, const Candidate& candidate) {
  std::vector<std::uint32_t> paths;
  for (std::uint32_t i = 0; i < match.paths.size(); ++i)
    if (size_of(match.paths[i]) == candidate.path_size) paths.push_back(i);
  return paths;
}

bool HostPattern::matches(std::string_view host) const noexcept {
  switch (kind) {
    case Kind::exact:
      return host == text;
    case Kind::suffix:
      return host.size() > text.size() && host.ends_with(text);
    case Kind::prefix:
      return host.size() > text.size() && host.starts_with(text);
  }
  return false;
}

HostPattern parse_host_pattern(std::string_view text) {
  HostPattern pattern{HostPattern::Kind::exact, http::lowered(text), 0};
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error == std::errc() && stop == end) {
      pattern.text.resize(colon);
      pattern.port = port;
    }
  }
  if (pattern.text.starts_with('*')) {
    pattern.kind = HostPattern::Kind::suffix;
    pattern.text.erase(0, 1);
  } else if (pattern.text.ends_with('*')) {
    pattern.kind = HostPattern::Kind::prefix;
    pattern.text.pop_back();
  }
  return pattern;
}

}  // namespace sluice
