// The bodies of error answers, by table (kong.md §4): who asks for what gets which form.

#include <gtest/gtest.h>

#include "support/explained.h"

namespace sluice::explain {
namespace {

using testing::field;
using testing::Subject;

constexpr std::string_view message = "no Route matched with those values";

/// A route by host b.test has no upstream; everything else has no route.
std::string configuration_of(const std::string& default_type) {
  return "_format_version: \"3.0\"\n"
         "gateway: {error_default_type: " +
         default_type +
         "}\n"
         "routes:\n"
         "- name: keyed\n"
         "  hosts: [key.test]\n"
         "  plugins: [{name: key-auth}]\n"
         "- {name: r, hosts: [b.test]}\n";
}

/// The body, with ID for the request's id, after its Content-Type.
std::string answer_of(const Explanation& explanation) {
  std::string body = explanation.body;
  const std::size_t at = body.find("request_id");
  const std::size_t id =
      body.find_first_of("0123456789abcdef", body.find("requestid") != std::string::npos
                                                 ? body.find("requestid") + 10
                                                 : std::min(at, body.size()) + 12);
  for (std::size_t i = id; i < body.size() && i < id + 32; ++i)
    if (!std::isxdigit(static_cast<unsigned char>(body[i]))) return body;
  if (id < body.size()) body.replace(id, 32, "ID");
  return field(explanation.answer, "Content-Type") + "\n" + body;
}

std::string json(std::string_view text = message) {
  return "application/json; charset=utf-8\n{\n  \"message\":\"" + std::string(text) +
         "\",\n  \"request_id\":\"ID\"\n}";
}

std::string plain(std::string_view text = message) {
  return "text/plain; charset=utf-8\n" + std::string(text) + "\nrequest_id: ID\n";
}

std::string xml() {
  return "application/xml; charset=utf-8\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n"
         "  <message>" +
         std::string(message) + "</message>\n  <requestid>ID</requestid>\n</error>\n";
}

std::string html() {
  return "text/html; charset=utf-8\n<!doctype html>\n<html>\n  <head>\n    <meta "
         "charset=\"utf-8\">\n"
         "    <title>Error</title>\n  </head>\n  <body>\n    <h1>Error</h1>\n    <p>" +
         std::string(message) + ".</p>\n    <p>request_id: ID</p>\n  </body>\n</html>\n";
}

struct Case {
  Fields fields;
  std::string expected;
};

std::string text_of(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields)
    text.append(name).append(": ").append(value).append("; ");
  return text;
}

TEST(ErrorBodies, FollowAccept) {
  const Subject subject(configuration_of("text/plain"));
  const Case cases[] = {
      {{}, json()},
      {{{"Accept", "application/json"}}, json()},
      {{{"Accept", "text/html"}}, html()},
      {{{"Accept", "application/xml"}}, xml()},
      {{{"Accept", "text/plain"}}, plain()},
      {{{"Accept", "TEXT/HTML"}}, html()},
      {{{"Accept", " text/html ; charset=utf-8"}}, html()},
      // Wildcards.
      {{{"Accept", "*/*"}}, json()},
      {{{"Accept", "application/*"}}, json()},
      {{{"Accept", "text/*"}}, plain()},
      {{{"Accept", "*/*, text/html"}}, json()},
      // What has no form of its own, and no type at all.
      {{{"Accept", "image/png"}}, json()},
      {{{"Accept", "nonsense"}}, json()},
      {{{"Accept", ""}}, json()},
      // The first of those with the highest quality.
      {{{"Accept", "text/html, application/json"}}, html()},
      {{{"Accept", "application/json, text/html"}}, json()},
      {{{"Accept", "application/json;q=0.5, text/html"}}, html()},
      {{{"Accept", "application/json;q=0.5, text/html;q=0.9"}}, html()},
      {{{"Accept", "text/html;q=0.9, application/xml;q=0.9"}}, html()},
      {{{"Accept", "text/html;q=0.1,text/plain;q=0.2,application/xml;q=0.3"}}, xml()},
      {{{"Accept", "application/xml;q=1, text/html;q=1.0"}}, xml()},
      {{{"Accept", "text/html;q=0, text/plain;q=0.1"}}, plain()},
      {{{"Accept", "text/html; level=1; q=0.4, text/plain ; q=0.5"}}, plain()},
      {{{"Accept", "text/html;q=0"}}, json()},
      {{{"Accept", "image/png, text/html;q=0.9"}}, json()},
      {{{"Accept", "*/*;q=0.8, text/html"}}, html()},
      {{{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}}, html()},
      {{{"Accept", "text/html;q=0.3"}, {"Accept", "text/plain"}}, plain()},
      {{{"Accept", "text/html;q=junk, text/plain"}}, html()},
  };
  for (const auto& [fields, expected] : cases)
    EXPECT_EQ(answer_of(subject.ask("GET", "/", fields)), expected) << text_of(fields);
}

TEST(ErrorBodies, OfTheGatewaysCoreHaveADefaultType) {
  struct Default {
    std::string type;
    std::string expected;
  };

  // A request that never gets to a route: its method has no place here.
  const std::string refused = "Method not allowed";
  const Default defaults[] = {{"text/plain", plain(refused)}, {"application/json", json(refused)}};
  for (const auto& [type, expected] : defaults) {
    const Subject subject(configuration_of(type));
    EXPECT_EQ(answer_of(subject.ask("TRACE", "/")), expected);
    EXPECT_EQ(answer_of(subject.ask("TRACE", "/", {{"Accept", "application/json"}})),
              json(refused));
    EXPECT_EQ(answer_of(subject.ask("TRACE", "/", {{"Accept", "text/plain"}})), plain(refused));
    // Without Accept, what the request itself is made of.
    EXPECT_EQ(answer_of(subject.ask("TRACE", "/", {{"Content-Type", "application/json"}})),
              json(refused));
    EXPECT_EQ(answer_of(subject.ask("TRACE", "/", {{"Content-Type", "text/plain; a=b"}})),
              plain(refused));
    // Kong's own code answers these, whose default is JSON.
    EXPECT_EQ(answer_of(subject.ask("GET", "/")), json());
    EXPECT_EQ(answer_of(subject.ask("GET", "http://b.test/")),
              json("no Service found with those values"));
    EXPECT_EQ(answer_of(subject.ask("GET", "http://key.test/")),
              json("No API key found in request"));
  }
}

TEST(ErrorBodies, OfPluginsFollowAcceptToo) {
  const Subject subject(configuration_of("text/plain"));
  const std::string text = "No API key found in request";
  EXPECT_EQ(answer_of(subject.ask("GET", "http://key.test/", {{"Accept", "text/plain"}})),
            plain(text));
  EXPECT_EQ(answer_of(subject.ask("GET", "http://key.test/", {{"Accept", "*/*"}})), json(text));
}

TEST(ErrorBodies, OfGrpcAreFieldsOfTheHead) {
  struct GrpcCase {
    std::string url;
    std::string method;
    std::uint16_t status;
    std::string grpc_status;
    std::string grpc_message;
  };

  const Subject subject(configuration_of("text/plain"));
  const GrpcCase cases[] = {
      {"/", "GET", 404, "5", std::string(message)},
      {"http://b.test/", "GET", 503, "14", "no Service found with those values"},
      {"http://key.test/", "GET", 401, "16", "No API key found in request"},
      {"/", "TRACE", 405, "12", "Method not allowed"},
  };
  for (const auto& [url, method, status, grpc_status, grpc_message] : cases)
    for (const std::string type : {"application/grpc", "application/grpc-web+proto"}) {
      const Explanation explanation = subject.ask(method, url, {{"Accept", type}});
      EXPECT_EQ(explanation.status, status) << url;
      EXPECT_EQ(explanation.body, "") << url;
      EXPECT_EQ(field(explanation.answer, "grpc-status"), grpc_status) << url;
      EXPECT_EQ(field(explanation.answer, "grpc-message"), grpc_message) << url;
      EXPECT_EQ(field(explanation.answer, "Content-Type"), "application/grpc") << url;
    }
}

TEST(ErrorBodies, OfHeadAreNotSent) {
  const Subject subject(configuration_of("text/plain"));
  for (const std::string accept : {"text/html", "application/json", "text/plain"}) {
    const Explanation explanation = subject.ask("HEAD", "/", {{"Accept", accept}});
    EXPECT_EQ(explanation.status, 404);
    EXPECT_EQ(explanation.body, "");
    EXPECT_TRUE(field(explanation.answer, "Content-Type").starts_with(accept));
  }
}

TEST(ErrorBodies, HoldEachCoreMessage) {
  struct Message {
    std::string method;
    std::string url;
    Fields fields;
    std::uint16_t status;
    std::string_view text;
  };

  const Subject subject(
      "_format_version: \"3.0\"\n"
      "gateway: {limits: {header_bytes: 2048, uri_bytes: 1024, body_bytes: 10}}\n"
      "services: [{name: s, url: \"http://10.0.0.1\", routes: [{name: r, paths: [/r], plugins: "
      "[{name: request-transformer, config: {add: {body: [\"a:b\"]}}}]}]}]\n");
  const Message messages[] = {
      {"GET", "/", {{"Host", "a b"}}, 400, "Bad request"},
      {"GET", "/", {{"Host", "a"}, {"Host", "b"}}, 400, "Bad request"},
      {"GET", "/x", {}, 404, message},
      {"GET", "/" + std::string(2000, 'a'), {}, 414, "URI too long"},
      {"GET",
       "/r",
       {{"X-Long", std::string(4000, 'a')}},
       431,
       "Request header or cookie too large"},
      {"POST", "/r", {{"Expect", "more"}}, 417, "Expectation failed"},
      {"POST", "/r", {{"Content-Length", "99"}}, 413, "Payload too large"},
      {"POST",
       "/r",
       {{"Content-Length", "9"}, {"Content-Type", "application/json"}},
       408,
       "Request timeout"},
      {"TRACE", "/r", {}, 405, "Method not allowed"},
  };
  for (const auto& [method, url, fields, status, text] : messages) {
    Fields with_accept = fields;
    with_accept.emplace_back("Accept", "application/json");
    const Explanation explanation = subject.ask(method, url, with_accept);
    EXPECT_EQ(explanation.status, status) << text;
    EXPECT_TRUE(explanation.body.contains(text)) << explanation.body << text;
  }
}

}  // namespace
}  // namespace sluice::explain
