#pragma once
// Routes and requests as one line of text each, for tables of the router's tests.
//
//   "orders h=a.com,*.b.com p=/x,~/y/\d+ m=GET,POST H:x-v=1|2 s=a.com rp=5 id=7 src=10.0.0.0/8:99"
//   "GET a.com:8000 /x?q=1 x-v:1 sni=a.com scheme=https src=10.0.0.1:99"
//
// An expression is all behind " x=" and is the last of its line.

#include <charconv>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gateway/route.h"
#include "gateway/router/inspector.h"
#include "gateway/router/router.h"

namespace sluice::testing {

inline std::vector<std::string> split_text(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find(by), text.size());
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return parts;
}

/// "ip", "ip/bits", "ip:port" and ":port"; IPv6 in brackets.
inline EndpointMatch endpoint_of(std::string_view text) {
  EndpointMatch endpoint;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && !text.ends_with(']')) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), endpoint.port);
    text = text.substr(0, colon);
  }
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  if (!text.empty()) endpoint.network = *Network::parse(text);
  return endpoint;
}

/// Small numbers make readable identifiers.
inline config::Uuid uuid_of(std::uint64_t number) {
  config::Uuid id;
  for (std::size_t i = 0; i < 8; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  return id;
}

inline void read_matcher(RouteMatch& match, std::string_view key, std::string_view value) {
  if (key == "h")
    match.hosts = split_text(value, ',');
  else if (key == "p")
    match.paths = split_text(value, ',');
  else if (key == "m")
    match.methods = split_text(value, ',');
  else if (key == "s")
    match.snis = split_text(value, ',');
  else if (key == "rp")
    std::from_chars(value.data(), value.data() + value.size(), match.regex_priority);
  else if (key == "pr")
    std::from_chars(value.data(), value.data() + value.size(), match.priority);
  else if (key == "src" || key == "dst")
    for (const std::string& each : split_text(value, ','))
      (key == "src" ? match.sources : match.destinations).push_back(endpoint_of(each));
  else if (key == "proto") {
    match.http = value.contains("http,") || value == "http";
    match.https = value.contains("https");
    if (!match.https && match.expression != nullptr) match.scheme = "http";
  } else if (key == "only") {
    match.scheme = value == "https" ? "https" : "http";
  } else if (key == "id") {
    std::uint64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    match.id = uuid_of(number);
  } else if (key.starts_with("H:"))
    match.headers.emplace_back(key.substr(2), split_text(value, '|'));
  else
    ADD_FAILURE() << "no such matcher: " << key;
}

/// Routes with the router that they make.
class RouteTable {
 public:
  explicit RouteTable(const std::vector<std::string>& lines) {
    std::vector<RouteMatch> matches;
    for (const std::string& line : lines)
      matches.push_back(read_route(line));
    router_ = std::make_unique<Router>(std::move(matches), problems_);
  }

  const Router& router() const { return *router_; }

  const std::vector<RouteProblem>& problems() const { return problems_; }

  RouteMatch read_route(const std::string& line) {
    RouteMatch match;
    auto route = std::make_shared<Route>();
    match.id = uuid_of(++count_);
    const std::size_t mark = line.find(" x=");
    if (mark != std::string::npos) read_expression(match, line.substr(mark + 3));
    std::stringstream words(line.substr(0, mark));
    words >> route->name;
    match.route = std::move(route);
    for (std::string word; words >> word;) {
      const std::size_t equal = word.find('=');
      read_matcher(match, std::string_view(word).substr(0, equal),
                   std::string_view(word).substr(equal + 1));
    }
    return match;
  }

 private:
  static void read_expression(RouteMatch& match, const std::string& text) {
    auto compiled = Expression::compile(text);
    if (compiled)
      match.expression = *std::move(compiled);
    else
      ADD_FAILURE() << text << ": " << compiled.error().offset << ": " << compiled.error().message;
  }

  std::uint64_t count_ = 0;
  std::vector<RouteProblem> problems_;
  std::unique_ptr<const Router> router_;
};

/// A request with all that its Question borrows.
class RequestLine {
 public:
  explicit RequestLine(const std::string& line) {
    std::stringstream words(line);
    std::string target;
    words >> method_ >> host_ >> target;
    const std::size_t mark = target.find('?');
    path_ = target.substr(0, mark);
    if (mark != std::string::npos) query_ = target.substr(mark + 1);
    if (host_ == "-") host_.clear();
    for (std::string word; words >> word;)
      read(word);
    if (port_ == 0) port_ = destination_ ? destination_->port : scheme_ == "https" ? 443 : 80;
    if (const std::size_t colon = host_.rfind(':'); colon != std::string::npos) {
      std::from_chars(host_.data() + colon + 1, host_.data() + host_.size(), port_);
      host_.resize(colon);
    }
  }

  Question question() const {
    return {.method = method_,
            .host = host_,
            .port = port_,
            .path = path_,
            .headers = headers_,
            .scheme = scheme_,
            .query = query_,
            .sni = sni_,
            .source = source_ ? &*source_ : nullptr,
            .destination = destination_ ? &*destination_ : nullptr};
  }

 private:
  void read(const std::string& word) {
    if (word.starts_with("sni="))
      sni_ = word.substr(4);
    else if (word.starts_with("scheme="))
      scheme_ = word.substr(7);
    else if (word.starts_with("src="))
      source_ = *Address::parse(word.substr(4));
    else if (word.starts_with("dst="))
      destination_ = *Address::parse(word.substr(4));
    else if (const std::size_t colon = word.find(':'); colon != std::string::npos)
      EXPECT_TRUE(headers_.add(word.substr(0, colon), word.substr(colon + 1))) << word;
    else
      ADD_FAILURE() << "no part of a request: " << word;
  }

  std::string method_, host_, path_, query_, scheme_ = "http", sni_;
  std::uint16_t port_ = 0;
  http::Headers headers_;
  std::optional<Address> source_, destination_;
};

/// A request, and the name of the route that gets it, "-" for none; "name@/prefix" also says which
/// part of the path was matched.
struct RoutingCase {
  std::string request;
  std::string expected;
};

/// What one fact means for some routes and requests.
struct RoutingTable {
  std::string fact;
  std::vector<std::string> routes;
  std::vector<RoutingCase> cases;
};

inline std::string answer_text(const RouteTable& table, const RequestLine& request,
                               bool with_path) {
  const Question question = request.question();
  const Answer answer = table.router().match(question);
  if (answer.route == nullptr) return "-";
  if (!with_path) return answer.route->name;
  return fmt::format("{}@{}", answer.route->name, question.path.substr(0, answer.path.size));
}

/// The same, worked out by asking every candidate in turn.
inline std::string explained_answer(const RouteTable& table, const RequestLine& request) {
  const Router& router = table.router();
  const std::vector<Verdict> verdicts = RouterInspector(router, {}).examine_all(request.question());
  if (verdicts.empty() || !verdicts.back().misfits.empty()) return "-";
  const Candidate& chosen = router.candidates()[verdicts.back().candidate];
  return router.routes()[chosen.route].route->name;
}

inline void expect_routes(const std::vector<std::string>& lines,
                          const std::vector<RoutingCase>& cases) {
  const RouteTable table(lines);
  for (const RouteProblem& problem : table.problems())
    ADD_FAILURE() << lines[problem.route] << ": " << problem.message;
  for (const auto& [text, expected] : cases) {
    const RequestLine request(text);
    const std::string lines_text = fmt::format("{}", fmt::join(lines, "\n  "));
    EXPECT_EQ(answer_text(table, request, expected.contains('@')), expected)
        << text << "\n  of\n  " << lines_text;
    EXPECT_EQ(explained_answer(table, request), expected.substr(0, expected.find('@')))
        << "explained: " << text << "\n  of\n  " << lines_text;
  }
}

}  // namespace sluice::testing
