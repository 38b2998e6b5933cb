#pragma once
// Compiles matchers into the tables of a Router.

#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/router/router.h"

namespace sluice {

class RouterBuilder {
 public:
  RouterBuilder(Router& router, std::vector<RouteProblem>& problems, const Router* previous)
      : router_(router), problems_(problems), previous_(previous) {}

  void build();

 private:
  struct Compiled {
    const Conditions* conditions = nullptr;
    MethodBits methods = 0;
    bool failed = false;
  };

  Compiled compile(const RouteMatch& match, std::size_t index);
  HeaderCondition compile_header(const std::pair<std::string, std::vector<std::string>>& header,
                                 std::size_t route, std::size_t index);
  std::shared_ptr<const Regex> path_regex(std::string_view path, std::size_t route,
                                          std::size_t index);
  void add_ways(const Candidate& candidate, std::uint32_t index, const Compiled& compiled);
  void add_keys(const RouteMatch& match, std::string_view prefix);
  void add_keys(const Expression::Keys& keys);
  std::uint32_t root_of(const HostPattern& pattern);

  Router& router_;
  std::vector<RouteProblem>& problems_;
  const Router* previous_;
  std::vector<PathTree::Key> keys_;
  std::forward_list<std::string> texts_;  ///< that keys_ borrows
  std::uint32_t roots_ = 1;
  bool failed_ = false;
};

}  // namespace sluice
