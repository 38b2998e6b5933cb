#include "gateway/router/router.h"

#include <array>
#include <cstring>

#include "base/run_pattern.h"
#include "gateway/router/builder.h"

namespace sluice {
namespace {

/// Whether `text` holds `part`, which is not empty.
bool holds_literal(std::string_view text, std::string_view part) noexcept {
  return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

}  // namespace

/// One question on its way through the trees. Of each list that a prefix leads to, only what
/// precedes the best entry so far is looked at.
class Router::Search {
 public:
  explicit Search(const Question& question) : question_(question) {}

  void look_in(const HostRoutes& routes) {
    if (best_ != nullptr && best_->priority > routes.top_priority()) return;

    struct List {
      const Entry* begin;
      const Entry* end;
    };

    List lists[24];  // NOLINT(modernize-avoid-c-arrays): not filled in
    std::size_t count = 0;
    routes.walk(question_.path, [&](std::span<const Entry> entries) {
      const Entry* const begin = entries.data();
      if (count == std::size(lists))
        scan(routes, begin, begin + entries.size());
      else
        lists[count++] = {begin, begin + entries.size()};
    });
    // Long prefixes first: of routes that are alike otherwise, they win.
    while (count > 0) {
      --count;
      scan(routes, lists[count].begin, lists[count].end);
    }
  }

  Answer answer() const {
    if (best_ == nullptr) return {};
    return {best_->route, path_};
  }

 private:
  using Entry = HostRoutes::Entry;

  void scan(const HostRoutes& routes, const Entry* entry, const Entry* end) {
    for (; entry != end; ++entry) {
      if (best_ != nullptr && !entry->precedes(*best_)) return;
      if (entry->port != 0 && entry->port != question_.port) continue;
      PathMatch path;
      if (!admits(routes, *entry, path)) continue;
      best_ = entry;
      path_ = path;
      return;
    }
  }

  bool admits(const HostRoutes& routes, const Entry& entry, PathMatch& path) {
    if (entry.methods != 0) {
      if (method_ == 0) method_ = bit_of_method(question_.method);
      if ((entry.methods & method_) == 0) return false;
      if (method_ == other_method && !entry.conditions->admits_method(entry.methods, question_))
        return false;
    }
    std::size_t matched = 0;
    RunOutcome runs = RunOutcome::unknown;
    if (entry.check == Entry::Check::runs)
      runs = match_run_pattern(routes.check_of(entry), question_.path, matched);
    if (runs == RunOutcome::differs || (entry.check == Entry::Check::literal &&
                                        !holds_literal(question_.path, routes.check_of(entry))))
      return false;
    path.size = entry.prefix_size;
    if (entry.conditions != nullptr &&
        entry.conditions->mismatch_of_found(question_, path) != Mismatch::none)
      return false;
    if (entry.regex == nullptr) return true;
    if (runs == RunOutcome::unknown) {
      const auto found = entry.regex->find(question_.path);
      if (!found) return false;
      matched = found->size();
    }
    path = {matched, entry.regex};
    return true;
  }

  const Question& question_;
  const Entry* best_ = nullptr;
  PathMatch path_;
  MethodBits method_ = 0;  ///< the question's, once it is needed
};

Router::Router(std::vector<RouteMatch> routes, std::vector<RouteProblem>& problems,
               const Router* previous) {
  RouterBuilder(*this, problems).build(std::move(routes), previous);
}

Router::Router(const Router& previous, RouterChanges changes, std::vector<RouteProblem>& problems) {
  RouterBuilder(*this, problems).change(previous, std::move(changes));
}

std::vector<const HostRoutes*> Router::routes_of_host(std::string_view host) const {
  std::vector<const HostRoutes*> found;
  const auto look_up = [&](const HostTable& table, std::string_view text) {
    if (const HostRoutes* routes = table.find(text); routes != nullptr) found.push_back(routes);
  };
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos;
       dot = host.find('.', dot + 1)) {
    if (dot > 0) look_up(suffixes_, host.substr(dot));
    if (dot + 1 < host.size()) look_up(prefixes_, host.substr(0, dot + 1));
  }
  look_up(exact_hosts_, host);
  if (any_host_ != nullptr) found.push_back(any_host_.get());
  return found;
}

Answer Router::match(const Question& question) const noexcept {
  Search search(question);
  const HostRoutes* const exact = exact_hosts_.empty() ? nullptr : exact_hosts_.find(question.host);
  if (exact != nullptr) exact->prefetch();
  visit_wildcards(question.host, [&](const HostRoutes& routes) { search.look_in(routes); });
  if (exact != nullptr) search.look_in(*exact);
  if (any_host_ != nullptr) search.look_in(*any_host_);
  return search.answer();
}

}  // namespace sluice
