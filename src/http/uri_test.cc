// Paths: normal form, escaped form, and the parts of a target.

#include "http/uri.h"

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

std::string normal(std::string_view path) {
  Headers keeper;
  const auto result = normalize_path(path, keeper);
  return result ? std::string(*result)
                : "refused " + std::to_string(kind_of(result.error().code).status);
}

std::string escaped(std::string_view path) {
  Headers keeper;
  return std::string(escape_path(path, keeper));
}

TEST(Uri, SplitsTargets) {
  EXPECT_EQ(path_of("/a?b?c"), "/a");
  EXPECT_EQ(query_of("/a?b?c"), "?b?c");
  EXPECT_EQ(path_of("/a?"), "/a");
  EXPECT_EQ(query_of("/a?"), "?");
  EXPECT_EQ(path_of("/a"), "/a");
  EXPECT_EQ(query_of("/a"), "");
}

TEST(Uri, BringsPathsToNormalForm) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a/b/", "/a/b/"},
      {"//", "/"},
      {"//a///b//", "/a/b/"},
      {"/.", "/"},
      {"/..", "/"},
      {"/./a/.", "/a/"},
      {"/a/..", "/"},
      {"/a/b/..", "/a/"},
      {"/a/b/../", "/a/"},
      {"/a/b/../..", "/"},
      {"/../../../etc", "/etc"},
      {"/a//../b", "/b"},
      {"/a/.//b", "/a/b"},
      {"/...", "/..."},
      {"/..a/.b/c..", "/..a/.b/c.."},
      {"/.well-known/x", "/.well-known/x"},
      {"/%61dmin", "/admin"},
      {"/%41%5A%7e%2D", "/AZ~-"},
      {"/x/%2e%2e/admin", "/admin"},
      {"/x/%2E/.%2e/%2e./admin", "/admin"},
      {"/a%2fb", "/a%2Fb"},
      {"/..%2fadmin", "/..%2Fadmin"},
      {"/a%2F..%2fb", "/a%2F..%2Fb"},
      {"/%2561dmin", "/%2561dmin"},
      {"/%252e%252e/a", "/%252e%252e/a"},
      {"/a;x=1/%3b", "/a;x=1/%3B"},
      {"/endel%C3%B8st", "/endel\xc3\xb8st"},
      {"/endel\xc3\xb8st", "/endel\xc3\xb8st"},
      {"/%c0%ae%c0%ae/a", "/\xc0\xae\xc0\xae/a"},
      {"/a%20b%22%5c%0d%0a", "/a b\"\\\r\n"},
      {"/%21%2a%27%28%29%3b%3a%40%26%3d%2b%24%2c%2f%3f%25%23%5b%5d",
       "/%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%25%23%5B%5D"},
      {"/!*'();:@&=+$,[]", "/!*'();:@&=+$,[]"},
      {"/123456789012345/67890", "/123456789012345/67890"},
      {"/12345678901234//67890", "/12345678901234/67890"},
      {"/1234567890123//67890", "/1234567890123/67890"},
      {"/12345678901234/../67890", "/67890"},
      {"/1234567890123456789012345678901%2e", "/1234567890123456789012345678901."},
  };
  for (const auto& [path, expected] : rows) {
    EXPECT_EQ(normal(path), expected) << path;
    EXPECT_EQ(normal(expected), expected) << path;
    EXPECT_EQ(normal(escaped(expected)), expected) << path;
  }
}

TEST(Uri, RefusesWhatHasNoNormalForm) {
  using namespace std::string_view_literals;
  for (const std::string_view path :
       {""sv, "a"sv, "*"sv, "/%"sv, "/%4"sv, "/a%zz"sv, "/%4g"sv, "/%g4"sv, "/%%41"sv, "/%00"sv,
        "/a\0b"sv, "/a%2"sv, "?"sv, "/123456789012345678\0 0123456789"sv})
    EXPECT_EQ(normal(path), "refused 400") << path;
}

TEST(Uri, ReturnsANormalPathItself) {
  Headers keeper;
  const std::string_view path = "/orders/42/items/a-much-longer-segment/than-16-bytes.json";

  const auto result = normalize_path(path, keeper);

  ASSERT_TRUE(result);
  EXPECT_EQ(result->data(), path.data());
  EXPECT_EQ(escape_path(path, keeper).data(), path.data());
}

TEST(Uri, EscapesWhatAPathMayNotHold) {
  EXPECT_EQ(escaped("/a b\"\\\r\n\xc3\xb8<>^`{|}?#\x7f"),
            "/a%20b%22%5C%0D%0A%C3%B8%3C%3E%5E%60%7B%7C%7D%3F%23%7F");
  EXPECT_EQ(escaped("/%2F!$&'()*+,;=:@-._~[]"), "/%2F!$&'()*+,;=:@-._~[]");
}

}  // namespace
}  // namespace sluice::http
