// ./dev bench routes: how long one match takes among 100,000 routes, what a route holds, and how
// soon a change of one route is there. Uses the router itself, so that its figures are those of the
// gateway. Each request is made for one route, and the bench fails where another one gets it.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
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
#include "gateway/snapshot.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): this file is nobody's header
using Clock = std::chrono::steady_clock;

enum class Kind : std::uint8_t { plain, method, header, regex };
constexpr std::array<std::string_view, 4> kind_names = {"plain", "method", "header", "regex"};

/// What a configuration is made of.
struct Mix {
  std::string name;
  std::size_t count = 100'000;
  bool with_regex = false;
  bool as_expressions = false;
  bool with_hosts = true;
};

/// 2,000 hosts, one in 20 a wildcard, each with 50 routes: plain prefixes of three depths, regular
/// expressions with a capture, all of them different, methods and headers.
struct Plan {
  std::size_t number;
  Kind kind;
  std::string host, prefix, regex, header;

  Plan(std::size_t of, const Mix& mix) : number(of), kind(kind_of(of % 10, mix)) {
    const std::size_t group = number / 50;
    const std::size_t item = number % 50;
    if (mix.with_hosts)
      host = group % 20 == 0 ? fmt::format("*.wild{}.example.com", group)
                             : fmt::format("api{}.example.com", group);
    const std::string base = mix.with_hosts ? "" : fmt::format("/team{}", group);
    if (kind == Kind::regex)
      regex = fmt::format("{}/v\\d+/group{}/(?<id>[0-9a-z]+)$", base, number);
    else if (number % 10 < 6)
      prefix = fmt::format("{}/service{}", base, item);
    else
      prefix = fmt::format("{}/service{}/resource{}/action", base, item / 2, item);
    if (kind == Kind::header) header = fmt::format("v{}", number % 7);
  }

  static Kind kind_of(std::size_t place, const Mix& mix) {
    if (place < 3 && mix.with_regex) return Kind::regex;
    return place == 7 ? Kind::method : place > 7 ? Kind::header : Kind::plain;
  }

  RouteMatch match() const {
    RouteMatch made;
    for (std::size_t i = 0; i < 8; ++i)
      made.id.bytes[i] = static_cast<std::uint8_t>((number * 0x9E3779B97F4A7C15U) >> (8 * i));
    if (!host.empty()) made.hosts = {host};
    made.paths = {regex.empty() ? prefix : "~" + regex};
    if (kind == Kind::method) made.methods = {"GET", "POST"};
    if (!header.empty()) made.headers = {{"x-version", {header}}};
    return made;
  }

  /// The same as an expression, with the priority that makes the more special one win.
  RouteMatch expression() const {
    RouteMatch made;
    made.id = match().id;
    std::string text = host.starts_with('*') ? fmt::format("http.host =^ \"{}\"", host.substr(1))
                                             : fmt::format("http.host == \"{}\"", host);
    text += regex.empty() ? fmt::format(" && http.path ^= \"{}\"", prefix)
                          : fmt::format(" && http.path ~ r#\"^{}\"#", regex);
    if (kind == Kind::method) text += R"( && (http.method == "GET" || http.method == "POST"))";
    if (!header.empty())
      text += fmt::format(" && any(lower(http.headers.x_version)) == \"{}\"", header);
    auto compiled = Expression::compile(text);
    if (!compiled) std::abort();
    made.expression = *std::move(compiled);
    made.priority = prefix.size() + (kind == Kind::plain ? 0U : 1000U);
    return made;
  }
};

/// One that the route of a plan gets.
struct Request {
  std::string host;
  std::string path;
  http::Headers headers;
  std::uint32_t route = 0;
  Kind kind = Kind::plain;

  Request(const Plan& plan, std::uint64_t chance)
      : host(plan.host.starts_with('*') ? "any" + plan.host.substr(1) : plan.host),
        route(static_cast<std::uint32_t>(plan.number)),
        kind(plan.kind) {
    if (plan.regex.empty()) {
      path = plan.prefix + (chance % 3 == 0 ? "" : "/tail/of/the/path");
    } else {
      const std::size_t escape = plan.regex.find("\\d+");
      path = fmt::format("{}{}{}{}", plan.regex.substr(0, escape), chance % 9,
                         plan.regex.substr(escape + 3, plan.regex.find('(') - escape - 3),
                         chance % 99991);
    }
    static_cast<void>(headers.add("user-agent", "bench/1"));
    static_cast<void>(headers.add("accept", "*/*"));
    if (!plan.header.empty()) static_cast<void>(headers.add("x-version", plan.header));
  }

  Question question() const {
    return {.method = "GET", .host = host, .port = 80, .path = path, .headers = headers};
  }

  /// A request that was just read is in the processor's cache; one of 100,000 others is not.
  std::size_t touch() const {
    std::size_t sum = 0;
    for (const char byte : host + path)
      sum += static_cast<unsigned char>(byte);
    for (const http::Headers::Field& field : headers.fields())
      for (const char byte : field.value())
        sum += static_cast<unsigned char>(byte);
    return sum;
  }
};

std::size_t resident_bytes() {
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median_of(std::vector<double>& times, std::size_t percent = 50) {
  std::ranges::sort(times);
  return times.empty() ? 0 : times[times.size() * percent / 100];
}

volatile std::size_t sink = 0;
bool all_right = true;

class Bench {
 public:
  explicit Bench(Mix mix) : mix_(std::move(mix)) {
    for (std::size_t i = 0; i < mix_.count; ++i)
      routes_.push_back(std::make_shared<const Route>());
    std::mt19937_64 random(7);
    for (std::size_t i = 0; i < 100'000; ++i)
      requests_.emplace_back(Plan(random() % mix_.count, mix_), random());
    const std::size_t before = resident_bytes();
    std::vector<RouteMatch> matches;
    matches.reserve(mix_.count);
    for (std::size_t i = 0; i < mix_.count; ++i)
      matches.push_back(match(i));
    const auto begin = Clock::now();
    router_ = std::make_unique<Router>(std::move(matches), problems_);
    const double seconds = seconds_since(begin);
    if (!problems_.empty()) std::abort();
    fmt::print("{}: {:.0f} ms to build, {} bytes resident a route\n", mix_.name, seconds * 1e3,
               (resident_bytes() - before) / mix_.count);
  }

  void run() {
    check();
    std::vector<const Request*> all;
    std::array<std::vector<const Request*>, kind_names.size()> by_kind;
    for (const Request& request : requests_) {
      all.push_back(&request);
      by_kind[static_cast<std::size_t>(request.kind)].push_back(&request);
    }
    std::vector<double> times = measure(all);
    std::string kinds;
    for (std::size_t i = 0; i < by_kind.size(); ++i)
      if (std::vector<double> own = measure(by_kind[i]); !own.empty())
        kinds +=
            fmt::format("{}{} {:.0f}", kinds.empty() ? "" : ", ", kind_names[i], median_of(own));
    fmt::print("  median {:.0f} ns a match ({}), p99 {:.0f} ns; {} requests got their route\n",
               median_of(times), kinds, median_of(times, 99), all.size());
    if (mix_.count > 1000) change();
  }

 private:
  RouteMatch match(std::size_t number) const {
    const Plan plan(number, mix_);
    RouteMatch made = mix_.as_expressions ? plan.expression() : plan.match();
    made.route = routes_[number];
    return made;
  }

  void check() {
    std::size_t wrong = 0;
    for (const Request& request : requests_)
      if (router_->match(request.question()).route != routes_[request.route].get()) ++wrong;
    if (wrong == 0) return;
    all_right = false;
    fmt::print("  WRONG: {} of {} requests went to another route\n", wrong, requests_.size());
  }

  /// Eight at a time, since the clock itself takes a twentieth of a microsecond.
  std::vector<double> measure(const std::vector<const Request*>& requests) const {
    constexpr std::size_t batch = 8;
    std::vector<double> times;
    for (std::size_t round = 0; round < 3; ++round) {
      if (round == 1) times.clear();  // the first one warms up
      for (std::size_t i = 0; i + batch <= requests.size(); i += batch) {
        std::size_t sum = 0;
        for (std::size_t j = i; j < i + batch; ++j)
          sum += requests[j]->touch();
        const auto begin = Clock::now();
        for (std::size_t j = i; j < i + batch; ++j)
          sum += router_->match(requests[j]->question()).path.size;
        times.push_back(seconds_since(begin) * 1e9 / batch);
        sink = sink + sum;
      }
    }
    return times;
  }

  /// One route's path becomes another.
  void change() {
    std::vector<double> times;
    for (std::size_t i = 0; i < 9; ++i) {
      const std::size_t number = i * mix_.count / 9;
      RouterChanges changes;
      changes.put.push_back(match(number));
      changes.put[0].expression = nullptr;
      changes.put[0].paths = {fmt::format("/changed{}", i)};
      const auto begin = Clock::now();
      const Router next(*router_, std::move(changes), problems_);
      times.push_back(seconds_since(begin) * 1e3);
      if (!problems_.empty() || next.size() != mix_.count) std::abort();
    }
    fmt::print("  a change of one route: median {:.1f} ms, slowest {:.1f} ms\n", median_of(times),
               times.back());
  }

  Mix mix_;
  std::vector<std::shared_ptr<const Route>> routes_;
  std::deque<Request> requests_;
  std::vector<RouteProblem> problems_;
  std::unique_ptr<const Router> router_;
};

/// A configuration whole, and one route of it changed: what an Admin API will do.
void change_snapshot() {
  config::LoadedFile file;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    config::Service& service = file.services.emplace_back();
    service.id.bytes[0] = static_cast<std::uint8_t>(i);
    service.host = fmt::format("upstream{}", i);
  }
  const Mix mix;
  for (std::size_t i = 0; i < mix.count; ++i) {
    const RouteMatch match = Plan(i, mix).match();
    config::Route& route = file.routes.emplace_back();
    route.id = match.id;
    route.hosts = match.hosts;
    route.paths = match.paths;
    route.methods = match.methods;
    route.headers = match.headers;
    route.service_index = static_cast<std::uint32_t>(i % file.services.size());
  }
  config::Diagnostics diagnostics;
  const auto begin = Clock::now();
  auto snapshot = Snapshot::compile(file, {}, diagnostics);
  const double whole = seconds_since(begin) * 1e3;
  std::vector<double> times;
  for (std::size_t i = 0; i < 9 && snapshot != nullptr; ++i) {
    RouteChanges changes;
    changes.put.push_back(file.routes[i * mix.count / 9]);
    changes.put[0].paths = {fmt::format("/changed{}", i)};
    const auto start = Clock::now();
    snapshot = Snapshot::compile(*snapshot, changes, {}, diagnostics);
    times.push_back(seconds_since(start) * 1e3);
  }
  if (snapshot == nullptr || snapshot->route_count() != mix.count) std::abort();
  fmt::print(
      "a snapshot of 100,000 routes: {:.0f} ms to compile; a change of one: median {:.1f} ms, "
      "slowest {:.1f} ms\n",
      whole, median_of(times), times.back());
}

}  // namespace

/// All mixes, or the one with that name: "10 routes".
int main(int count, char** arguments) {
  const std::string_view only = count > 1 ? arguments[1] : "";
  for (const Mix& mix : {Mix{.name = "100,000 routes"},
                         Mix{.name = "100,000 routes, 3 in 10 with a regex", .with_regex = true},
                         Mix{.name = "100,000 routes without hosts", .with_hosts = false},
                         Mix{.name = "100,000 expressions", .as_expressions = true},
                         Mix{.name = "100,000 expressions, 3 in 10 with a regex",
                             .with_regex = true,
                             .as_expressions = true},
                         Mix{.name = "10 routes", .count = 10}})
    if (only.empty() || mix.name == only) Bench(mix).run();
  if (only.empty()) change_snapshot();
  if (!all_right) fmt::print("some requests went to the wrong route\n");
  return all_right ? 0 : 1;
}
