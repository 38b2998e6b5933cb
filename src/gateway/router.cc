#include "gateway/router.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "http/text.h"

namespace sluice {
namespace {

/// Bits of the 64-bit priority of traditional_compatible (kong.md §2.2).
constexpr unsigned weight_shift = 61;
constexpr unsigned plain_host_shift = 60;
constexpr unsigned header_count_shift = 52;
constexpr std::uint64_t path_size_max = (1u << 19) - 1;

std::uint64_t priority_of(const RouteMatch& match, std::size_t path_size) {
  const unsigned weight = unsigned{!match.methods.empty()} + unsigned{!match.hosts.empty()} +
                          unsigned{!match.paths.empty()} + unsigned{!match.headers.empty()};
  const bool plain_hosts =
      !match.hosts.empty() &&
      std::ranges::none_of(match.hosts, [](const std::string& host) { return host.contains('*'); });
  return (std::uint64_t{weight} << weight_shift) |
         (std::uint64_t{plain_hosts} << plain_host_shift) |
         (std::uint64_t{std::min<std::size_t>(match.headers.size(), 255)} << header_count_shift) |
         std::min<std::uint64_t>(path_size, path_size_max);
}

struct HostPattern {
  std::string host;
  std::uint16_t port = 0;
};

HostPattern split_port(std::string_view text) {
  HostPattern pattern{http::lowered(text), 0};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find(']', colon) != std::string_view::npos)
    return pattern;
  std::uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return pattern;
  pattern.host.resize(colon);
  pattern.port = port;
  return pattern;
}

}  // namespace

Router::Router(std::vector<RouteMatch> routes) : routes_(std::move(routes)) {
  for (std::uint32_t i = 0; i < routes_.size(); ++i)
    add(routes_[i], i);
  const auto arrange = [this](Bucket& bucket) {
    for (auto& [prefix, entries] : bucket.by_prefix) {
      std::ranges::sort(
          entries, [this](const Entry& left, const Entry& right) { return precedes(left, right); });
      bucket.prefix_sizes.push_back(static_cast<std::uint32_t>(prefix.size()));
    }
    std::ranges::sort(bucket.prefix_sizes, std::greater());
    const auto repeated = std::ranges::unique(bucket.prefix_sizes);
    bucket.prefix_sizes.erase(repeated.begin(), repeated.end());
  };
  arrange(any_host_);
  for (auto* hosts : {&exact_hosts_, &suffixes_, &prefixes_})
    for (auto& [host, bucket] : *hosts)
      arrange(bucket);
}

void Router::add(const RouteMatch& match, std::uint32_t index) {
  const auto enter = [&](Bucket& bucket, std::uint16_t port) {
    if (match.paths.empty())
      bucket.by_prefix[""].push_back({priority_of(match, 0), index, 0, port});
    for (const std::string& path : match.paths)
      bucket.by_prefix[path].push_back(
          {priority_of(match, path.size()), index, static_cast<std::uint32_t>(path.size()), port});
  };
  if (match.hosts.empty()) enter(any_host_, 0);
  for (const std::string& text : match.hosts) {
    const auto [host, port] = split_port(text);
    if (host.starts_with('*'))
      enter(suffixes_[host.substr(1)], port);
    else if (host.ends_with('*'))
      enter(prefixes_[host.substr(0, host.size() - 1)], port);
    else
      enter(exact_hosts_[host], port);
  }
}

bool Router::precedes(const Entry& left, const Entry& right) const {
  if (left.priority != right.priority) return left.priority > right.priority;
  return routes_[left.route].id > routes_[right.route].id;
}

bool Router::admits(const Entry& entry, const Question& question) const {
  if (entry.port != 0 && entry.port != question.port) return false;
  const RouteMatch& match = routes_[entry.route];
  if (!match.methods.empty() &&
      std::ranges::find(match.methods, question.method) == match.methods.end())
    return false;
  return std::ranges::all_of(match.headers, [&](const auto& wanted) {
    return std::ranges::any_of(question.headers.fields(), [&](const http::Headers::Field& field) {
      if (!http::equal_ignoring_case(field.name(), wanted.first)) return false;
      return std::ranges::any_of(wanted.second, [&](const std::string& value) {
        return http::equal_ignoring_case(field.value(), value);
      });
    });
  });
}

void Router::search(const Bucket& bucket, const Question& question, const Entry*& best) const {
  for (const std::uint32_t size : bucket.prefix_sizes) {
    if (size > question.path.size()) continue;
    const auto found = bucket.by_prefix.find(question.path.substr(0, size));
    if (found == bucket.by_prefix.end()) continue;
    for (const Entry& entry : found->second) {
      if (best != nullptr && !precedes(entry, *best)) break;
      if (!admits(entry, question)) continue;
      best = &entry;
      break;
    }
  }
}

Router::Answer Router::match(const Question& question) const {
  const Entry* best = nullptr;
  if (!exact_hosts_.empty())
    if (const auto found = exact_hosts_.find(question.host); found != exact_hosts_.end())
      search(found->second, question, best);
  if (!suffixes_.empty())
    // At least one character stands for the asterisk.
    for (std::size_t dot = question.host.find('.', 1); dot != std::string_view::npos;
         dot = question.host.find('.', dot + 1))
      if (const auto found = suffixes_.find(question.host.substr(dot)); found != suffixes_.end())
        search(found->second, question, best);
  if (!prefixes_.empty())
    for (std::size_t dot = question.host.find('.'); dot != std::string_view::npos;
         dot = question.host.find('.', dot + 1))
      if (dot + 1 < question.host.size())
        if (const auto found = prefixes_.find(question.host.substr(0, dot + 1));
            found != prefixes_.end())
          search(found->second, question, best);
  search(any_host_, question, best);
  if (best == nullptr) return {};
  return {routes_[best->route].route, best->prefix_size};
}

}  // namespace sluice
