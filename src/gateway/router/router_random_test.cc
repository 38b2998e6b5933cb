// The router against a naive one: Kong's rules (kong.md §2.1, §2.2) as a linear scan, on random
// configurations, requests and changes. A seed that fails is printed with its configuration;
// SLUICE_ROUTER_SEED=N in the environment plays it alone.

#include <algorithm>
#include <regex>

#include <gtest/gtest.h>

#include "http/text.h"
#include "support/router_world.h"

namespace sluice {
namespace {

using testing::Chance;
using testing::random_request;
using testing::World;

// ---- Kong's rules, for reading

bool fits_host(const std::string& pattern, const Question& question) {
  std::string text = http::lowered(pattern);
  if (const std::size_t colon = text.find(':'); colon != std::string::npos) {
    if (std::to_string(question.port) != text.substr(colon + 1)) return false;
    text.resize(colon);
  }
  const std::string host(question.host);
  if (text.starts_with("*."))
    return host.size() > text.size() - 1 && host.ends_with(text.substr(1));
  if (text.ends_with(".*"))
    return host.size() > text.size() - 1 && host.starts_with(text.substr(0, text.size() - 1));
  return host == text;
}

/// How much of the path the route's path matches; nothing where it does not.
std::optional<std::size_t> fits_path(const std::string& path, std::string_view of) {
  if (!path.starts_with("~"))
    return of.starts_with(path) ? std::optional(path.size()) : std::nullopt;
  // "^" binds to the first alternative alone.
  const std::regex regex("^" + path.substr(1));
  const std::string text(of);
  std::smatch found;
  if (!std::regex_search(text, found, regex)) return std::nullopt;
  return static_cast<std::size_t>(found.length(0));
}

std::string with_dashes(std::string name) {
  name = http::lowered(name);
  std::ranges::replace(name, '_', '-');
  return name;
}

bool fits_header(const std::string& name, const std::vector<std::string>& values,
                 const Question& question) {
  for (const http::Headers::Field& field : question.headers.fields()) {
    if (with_dashes(std::string(field.name())) != with_dashes(name)) continue;
    const std::string given = http::lowered(field.value());
    for (const std::string& value : values) {
      const std::string wanted = http::lowered(value);
      if (wanted.starts_with("~*") ? std::regex_search(given, std::regex(wanted.substr(2)))
                                   : given == wanted)
        return true;
    }
  }
  return false;
}

bool fits_endpoint(const std::vector<EndpointMatch>& endpoints, const Address* address) {
  for (const EndpointMatch& endpoint : endpoints) {
    if (address == nullptr) return false;
    const bool fits_ip = !endpoint.network || endpoint.network->contains(*address);
    if (fits_ip && (endpoint.port == 0 || endpoint.port == address->port)) return true;
  }
  return endpoints.empty();
}

bool fits_beside_path(const RouteMatch& route, const Question& question) {
  const auto one_of = [](const std::vector<std::string>& list, auto fits) {
    return list.empty() || std::ranges::any_of(list, fits);
  };
  return one_of(route.methods, [&](const auto& method) { return method == question.method; }) &&
         one_of(route.hosts, [&](const auto& host) { return fits_host(host, question); }) &&
         (question.scheme != "https" || one_of(route.snis,
                                               [&](std::string sni) {
                                                 if (sni.ends_with('.')) sni.pop_back();
                                                 Question named = question;
                                                 named.host = question.sni;
                                                 return fits_host(sni, named);
                                               })) &&
         std::ranges::all_of(route.headers,
                             [&](const auto& header) {
                               return fits_header(header.first, header.second, question);
                             }) &&
         fits_endpoint(route.sources, question.source) &&
         fits_endpoint(route.destinations, question.destination);
}

/// A route, or what it is split into.
struct Part {
  const RouteMatch* route;
  std::vector<std::string> paths;
  std::uint64_t priority;
  config::Uuid id;
};

std::uint64_t priority_of(const RouteMatch& route, const std::vector<std::string>& paths) {
  std::uint64_t weight = 0;
  for (const bool has :
       {!route.methods.empty(), !route.hosts.empty(), !route.headers.empty(), !route.snis.empty(),
        !route.paths.empty(), !route.sources.empty(), !route.destinations.empty()})
    weight += has ? 1U : 0U;
  bool plain_hosts = !route.hosts.empty();
  for (const std::string& host : route.hosts)
    if (host.contains('*')) plain_hosts = false;
  const bool is_regex = !paths.empty() && paths[0].starts_with("~");
  std::uint64_t priority = weight << 61;
  priority |= std::uint64_t{plain_hosts} << 60;
  priority |= std::uint64_t{route.headers.size()} << 52;
  priority |= std::uint64_t{is_regex} << 51;
  if (is_regex) priority |= std::uint64_t{route.regex_priority} << 19;
  if (!paths.empty() && !is_regex) priority |= paths[0].size();
  return priority;
}

std::vector<Part> parts_of(const RouteMatch& route) {
  std::map<std::string, std::vector<std::string>> groups;
  for (const std::string& path : route.paths)
    groups[path.starts_with("~") ? "true" : std::to_string(path.size())].push_back(path);
  if (groups.empty()) return {{&route, {}, priority_of(route, {}), route.id}};
  std::vector<Part> parts;
  const auto space = *config::parse_uuid("7f145bf9-0dce-4f91-98eb-debbce4b9f6b");
  for (const auto& [name, paths] : groups)
    parts.push_back({&route, paths, priority_of(route, paths),
                     route.paths.size() == 1
                         ? route.id
                         : config::uuid_v5(space, route.id.text() + "#" + name)});
  return parts;
}

std::string naive_answer(const std::vector<RouteMatch>& routes, const Question& question) {
  std::vector<Part> parts;
  for (const RouteMatch& route : routes)
    std::ranges::copy(parts_of(route), std::back_inserter(parts));
  std::ranges::sort(parts, [](const Part& left, const Part& right) {
    return std::tie(left.priority, left.id) > std::tie(right.priority, right.id);
  });
  for (const Part& part : parts) {
    if (!fits_beside_path(*part.route, question)) continue;
    if (part.paths.empty()) return part.route->route->name + "@";
    for (const std::string& path : part.paths)
      if (const auto size = fits_path(path, question.path))
        return fmt::format("{}@{}", part.route->route->name, question.path.substr(0, *size));
  }
  return "-";
}

// ---- random routes

std::string random_regex(Chance& chance) {
  return "~" + chance.path() +
         chance.of({"\\d+", "[ab]+/", "(a|b)", ".*", "$", "a?b", "a*/?", "(?:/a)+", "1{2}a",
                    "\\x61b", "[a]{2}b", "\\d$", "[^/]+/b", "|/b", "/(\\d+)/a", "b+1", "\\/a",
                    "(/[ab]+)*$"});
}

std::string random_route(Chance& chance, std::size_t number) {
  std::string line = fmt::format("r{} id={}", number, 1 + chance.below(1'000'000));
  if (chance.one_in(2))
    line += " h=" + chance.some_of({"a.com", "b.com", "x.a.com", "*.a.com", "*.com", "a.*", "x.a.*",
                                    "a.com:80", "*.a.com:81", "A.com:81", "a.*:80"},
                                   ',');
  if (!chance.one_in(4)) {
    std::vector<std::string> paths;
    for (std::size_t i = 1 + chance.below(3); i > 0; --i)
      paths.push_back(chance.one_in(3) ? random_regex(chance) : chance.path());
    // A list of paths is a set.
    std::ranges::sort(paths);
    paths.erase(std::ranges::unique(paths).begin(), paths.end());
    line += fmt::format(" p={}", fmt::join(paths, ","));
  }
  if (chance.one_in(3)) line += " m=" + chance.some_of({"GET", "POST", "PURGE", "MKCOL"}, ',');
  if (chance.one_in(4)) line += " H:x-a=" + chance.some_of({"1", "2", "~*^1", "~*2$", "ONE"}, '|');
  if (chance.one_in(6)) line += " H:X_B=" + chance.some_of({"1", "~*."}, '|');
  if (chance.one_in(6)) line += " s=" + chance.some_of({"a.com", "*.a.com", "a.com.", "b.*"}, ',');
  if (chance.one_in(8))
    line += " src=" + chance.of({"10.0.0.0/8", "10.0.0.1", ":99", "10.0.0.1:99"});
  if (chance.one_in(8)) line += " dst=" + chance.of({"127.0.0.1:80", ":81", "127.0.0.0/8"});
  if (chance.one_in(4)) line += fmt::format(" rp={}", chance.below(3));
  return line;
}

TEST(RandomRouter, AnswersAsKongsRulesDoWhateverTheConfigurationAndItsChanges) {
  for (const std::uint64_t seed : testing::router_seeds(150)) {
    World world(seed, random_route);
    world.build();
    for (std::size_t round = 0; round < 4; ++round) {
      for (std::size_t i = 0; i < 12; ++i)
        ASSERT_NO_FATAL_FAILURE(world.expect_answer(naive_answer, random_request(world.chance())));
      world.change();
    }
  }
}

}  // namespace
}  // namespace sluice
