#pragma once
// Which route a request belongs to: Kong's traditional_compatible order (kong.md §2). Built once
// for a snapshot, immutable, shared by all workers.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/router/conditions.h"
#include "gateway/router/path_tree.h"
#include "gateway/router/question.h"
#include "gateway/router/ranking.h"
#include "gateway/router/route_match.h"
#include "gateway/router/text_table.h"

namespace sluice {

/// A matcher that cannot be compiled.
struct RouteProblem {
  enum class Field : std::uint8_t { path, header };

  std::size_t route = 0;  ///< its index in what the router was to be built of
  Field field = Field::path;
  std::size_t index = 0;  ///< of the path, or of the header
  std::string message;    ///< continues "regular expression: "
};

class Router {
 public:
  /// A route for which there is a problem matches nothing. Regular expressions that `previous` has
  /// are shared with it: compiling them is most of the work.
  Router(std::vector<RouteMatch> routes, std::vector<RouteProblem>& problems,
         const Router* previous = nullptr);

  /// The first route in the order of evaluation that admits the request. No allocation, no lock.
  Answer match(const Question& question) const noexcept;

  std::size_t size() const noexcept { return routes_.size(); }

  /// As they were given.
  std::span<const RouteMatch> routes() const noexcept { return routes_; }

  /// In the order of evaluation.
  std::span<const Candidate> candidates() const noexcept { return candidates_; }

 private:
  friend class RouterBuilder;
  friend class RouterInspector;

  static constexpr std::uint32_t no_way = UINT32_MAX;
  static constexpr std::uint32_t any_host = 0;  ///< the tree of routes without hosts

  /// A candidate with one of its paths: what host and path of a request lead to.
  struct Way {
    const Conditions* conditions = nullptr;  ///< null: none
    const Regex* regex = nullptr;            ///< null: the path is a plain prefix
    std::uint32_t candidate = 0;
    std::uint32_t prefix_size = 0;
    MethodBits methods = 0;  ///< 0: any
  };

  class Search;

  /// Calls `visit` with the tree of each host pattern that `host` fits.
  template <class Visitor>
  void visit_hosts(std::string_view host, Visitor&& visit) const;

  std::vector<RouteMatch> routes_;
  std::vector<Candidate> candidates_;
  std::vector<Way> ways_;  ///< in the order of evaluation
  std::vector<std::unique_ptr<const Conditions>> conditions_;
  std::map<std::string, std::shared_ptr<const Regex>, std::less<>> path_regexes_;
  TextTable exact_hosts_;
  TextTable suffixes_;  ///< ".a.com" of *.a.com
  TextTable prefixes_;  ///< "a." of a.*
  PathTree paths_;
};

template <class Visitor>
void Router::visit_hosts(std::string_view host, Visitor&& visit) const {
  const auto look_up = [&](const TextTable& table, std::string_view text) {
    if (const std::uint32_t root = table.find(text); root != TextTable::absent) visit(root);
  };
  if (!exact_hosts_.empty()) look_up(exact_hosts_, host);
  // At least one character stands for the asterisk.
  if (!suffixes_.empty())
    for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos;
         dot = host.find('.', dot + 1))
      look_up(suffixes_, host.substr(dot));
  if (!prefixes_.empty())
    for (std::size_t dot = host.find('.'); dot != std::string_view::npos && dot + 1 < host.size();
         dot = host.find('.', dot + 1))
      look_up(prefixes_, host.substr(0, dot + 1));
  visit(any_host);
}

}  // namespace sluice
