#include "gateway/router/router.h"

#include <array>

#include "gateway/router/builder.h"

namespace sluice {

/// One question on its way through the trees. Of each list that a prefix leads to, only what
/// precedes the best way so far is looked at.
class Router::Search {
 public:
  Search(const Router& router, const Question& question) : router_(router), question_(question) {}

  void look_in(std::uint32_t root) {
    std::array<std::span<const PathTree::Entry>, 24> lists;
    std::size_t count = 0;
    router_.paths_.walk(root, question_.path, [&](std::span<const PathTree::Entry> entries) {
      if (count == lists.size()) {
        scan(entries);
        return;
      }
      lists[count++] = entries;
    });
    // Long prefixes first: of routes that are alike otherwise, they win.
    while (count > 0)
      scan(lists[--count]);
  }

  Answer answer() const {
    if (best_ == no_way) return {};
    const Candidate& candidate = router_.candidates_[router_.ways_[best_].candidate];
    return {router_.routes_[candidate.route].route, path_};
  }

 private:
  void scan(std::span<const PathTree::Entry> entries) {
    for (const PathTree::Entry& entry : entries) {
      if (entry.way >= best_) return;
      if (entry.port != 0 && entry.port != question_.port) continue;
      PathMatch path;
      if (!admits(router_.ways_[entry.way], path)) continue;
      best_ = entry.way;
      path_ = path;
      return;
    }
  }

  bool admits(const Way& way, PathMatch& path) {
    if (way.methods != 0) {
      if (method_ == 0) method_ = bit_of_method(question_.method);
      if ((way.methods & method_) == 0) return false;
      if (method_ == other_method && !way.conditions->admits_method(way.methods, question_))
        return false;
    }
    path.size = way.prefix_size;
    if (way.conditions != nullptr && way.conditions->mismatch(question_, path) != Mismatch::none)
      return false;
    if (way.regex == nullptr) return true;
    const auto found = way.regex->find(question_.path);
    if (!found) return false;
    path = {found->size(), way.regex};
    return true;
  }

  const Router& router_;
  const Question& question_;
  std::uint32_t best_ = no_way;
  PathMatch path_;
  MethodBits method_ = 0;  ///< the question's, once it is needed
};

Router::Router(std::vector<RouteMatch> routes, std::vector<RouteProblem>& problems,
               const Router* previous)
    : routes_(std::move(routes)) {
  RouterBuilder(*this, problems, previous).build();
}

Answer Router::match(const Question& question) const noexcept {
  Search search(*this, question);
  visit_hosts(question.host, [&](std::uint32_t root) { search.look_in(root); });
  return search.answer();
}

}  // namespace sluice
