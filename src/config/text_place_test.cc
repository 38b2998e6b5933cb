// Places inside scalars, in each style of YAML.

#include "config/text_place.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(PlaceWithin, FollowsEachStyle) {
  struct Case {
    std::string_view source;
    Place start;
    std::string_view value;
    std::size_t offset;
    Place expected;
  };

  for (const Case& each : {
           Case{"a: bcd", {1, 4}, "bcd", 2, {1, 6}},
           Case{"x\na: bcd", {2, 4}, "bcd", 3, {2, 7}},
           Case{"a: 'b''c'", {1, 4}, "b'c", 0, {1, 5}},
           Case{"a: 'b''c'", {1, 4}, "b'c", 2, {1, 8}},
           Case{"a: \"b\\\"c\"", {1, 4}, "b\"c", 2, {1, 8}},
           Case{"a: \"b\\u0041c\"", {1, 4}, "bAc", 2, {1, 4}},
           Case{"a: \u00e6\u00f8\u00e5", {1, 4}, "\u00e6\u00f8\u00e5", 4, {1, 6}},
           Case{"a: |\n  one\n  two\nb: c", {2, 1}, "one\ntwo\n", 0, {2, 3}},
           Case{"a: |\n  one\n  two\nb: c", {2, 1}, "one\ntwo\n", 5, {3, 4}},
           Case{"a: |\n  one\n    two\nb: c", {2, 1}, "one\n  two\n", 7, {3, 6}},
           Case{"a: >\n  one\n  two", {1, 4}, "one two", 5, {1, 4}},
           Case{"a: one\n  two", {1, 4}, "one two", 5, {1, 4}},
           Case{"a: b", {1, 4}, "b", 9, {1, 5}},
           Case{"a: b", {7, 1}, "b", 0, {7, 1}},
       })
    EXPECT_EQ(place_within(each.source, each.start, each.value, each.offset), each.expected)
        << each.source << " " << each.offset;
}

}  // namespace
}  // namespace sluice::config
