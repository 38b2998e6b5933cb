#pragma once
// Why a route is the answer, and why others are not: the router's own conditions, one after another
// instead of the first that fails. For people; the hot path is Router::match.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gateway/router/router.h"

namespace sluice {

/// One attribute that a request does not satisfy.
struct Misfit {
  Mismatch field = Mismatch::none;
  std::string wanted;  ///< of the configuration; a failed predicate of an expression
  std::string found;   ///< of the request; empty: it has none
};

/// What one candidate says to a request.
struct Verdict {
  std::size_t rank = 0;         ///< its place in the order of evaluation, from 0
  std::uint32_t candidate = 0;  ///< index of Router::candidates()
  std::vector<Misfit> misfits;  ///< empty: it admits the request
};

class RouterInspector {
 public:
  /// Values of fields with one of `secrets`, and of those that always hold credentials, are not
  /// told. Both live as long as this.
  RouterInspector(const Router& router, std::span<const std::string> secrets)
      : router_(router), secrets_(secrets) {}

  /// All that the candidate at that place has against the request.
  Verdict examine(std::size_t rank, const Question& question) const;

  /// The candidates up to the first that admits the request, which is the router's answer; all
  /// where none does. Looks at `candidates_max` at most.
  std::vector<Verdict> examine_all(const Question& question,
                                   std::size_t candidates_max = SIZE_MAX) const;

 private:
  void examine_host(const RouteMatch& match, const Question& question, Verdict& verdict) const;
  void examine_path(const CompiledRoute& route, const Candidate& candidate,
                    const Question& question, Verdict& verdict) const;
  void examine_header(const HeaderCondition& condition,
                      const std::pair<std::string, std::vector<std::string>>& wanted,
                      const Question& question, Verdict& verdict) const;
  void examine_expression(const Expression& expression, const Question& question,
                          Verdict& verdict) const;
  void examine_conditions(const RouteMatch& match, const Conditions& conditions,
                          const Question& question, Verdict& verdict) const;

  const Router& router_;
  std::span<const std::string> secrets_;
};

/// Of those that do not admit the request, the `count` that have least against it, in the order of
/// evaluation.
std::vector<const Verdict*> closest(std::span<const Verdict> verdicts, std::size_t count);

/// `10.0.0.0/8:443`, or what of it is given.
std::string text_of(const EndpointMatch& endpoint);

}  // namespace sluice
