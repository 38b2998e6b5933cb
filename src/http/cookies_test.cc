// Cookies, as the wild sends them.

#include "http/cookies.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Cookies, AreReadOneByOne) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  const std::pair<std::string_view, Pairs> rows[] = {
      {"", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1; b=2", {{"a", "1"}, {"b", "2"}}},
      {"a=1;b=2", {{"a", "1"}, {"b", "2"}}},
      {"  a = 1 ;; b=", {{"a", "1"}, {"b", ""}}},
      {"a=\"x y\"", {{"a", "x y"}}},
      {"a=\"", {{"a", "\""}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"nothing; =x; a=1", {{"a", "1"}}},
      {"a=1; a=2", {{"a", "1"}, {"a", "2"}}},
  };
  for (const auto& [text, expected] : rows) {
    std::string_view rest = text;
    Pairs found;
    while (const auto cookie = next_cookie(rest))
      found.emplace_back(cookie->name, cookie->value);
    EXPECT_EQ(found, expected) << text;
  }
}

TEST(Cookies, AreFoundOverSeveralFields) {
  Headers headers;
  EXPECT_EQ(find_cookie(headers, "a"), std::nullopt);
  headers.add(HeaderId::cookie, "x=0");
  headers.add(HeaderId::cookie, "A=2; a=1");
  EXPECT_EQ(find_cookie(headers, "a"), "1");
  EXPECT_EQ(find_cookie(headers, "A"), "2");
  EXPECT_EQ(find_cookie(headers, "b"), std::nullopt);
}

}  // namespace
}  // namespace sluice::http
