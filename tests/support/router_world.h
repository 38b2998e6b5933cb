#pragma once
// Random routes, requests and changes for the router, from a seed: a configuration that changes,
// held against a naive answer. SLUICE_ROUTER_SEED=N in the environment plays one seed alone.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/router_cases.h"

namespace sluice::testing {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  bool one_in(std::size_t count) { return below(count) == 0; }

  std::string of(std::initializer_list<const char*> texts) {
    return texts.begin()[below(texts.size())];
  }

  /// One to three different ones.
  std::string some_of(std::initializer_list<const char*> texts, char separator) {
    std::vector<std::string> chosen;
    for (std::size_t i = 0, count = 1 + below(3); i < count; ++i)
      if (const std::string text = of(texts); std::ranges::find(chosen, text) == chosen.end())
        chosen.push_back(text);
    return fmt::format("{}", fmt::join(chosen, std::string(1, separator)));
  }

  /// Few letters, so that paths share prefixes.
  std::string path() {
    std::string text = "/";
    for (std::size_t i = below(7); i > 0; --i) {
      const char byte = "ab1/"[below(4)];
      if (byte != '/' || text.back() != '/') text += byte;
    }
    return text;
  }

 private:
  std::mt19937_64 random_;
};

inline std::string random_request(Chance& chance) {
  std::string line = chance.of({"GET", "GET", "POST", "PURGE", "COPY"}) + " " +
                     chance.of({"a.com", "b.com", "x.a.com", "y.x.a.com", "a.org", "x.a.org", "c",
                                ".com", "a.com:81", "x.a.com:81", "a."}) +
                     " " + chance.path();
  if (chance.one_in(3)) line += "?" + chance.of({"q=1", "q=2&q=1", "q", "p=1", "q=a%20b&p=2"});
  if (chance.one_in(2)) line += " x-a:" + chance.of({"1", "2", "12", "one", "3"});
  if (chance.one_in(6)) line += " X-A:" + chance.of({"1", "2"});
  if (chance.one_in(3)) line += " x-b:" + chance.of({"1", "2"});
  if (chance.one_in(2))
    line += " scheme=https sni=" + chance.of({"a.com", "x.a.com", "b.org", "c"});
  if (chance.one_in(2)) line += " src=" + chance.of({"10.0.0.1:99", "10.1.1.1:1", "11.0.0.1:99"});
  if (chance.one_in(2)) line += " dst=" + chance.of({"127.0.0.1:80", "127.0.0.1:81", "1.1.1.1:80"});
  return line;
}

inline std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The seeds to play: all of them, or the one that the environment names.
inline std::vector<std::uint64_t> router_seeds(std::uint64_t count) {
  if (const char* one = std::getenv("SLUICE_ROUTER_SEED")) return {number_of(one)};
  std::vector<std::uint64_t> all(count);
  for (std::uint64_t i = 0; i < count; ++i)
    all[i] = i + 1;
  return all;
}

/// A configuration that changes, with its router.
class World {
 public:
  explicit World(std::uint64_t seed, std::string (*make_route)(Chance&, std::size_t))
      : seed_(seed), chance_(seed), make_route_(make_route) {}

  Chance& chance() { return chance_; }

  void build() {
    for (std::size_t i = chance_.below(25); i > 0; --i)
      put(add());
    router_ = std::make_unique<Router>(routes_, problems_);
  }

  /// Some routes are changed, added and removed; the router is made of the one before.
  void change() {
    RouterChanges changes;
    for (std::size_t i = chance_.below(4); i > 0; --i) {
      RouteMatch made = add();
      if (!routes_.empty() && chance_.one_in(2))
        made.id = routes_[chance_.below(routes_.size())].id;
      std::erase_if(changes.put, [&](const auto& each) { return each.id == made.id; });
      changes.put.push_back(made);
      put(std::move(made));
    }
    if (!routes_.empty() && chance_.one_in(2)) {
      const config::Uuid id = routes_[chance_.below(routes_.size())].id;
      std::erase_if(changes.put, [&](const auto& each) { return each.id == id; });
      std::erase_if(routes_, [&](const auto& each) { return each.id == id; });
      changes.removed.push_back(id);
    }
    router_ = std::make_unique<Router>(*router_, std::move(changes), problems_);
  }

  void expect_answer(std::string (*expected)(const std::vector<RouteMatch>&, const Question&),
                     const std::string& line) {
    const RequestLine request(line);
    const Question question = request.question();
    const Answer answer = router_->match(question);
    const std::string found =
        answer.route == nullptr
            ? "-"
            : fmt::format("{}@{}", answer.route->name, question.path.substr(0, answer.path.size));
    ASSERT_EQ(found, expected(routes_, question)) << "SLUICE_ROUTER_SEED=" << seed_ << "\n"
                                                  << line << "\n  of\n  " << text();
    ASSERT_EQ(router_->size(), routes_.size());
    ASSERT_TRUE(problems_.empty());
  }

 private:
  std::string text() const {
    std::string lines;
    for (const RouteMatch& route : routes_)
      for (const std::string& line : lines_)
        if (line.starts_with(route.route->name + " ")) lines += line + "\n  ";
    return lines;
  }

  RouteMatch add() {
    lines_.push_back(make_route_(chance_, lines_.size()));
    return table_.read_route(lines_.back());
  }

  /// Instead of the one with that id, or as the last.
  void put(RouteMatch route) {
    const auto old = std::ranges::find(routes_, route.id, &RouteMatch::id);
    if (old != routes_.end())
      *old = std::move(route);
    else
      routes_.push_back(std::move(route));
  }

  std::uint64_t seed_;
  Chance chance_;
  std::string (*make_route_)(Chance&, std::size_t);
  RouteTable table_{{}};
  std::vector<std::string> lines_;
  std::vector<RouteMatch> routes_;
  std::vector<RouteProblem> problems_;
  std::unique_ptr<const Router> router_;
};

}  // namespace sluice::testing
