// The path that the upstream gets, by table (kong.md §2.3, §2.4, path_handling v0): path of the
// service, path of the route, strip_path, path of the request.

#include <gtest/gtest.h>

#include "support/explained.h"

namespace sluice::explain {
namespace {

using testing::field;
using testing::Subject;

/// An empty path of a service or route: it has none, and the route matches by its host.
std::string configuration_of(const std::string& service_path, const std::string& route_path,
                             bool strips) {
  return "_format_version: \"3.0\"\n"
         "services:\n"
         "- name: s\n"
         "  host: up.test\n" +
         (service_path.empty() ? std::string() : "  path: '" + service_path + "'\n") +
         "  routes:\n"
         "  - name: r\n"
         "    hosts: [a.test]\n" +
         (route_path.empty() ? std::string() : "    paths: ['" + route_path + "']\n") +
         "    strip_path: " + (strips ? "true" : "false") + "\n";
}

struct Row {
  std::string service_path;
  std::string route_path;
  std::string request;
  std::string stripped;  ///< the target at the upstream with strip_path
  std::string kept;      ///< and without
};

void expect_targets(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    for (const bool strips : {true, false}) {
      const Subject subject(configuration_of(row.service_path, row.route_path, strips));
      const Explanation explanation = subject.ask("GET", "http://a.test" + row.request);
      EXPECT_EQ(explanation.forward ? explanation.forward->target : "no route",
                strips ? row.stripped : row.kept)
          << "service " << row.service_path << ", route " << row.route_path << ", strip_path "
          << strips << ", request " << row.request;
    }
}

TEST(UpstreamPath, OfAServiceAtTheRoot) {
  const std::vector<Row> rows = {
      {"/", "/", "/", "/", "/"},
      {"/", "/", "/a", "/a", "/a"},
      {"/", "/", "/a/", "/a/", "/a/"},
      {"/", "/", "/a/b", "/a/b", "/a/b"},
      {"/", "/route", "/route", "/", "/route"},
      {"/", "/route", "/route/", "/", "/route/"},
      {"/", "/route", "/routereq", "/req", "/routereq"},
      {"/", "/route", "/route/req", "/req", "/route/req"},
      {"/", "/route/", "/route/", "/", "/route/"},
      {"/", "/route/", "/route/req", "/req", "/route/req"},
      {"/", "", "/", "/", "/"},
      {"/", "", "/route", "/route", "/route"},
      {"/", "", "/route/", "/route/", "/route/"},
      {"", "/route", "/route", "/", "/route"},
      {"", "/route", "/route/req", "/req", "/route/req"},
      {"", "", "/a/b/", "/a/b/", "/a/b/"},
  };
  expect_targets(rows);
}

TEST(UpstreamPath, OfAServiceWithoutASlashAtItsEnd) {
  const std::vector<Row> rows = {
      {"/srv", "/rou", "/roureq", "/srv/req", "/srv/roureq"},
      {"/service", "/", "/", "/service", "/service"},
      {"/service", "/", "/route", "/service/route", "/service/route"},
      {"/service", "/", "/route/", "/service/route/", "/service/route/"},
      {"/service", "/", "/route/req", "/service/route/req", "/service/route/req"},
      {"/service", "/route", "/route", "/service", "/service/route"},
      {"/service", "/route", "/route/", "/service/", "/service/route/"},
      {"/service", "/route", "/routereq", "/service/req", "/service/routereq"},
      {"/service", "/route", "/route/req", "/service/req", "/service/route/req"},
      // The last slash of a request stays, although it is part of what is taken off.
      {"/service", "/route/", "/route/", "/service/", "/service/route/"},
      {"/service", "/route/", "/route/req", "/service/req", "/service/route/req"},
      {"/service", "", "/", "/service", "/service"},
      {"/service", "", "/route", "/service/route", "/service/route"},
      {"/service", "", "/route/", "/service/route/", "/service/route/"},
      {"/a/b", "/c", "/c/d", "/a/b/d", "/a/b/c/d"},
  };
  expect_targets(rows);
}

TEST(UpstreamPath, OfAServiceWithASlashAtItsEnd) {
  const std::vector<Row> rows = {
      {"/srv/", "/rou", "/rou", "/srv", "/srv/rou"},
      {"/service/", "/", "/route", "/service/route", "/service/route"},
      {"/service/", "/", "/route/", "/service/route/", "/service/route/"},
      {"/service/", "/", "/route/req", "/service/route/req", "/service/route/req"},
      {"/service/", "/route", "/route", "/service", "/service/route"},
      {"/service/", "/route", "/route/", "/service/", "/service/route/"},
      {"/service/", "/route", "/routereq", "/service/req", "/service/routereq"},
      {"/service/", "/route", "/route/req", "/service/req", "/service/route/req"},
      {"/service/", "/route/", "/route/req", "/service/req", "/service/route/req"},
      {"/service/", "", "/route", "/service/route", "/service/route"},
      {"/service/", "", "/route/", "/service/route/", "/service/route/"},
      {"/service/", "", "/", "/service/", "/service/"},
      {"/service/", "/", "/", "/service/", "/service/"},
  };
  expect_targets(rows);
}

TEST(UpstreamPath, OfARegularExpressionIsWithoutTheWholeMatch) {
  const std::vector<Row> rows = {
      {"/", "~/users/\\d+", "/users/17", "/", "/users/17"},
      {"/", "~/users/\\d+", "/users/17/posts", "/posts", "/users/17/posts"},
      {"/v2", "~/users/\\d+", "/users/17/posts", "/v2/posts", "/v2/users/17/posts"},
      {"/v2", "~/users/\\d+", "/users/17", "/v2", "/v2/users/17"},
      {"/v2", "~/users/\\d+", "/users/17abc", "/v2/abc", "/v2/users/17abc"},
      {"/v2/", "~/users/\\d+$", "/users/17", "/v2", "/v2/users/17"},
      {"/v2", "~/users/[^/]+/?", "/users/x/", "/v2/", "/v2/users/x/"},
      {"/v2", "~/.*", "/any/thing", "/v2", "/v2/any/thing"},
      {"/v2", "~/a(?<rest>/.*)?", "/a/b/c", "/v2", "/v2/a/b/c"},
      {"/v2", "~/a|/b", "/b/c", "/v2/c", "/v2/b/c"},
  };
  expect_targets(rows);
}

TEST(UpstreamPath, IsNormalizedAndEncodedAgain) {
  const std::vector<Row> rows = {
      {"/s", "/r", "/r/a%20b", "/s/a%20b", "/s/r/a%20b"},
      {"/s", "/r", "/r/%61", "/s/a", "/s/r/a"},
      {"/s", "/r", "/r/a%2fb", "/s/a%2Fb", "/s/r/a%2Fb"},
      {"/s", "/r", "/r/%7Euser", "/s/~user", "/s/r/~user"},
      {"/s", "/r", "/r/%C3%B8", "/s/%C3%B8", "/s/r/%C3%B8"},
      {"/s", "/r\xc3\xb8", "/r%C3%B8/x", "/s/x", "/s/r%C3%B8/x"},
      {"/s", "/r", "/r/100%25", "/s/100%25", "/s/r/100%25"},
      {"/s", "/r", "/x/../r/y", "/s/y", "/s/r/y"},
      {"/s", "/r", "/r/./y", "/s/y", "/s/r/y"},
      {"/s", "/r", "//r//y", "/s/y", "/s/r/y"},
      {"/s", "/r", "/r/y/..", "/s/", "/s/r/"},
      {"/s", "/r", "/%72/y", "/s/y", "/s/r/y"},
      {"/s", "/r", "/r/a;b=1", "/s/a;b=1", "/s/r/a;b=1"},
      {"/s", "/r", "/r/a:b@c", "/s/a:b@c", "/s/r/a:b@c"},
      {"/s", "/r", "/r/a%3Fb", "/s/a%3Fb", "/s/r/a%3Fb"},
      {"/s", "/r", "/r/a%23b", "/s/a%23b", "/s/r/a%23b"},
      {"/s", "/r", "/r/%22q%22", "/s/%22q%22", "/s/r/%22q%22"},
      // What is left of a prefix that ends inside a segment must not climb out of the service.
      {"/s", "/r", "/r../y", "/s/y", "/s/r../y"},
      {"/s", "/r", "/r./y", "/s/y", "/s/r./y"},
      {"/s", "/r", "/r..", "/s", "/s/r.."},
  };
  expect_targets(rows);
}

TEST(UpstreamPath, KeepsTheQueryByteForByte) {
  const std::vector<Row> rows = {
      {"/s", "/r", "/r?a=1&b=%20+x", "/s?a=1&b=%20+x", "/s/r?a=1&b=%20+x"},
      {"/s", "/r", "/r?", "/s?", "/s/r?"},
      {"/s", "/r", "/r/?x=/../y//z", "/s/?x=/../y//z", "/s/r/?x=/../y//z"},
      {"/s", "/r", "/r/y?a=?b", "/s/y?a=?b", "/s/r/y?a=?b"},
      {"/s/", "/r", "/r?a=%C3", "/s?a=%C3", "/s/r?a=%C3"},
  };
  expect_targets(rows);
}

TEST(UpstreamPath, ForwardedPathAndPrefixAreTheClients) {
  struct Case {
    std::string route_path;
    std::string request;
    std::string path;
    std::string prefix;
  };

  const Case cases[] = {
      {"/r", "/r/a%20b?q", "/r/a%20b", "/r"},
      {"/r", "//r/./x", "//r/./x", "/r"},
      {"/", "/x", "/x", "-"},
      {"", "/x", "/x", "-"},
      {"~/u/\\d+", "/u/17/x", "/u/17/x", "/u/17"},
      {"/r\xc3\xb8", "/r%c3%b8", "/r%c3%b8", "/r%C3%B8"},
  };
  for (const auto& [route_path, request, path, prefix] : cases) {
    const Explanation explanation =
        Subject(configuration_of("/s", route_path, true)).ask("GET", "http://a.test" + request);
    ASSERT_TRUE(explanation.forward) << request;
    EXPECT_EQ(field(explanation.forward->fields, "X-Forwarded-Path"), path) << request;
    EXPECT_EQ(field(explanation.forward->fields, "X-Forwarded-Prefix"), prefix) << request;
  }
}

}  // namespace
}  // namespace sluice::explain
