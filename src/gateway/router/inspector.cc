#include "gateway/router/inspector.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  const auto index = static_cast<std::uint32_t>(rank);
  const Candidate& candidate = router_.candidates_[rank];
  const RouteMatch& match = router_.routes_[candidate.route];
  const auto [first, last] =
      std::ranges::equal_range(router_.ways_, index, {}, &Router::Way::candidate);
  Verdict verdict{rank, index, {}};
  // A candidate has one way at least, and all of them the same conditions.
  const std::span<const Router::Way> ways(first, last);
  if (match.expression == nullptr) {
    examine_host(match, question, verdict);
    examine_path(candidate, ways, question, verdict);
    const MethodBits methods = ways.front().methods;
    const bool admits_method =
        methods == 0 || (ways.front().conditions == nullptr
                             ? (methods & bit_of_method(question.method)) != 0
                             : ways.front().conditions->admits_method(methods, question));
    if (!admits_method)
      verdict.misfits.push_back(
          {Mismatch::method, joined(match.methods), std::string(question.method)});
  }
  if (const Conditions* conditions = ways.front().conditions)
    examine_conditions(match, *conditions, question, verdict);
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

void RouterInspector::examine_path(const Candidate& candidate, std::span<const Router::Way> ways,
                                   const Question& question, Verdict& verdict) const {
  const RouteMatch& match = router_.routes_[candidate.route];
  if (candidate.paths.empty()) return;
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const std::string& path = match.paths[candidate.paths[i]];
    const bool admits = ways[i].regex != nullptr ? ways[i].regex->matches(question.path)
                                                 : question.path.starts_with(path);
    if (admits) return;
    wanted.push_back(path);
  }
  verdict.misfits.push_back({Mismatch::path, joined(wanted), std::string(question.path)});
}

void RouterInspector::examine_header(const HeaderCondition& condition,
                                     const std::pair<std::string, std::vector<std::string>>& wanted,
                                     const Question& question, Verdict& verdict) const {
  if (condition.admits(question.headers)) return;
  const bool is_hidden = is_secret_field(condition.name, secrets_);
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
    const bool is_hidden = (predicate.field == ExpressionField::http_header ||
                            predicate.field == ExpressionField::http_query) &&
                           is_secret_field(predicate.name, secrets_);
    std::string wanted = describe(predicate, is_hidden);
    if (unmet.holds) wanted.insert(0, "not ");
    std::string found = value_of(predicate, question);
    if (is_hidden && !found.empty()) found = redacted_value;
    verdict.misfits.push_back({Mismatch::expression, std::move(wanted), std::move(found)});
  }
}

void RouterInspector::examine_conditions(const RouteMatch& match, const Conditions& conditions,
                                         const Question& question, Verdict& verdict) const {
  PathMatch path;
  if (conditions.mismatch(question, path) == Mismatch::none) return;
  if (conditions.expression != nullptr) {
    examine_expression(*conditions.expression, question, verdict);
    if (verdict.misfits.empty())
      verdict.misfits.push_back({Mismatch::protocol, "http", std::string(question.scheme)});
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
}

std::vector<Verdict> RouterInspector::examine_all(const Question& question,
                                                  std::size_t candidates_max) const {
  std::vector<Verdict> verdicts;
  const std::size_t count = std::min(router_.candidates_.size(), candidates_max);
  for (std::size_t rank = 0; rank < count; ++rank) {
    verdicts.push_back(examine(rank, question));
    if (verdicts.back().misfits.empty()) break;
  }
  return verdicts;
}

std::vector<std::uint32_t> RouterInspector::rivals(std::string_view host, std::string_view path,
                                                   std::uint32_t candidate,
                                                   std::size_t count) const {
  std::vector<std::uint32_t> found;
  const bool is_regex = is_regex_path(path);
  // All that a regular expression admits begins with its literal prefix, and nothing else is sure.
  const auto regex =
      is_regex ? router_.path_regexes_.find(path.substr(1)) : router_.path_regexes_.end();
  const std::string_view beginning = !is_regex ? path
                                     : regex != router_.path_regexes_.end()
                                         ? std::string_view(regex->second->literal_prefix())
                                         : std::string_view();
  router_.visit_hosts(host, [&](std::uint32_t root) {
    router_.paths_.walk(root, beginning, [&](std::span<const PathTree::Entry> entries) {
      for (const PathTree::Entry& entry : entries) {
        const Router::Way& way = router_.ways_[entry.way];
        if (way.candidate >= candidate || found.size() >= count * 4) break;
        if (takes_path(way, path)) found.push_back(way.candidate);
      }
    });
  });
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  std::vector<std::uint32_t> rivals;
  for (const std::uint32_t each : found) {
    if (rivals.size() == count) break;
    if (router_.candidates_[each].route != router_.candidates_[candidate].route)
      rivals.push_back(each);
  }
  return rivals;
}

/// Whether the way admits every path that the configured one does. Its plain prefix was walked to.
bool RouterInspector::takes_path(const Router::Way& way, std::string_view path) const {
  if (way.regex == nullptr) return true;
  return is_regex_path(path) && way.regex->pattern() == path.substr(1);
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
