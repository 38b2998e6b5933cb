#include "gateway/router/conditions.h"

#include <algorithm>
#include <array>

#include "http/text.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 9> known_methods = {
    "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "CONNECT"};

/// Kong turns "-" into "_" on the way through its expressions, so that both are one.
bool is_name(std::string_view name, std::string_view wanted) noexcept {
  return name.size() == wanted.size() &&
         std::ranges::equal(name, wanted, [](char given, char want) {
           return http::lower(given) == want || (given == '_' && want == '-');
         });
}

}  // namespace

MethodBits bit_of_method(std::string_view method) noexcept {
  for (std::size_t i = 0; i < known_methods.size(); ++i)
    if (method == known_methods[i]) return static_cast<MethodBits>(1U << i);
  return other_method;
}

bool HeaderCondition::is_meant(const http::Headers::Field& field) const noexcept {
  return id != http::HeaderId::other ? field.id == id : is_name(field.name(), name);
}

bool HeaderCondition::admits(const http::Headers& request) const noexcept {
  for (const http::Headers::Field& field : request.fields()) {
    if (!is_meant(field)) continue;
    const std::string_view value = field.value();
    for (std::size_t at = 0, end = 0; at < values.size(); at = end + 1) {
      end = values.find('\0', at);
      if (http::equal_ignoring_case(value, std::string_view(values).substr(at, end - at)))
        return true;
    }
    for (const auto& regex : regexes)
      if (regex->matches(value)) return true;
  }
  return false;
}

bool Conditions::admits_method(MethodBits methods, const Question& question) const noexcept {
  const MethodBits bit = bit_of_method(question.method);
  if ((methods & bit) == 0) return false;
  return bit != other_method ||
         std::ranges::find(other_methods, question.method) != other_methods.end();
}

bool Conditions::admits_sni(const Question& question) const noexcept {
  return snis.empty() || question.scheme != "https" ||
         std::ranges::any_of(
             snis, [&](const HostPattern& pattern) { return pattern.matches(question.sni); });
}

bool has_endpoint(const std::vector<EndpointMatch>& endpoints, const Address* address) noexcept {
  return address != nullptr && std::ranges::any_of(endpoints, [&](const EndpointMatch& endpoint) {
           return (!endpoint.network || endpoint.network->contains(*address)) &&
                  (endpoint.port == 0 || endpoint.port == address->port);
         });
}

Mismatch Conditions::mismatch_of_found(const Question& question, PathMatch& path) const noexcept {
  if (expression != nullptr && !expression->admits_found(question, path))
    return Mismatch::expression;
  if (!scheme.empty() && question.scheme != scheme) return Mismatch::protocol;
  for (const HeaderCondition& header : headers)
    if (!header.admits(question.headers)) return Mismatch::header;
  if (!admits_sni(question)) return Mismatch::sni;
  if (!sources.empty() && !has_endpoint(sources, question.source)) return Mismatch::source;
  if (!destinations.empty() && !has_endpoint(destinations, question.destination))
    return Mismatch::destination;
  return Mismatch::none;
}

std::string_view name_of(Mismatch mismatch) noexcept {
  static constexpr std::array<std::string_view, 11> names = {
      "none", "host",   "port",        "path",     "method",    "header",
      "sni",  "source", "destination", "protocol", "expression"};
  return names[static_cast<std::size_t>(mismatch)];
}

}  // namespace sluice
