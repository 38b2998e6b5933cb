// ./dev bench routes: how long one match takes among 100,000 routes, and what a route holds. Uses
// the router itself, so that its figures are those of the gateway.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>

#include "gateway/route.h"
#include "gateway/router/router.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): this file is nobody's header
using Clock = std::chrono::steady_clock;

struct Request {
  std::string host;
  std::string path;
  http::Headers headers;
  std::string_view method = "GET";
};

/// 2,000 hosts, each with 50 routes: plain prefixes of three depths, regular expressions with a
/// capture, header variants and methods.
RouteMatch make_route(std::size_t number, bool with_regex) {
  RouteMatch match;
  const std::size_t host = number / 50;
  const std::size_t kind = number % 10;
  const std::size_t item = number % 50;
  for (std::size_t i = 0; i < 8; ++i)
    match.id.bytes[i] = static_cast<std::uint8_t>((number * 0x9E3779B97F4A7C15U) >> (8 * i));
  match.hosts = {host % 20 == 0 ? fmt::format("*.wild{}.example.com", host)
                                : fmt::format("api{}.example.com", host)};
  if (kind < 3 && with_regex)
    match.paths = {fmt::format("~/v\\d+/group{}/(?<id>[0-9a-z]+)$", item)};
  else if (kind < 6)
    match.paths = {fmt::format("/service{}", item)};
  else
    match.paths = {fmt::format("/service{}/resource{}/action", item / 2, item)};
  if (kind == 7) match.methods = {"GET", "POST"};
  if (kind >= 8) match.headers = {{"x-version", {fmt::format("v{}", number % 7)}}};
  return match;
}

Request make_request(const RouteMatch& match, std::uint64_t chance) {
  Request request;
  request.host =
      match.hosts[0].starts_with('*') ? "any" + match.hosts[0].substr(1) : match.hosts[0];
  const std::string& path = match.paths[0];
  if (path.starts_with('~')) {
    const std::size_t begin = path.find("/group");
    const std::size_t end = path.find("/(", begin);
    request.path =
        fmt::format("/v{}{}/{}", chance % 9, path.substr(begin, end - begin), chance % 99991);
  } else {
    request.path = path + (chance % 3 == 0 ? "" : "/tail/of/the/path");
  }
  static_cast<void>(request.headers.add("user-agent", "bench/1"));
  static_cast<void>(request.headers.add("accept", "*/*"));
  if (!match.headers.empty())
    static_cast<void>(request.headers.add(match.headers[0].first, match.headers[0].second[0]));
  return request;
}

std::size_t resident_bytes() {
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

void measure_matches(const Router& router, std::vector<Request>& requests, std::string_view name) {
  std::vector<double> times;
  times.reserve(requests.size());
  std::size_t found = 0;
  // Eight at a time, since the clock itself takes a twentieth of a microsecond.
  constexpr std::size_t batch = 8;
  for (std::size_t round = 0; round < 4; ++round) {
    if (round == 1) times.clear();  // the first one warms up
    for (std::size_t i = 0; i + batch <= requests.size(); i += batch) {
      const auto begin = Clock::now();
      for (std::size_t j = i; j < i + batch; ++j) {
        const Request& request = requests[j];
        found += router.match({.method = request.method,
                               .host = request.host,
                               .port = 80,
                               .path = request.path,
                               .headers = request.headers})
                             .route != nullptr
                     ? 1U
                     : 0U;
      }
      times.push_back(std::chrono::duration<double, std::nano>(Clock::now() - begin).count() /
                      batch);
    }
  }
  std::ranges::sort(times);
  fmt::print("{}: median {:.0f} ns, p99 {:.0f} ns a match; {:.1f} % found a route\n", name,
             times[times.size() / 2], times[times.size() * 99 / 100],
             100.0 * static_cast<double>(found) / static_cast<double>(4 * requests.size()));
}

void run(std::size_t count, bool with_regex, bool as_expressions) {
  std::vector<std::unique_ptr<Route>> routes;
  std::vector<RouteMatch> matches;
  for (std::size_t i = 0; i < count; ++i)
    routes.push_back(std::make_unique<Route>());
  std::vector<Request> requests;
  std::mt19937_64 random(7);
  for (std::size_t i = 0; i < 100'000; ++i)
    requests.push_back(make_request(make_route(random() % count, with_regex), random()));

  const std::size_t before = resident_bytes();
  matches.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    RouteMatch match = make_route(i, with_regex);
    match.route = routes[i].get();
    if (as_expressions) {
      const auto compiled = Expression::compile(fmt::format(
          "http.host == \"{}\" && http.path ^= \"{}\"", match.hosts[0], match.paths[0]));
      if (!compiled) std::abort();
      match.expression = *compiled;
    }
    matches.push_back(std::move(match));
  }
  std::vector<RouteProblem> problems;
  const auto begin = Clock::now();
  const Router router(std::move(matches), problems);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (!problems.empty()) std::abort();
  const std::string name = fmt::format("{} {}routes{}", count, as_expressions ? "expression " : "",
                                       with_regex ? ", 3 in 10 with a regex" : "");
  fmt::print("{}: {:.2f} s to build, {} bytes resident a route\n", name, seconds,
             (resident_bytes() - before) / count);
  measure_matches(router, requests, name);
}

}  // namespace

int main() {
  run(100'000, false, false);
  run(100'000, true, false);
  run(100'000, false, true);
  run(10, false, false);
  return 0;
}
