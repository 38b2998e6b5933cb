#pragma once
// What a route asks of a request beyond its host and path.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "gateway/router/expression.h"
#include "gateway/router/question.h"
#include "gateway/router/ranking.h"
#include "gateway/router/route_match.h"
#include "http/header_id.h"

namespace sluice {

/// Methods as bits: one for each of RFC 9110 and PATCH, and one for all others.
using MethodBits = std::uint16_t;
inline constexpr MethodBits other_method = 1 << 15;

MethodBits bit_of_method(std::string_view method) noexcept;

/// A field that must have one of some values, compared in any case.
struct HeaderCondition {
  http::HeaderId id = http::HeaderId::other;
  std::string name;    ///< lower case, '_' as '-'
  std::string values;  ///< lower case, each with a NUL behind it: one value is near
  std::vector<std::shared_ptr<const Regex>> regexes;

  /// Whether the condition is about this field.
  bool is_meant(const http::Headers::Field& field) const noexcept;
  bool admits(const http::Headers& headers) const noexcept;
};

/// Immutable. A route without any has no object.
struct Conditions {
  std::vector<HeaderCondition> headers;
  std::shared_ptr<const Expression> expression;  ///< for what of it is not among the others
  std::string_view scheme;                       ///< RouteMatch::scheme
  std::vector<HostPattern> snis;
  std::vector<EndpointMatch> sources;
  std::vector<EndpointMatch> destinations;
  std::vector<std::string> other_methods;  ///< the methods behind other_method

  bool empty() const noexcept {
    return expression == nullptr && scheme.empty() && other_methods.empty() && headers.empty() &&
           snis.empty() && sources.empty() && destinations.empty();
  }

  bool admits_method(MethodBits methods, const Question& question) const noexcept;
  /// Server names only count where there is a handshake (Kong/kong#6425).
  bool admits_sni(const Question& question) const noexcept;

  /// The first attribute that a request which was found by host and path does not satisfy, methods
  /// aside; `none` where it satisfies all. `path` becomes what an expression matched of it.
  Mismatch mismatch_of_found(const Question& question, PathMatch& path) const noexcept;
};

/// Whether a list of `sources` or `destinations` has the address; an unknown one is in none.
bool has_endpoint(const std::vector<EndpointMatch>& endpoints, const Address* address) noexcept;

}  // namespace sluice
