#include "gateway/router/inspector.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/effective.h"
#include "gateway/secrets.h"
#include "http/text.h"

namespace sluice {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string joined(const std::vector<EndpointMatch>& endpoints) {
  std::vector<std::string> texts;
  for (const EndpointMatch& endpoint : endpoints)
    texts.push_back(text_of(endpoint));
  return joined(texts);
}

std::string text_of(const Address* address) {
  return address == nullptr ? std::string() : address->text();
}

}  // namespace

std::string text_of(const EndpointMatch& endpoint) {
  std::string text;
  if (endpoint.network) {
    const std::string ip = endpoint.network->base.ip_text();
    const bool is_ipv6 = endpoint.network->base.family == Address::Family::ipv6;
    text = endpoint.network->bits == (is_ipv6 ? 128U : 32U)
               ? ip
               : fmt::format("{}/{}", ip, endpoint.network->bits);
    if (is_ipv6 && endpoint.port != 0) text = "[" + text + "]";
  }
  return endpoint.port == 0 ? text : fmt::format("{}:{}", text, endpoint.port);
}

Verdict RouterInspector::examine(std::size_t rank, const Question& question) const {
  const Candidate& candidate = router_.candidates()[rank];
  const CompiledRoute& route = router_.compiled(candidate.route);
  Verdict verdict{rank, static_cast<std::uint32_t>(rank), {}};
  if (route.match.expression == nullptr) {
    examine_host(route.match, question, verdict);
    examine_path(route, candidate, question, verdict);
    const bool admits_method =
        route.methods == 0 ||
        (route.conditions == nullptr ? (route.methods & bit_of_method(question.method)) != 0
                                     : route.conditions->admits_method(route.methods, question));
    if (!admits_method)
      verdict.misfits.push_back(
          {Mismatch::method, joined(route.match.methods), std::string(question.method)});
  }
  if (route.conditions != nullptr)
    examine_conditions(route.match, *route.conditions, question, verdict);
  else if (route.match.expression != nullptr)
    examine_expression(*route.match.expression, question, verdict);
  return verdict;
}

void RouterInspector::examine_host(const RouteMatch& match, const Question& question,
                                   Verdict& verdict) const {
  if (match.hosts.empty()) return;
  bool has_host = false;
  for (const std::string& host : match.hosts) {
    const HostPattern pattern = parse_host_pattern(host);
    if (!pattern.matches(question.host)) continue;
    if (pattern.port == 0 || pattern.port == question.port) return;
    has_host = true;
  }
  if (has_host)
    verdict.misfits.push_back(
        {Mismatch::port, joined(match.hosts), fmt::format("{}", question.port)});
  else
    verdict.misfits.push_back({Mismatch::host, joined(match.hosts), std::string(question.host)});
}

void RouterInspector::examine_path(const CompiledRoute& route, const Candidate& candidate,
                                   const Question& question, Verdict& verdict) const {
  const std::vector<std::uint32_t> paths = paths_of(route.match, candidate);
  if (paths.empty()) return;
  std::vector<std::string> wanted;
  for (const std::uint32_t index : paths) {
    const std::string& path = route.match.paths[index];
    const Regex* regex = route.regex(index);
    if (regex != nullptr ? regex->matches(question.path) : question.path.starts_with(path)) return;
    wanted.push_back(path);
  }
  verdict.misfits.push_back({Mismatch::path, joined(wanted), std::string(question.path)});
}

void RouterInspector::examine_header(const HeaderCondition& condition,
                                     const std::pair<std::string, std::vector<std::string>>& wanted,
                                     const Question& question, Verdict& verdict) const {
  if (condition.admits(question.headers)) return;
  const bool is_hidden =
      is_secret_field(condition.name, secrets_) || config::is_credential_name(condition.name);
  std::vector<std::string> found;
  for (const http::Headers::Field& field : question.headers.fields())
    if (condition.is_meant(field)) found.emplace_back(is_hidden ? redacted_value : field.value());
  verdict.misfits.push_back(
      {Mismatch::header,
       fmt::format("{}: {}", wanted.first,
                   is_hidden ? std::string(redacted_value) : joined(wanted.second)),
       joined(found)});
}

void RouterInspector::examine_expression(const Expression& expression, const Question& question,
                                         Verdict& verdict) const {
  PathMatch path;
  if (expression.admits(question, path)) return;
  for (const Expression::Unmet& unmet : expression.unmet(question)) {
    const ExpressionPredicate& predicate = *unmet.predicate;
    const bool is_hidden = is_secret(predicate, secrets_);
    std::string wanted = describe(predicate, is_hidden);
    if (unmet.holds) wanted.insert(0, "not ");
    std::string found = value_of(predicate, question);
    if (is_hidden && !found.empty()) found = redacted_value;
    verdict.misfits.push_back({Mismatch::expression, std::move(wanted), std::move(found)});
  }
}

void examine_scheme(const Conditions& conditions, const Question& question, Verdict& verdict) {
  if (!conditions.scheme.empty() && question.scheme != conditions.scheme)
    verdict.misfits.push_back(
        {Mismatch::protocol, std::string(conditions.scheme), std::string(question.scheme)});
}

void RouterInspector::examine_conditions(const RouteMatch& match, const Conditions& conditions,
                                         const Question& question, Verdict& verdict) const {
  if (match.expression != nullptr) {
    const std::size_t before = verdict.misfits.size();
    examine_expression(*match.expression, question, verdict);
    if (verdict.misfits.size() == before) examine_scheme(conditions, question, verdict);
    return;
  }
  for (std::size_t i = 0; i < conditions.headers.size(); ++i)
    examine_header(conditions.headers[i], match.headers[i], question, verdict);
  if (!conditions.admits_sni(question))
    verdict.misfits.push_back({Mismatch::sni, joined(match.snis), std::string(question.sni)});
  if (!conditions.sources.empty() && !has_endpoint(conditions.sources, question.source))
    verdict.misfits.push_back({Mismatch::source, joined(match.sources), text_of(question.source)});
  if (!conditions.destinations.empty() &&
      !has_endpoint(conditions.destinations, question.destination))
    verdict.misfits.push_back(
        {Mismatch::destination, joined(match.destinations), text_of(question.destination)});
  examine_scheme(conditions, question, verdict);
}

std::vector<Verdict> RouterInspector::examine_all(const Question& question,
                                                  std::size_t candidates_max) const {
  std::vector<Verdict> verdicts;
  const std::size_t count = std::min(router_.candidates().size(), candidates_max);
  for (std::size_t rank = 0; rank < count; ++rank) {
    verdicts.push_back(examine(rank, question));
    if (verdicts.back().misfits.empty()) break;
  }
  return verdicts;
}

std::vector<const Verdict*> closest(std::span<const Verdict> verdicts, std::size_t count) {
  std::vector<const Verdict*> rejected;
  for (const Verdict& verdict : verdicts)
    if (!verdict.misfits.empty()) rejected.push_back(&verdict);
  if (rejected.size() <= count) return rejected;
  std::ranges::sort(rejected, {}, [](const Verdict* verdict) {
    return std::pair(verdict->misfits.size(), verdict->rank);
  });
  rejected.resize(count);
  std::ranges::sort(rejected, {}, &Verdict::rank);
  return rejected;
}

}  // namespace sluice
