// JSON objects that change: RFC 8259 alone is JSON, and what nobody touches stays as it came.

#include "http/json_object.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using namespace std::string_view_literals;

TEST(Json, IsWhatTheRfcSays) {
  const std::string_view right[] = {"0",
                                    "-0",
                                    "1.5e+10",
                                    "-12.25E-3",
                                    "true",
                                    "null",
                                    "\"\"",
                                    "[]",
                                    "{}",
                                    " [ 1 , [ ] , { } ] ",
                                    R"({"a":{"b":[1,{"c":null}]},"a":2})",
                                    R"("\u00e9\n\"\\\/ é 𝄞")",
                                    "123456789012345678901234567890"};
  for (const std::string_view text : right)
    EXPECT_TRUE(is_json(text)) << text;
  const std::string_view wrong[] = {"",
                                    " ",
                                    "01",
                                    "1.",
                                    ".5",
                                    "+1",
                                    "1e",
                                    "nul",
                                    "nullx",
                                    "[1,]",
                                    "[,1]",
                                    "{\"a\":1,}",
                                    "{a:1}",
                                    "{\"a\"}",
                                    "[1 2]",
                                    "\"a",
                                    "\"\\x\"",
                                    "\"\\u12g4\"",
                                    "\"\t\"",
                                    "[}",
                                    "{\"a\":[}",
                                    "[1]]",
                                    "\xef\xbb\xbf{}",
                                    "\"\xc0\xaf\"",
                                    "\"\xed\xa0\x80\"",
                                    "\"\xff\"",
                                    "{}\0"sv,
                                    "NaN",
                                    "{\"a\":1 \"b\":2}",
                                    "[\"a\":1]",
                                    "{1:2}",
                                    "\"\xe2\x82\"",
                                    "\"\xf4\x90\x80\x80\""};
  for (const std::string_view text : wrong)
    EXPECT_FALSE(is_json(text)) << text;
}

TEST(Json, MayBeNestedAsDeepAsItIsLong) {
  const std::string deep(1'000'000, '[');
  EXPECT_FALSE(is_json(deep));
  EXPECT_TRUE(is_json(deep + std::string(deep.size(), ']')));
}

TEST(JsonObject, KeepsWhatNobodyTouches) {
  auto object = JsonObject::parse(R"( {"n": 1.10e2 , "big":123456789012345678901,"s":"\u0061",)"
                                  R"("l":[1, 2],"o":{"x" : 1}} )");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->text(), R"({"n":1.10e2,"big":123456789012345678901,"s":"\u0061",)"
                            R"("l":[1, 2],"o":{"x" : 1}})");
}

TEST(JsonObject, ChangesMembers) {
  auto object = JsonObject::parse(R"({"a":1,"\u0062":"x","c":[],"d":[1],"b":"y","e":{}})");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->get("b"), "\"y\"");
  EXPECT_TRUE(object->rename("a", "z"));
  EXPECT_FALSE(object->rename("absent", "y"));
  object->set("b", "true");
  object->append("c", "1");
  object->append("d", "\"2\"");
  object->append("e", "3");
  object->append("new", "4");
  object->append("z", "5");
  object->set("t", json_string("say \"hi\""));
  object->append("t", "\"u\"");
  EXPECT_EQ(object->text(), R"({"z":[5],"b":true,"c":[1],"d":[1,"2"],"e":[3],"new":[4],)"
                            R"("t":["say \"hi\"","u"]})");
  EXPECT_TRUE(object->remove("b"));
  EXPECT_FALSE(object->remove("b"));
  EXPECT_FALSE(object->has("b"));
}

TEST(JsonObject, RemovesAMemberInEveryDisguise) {
  auto object = JsonObject::parse(R"({"role":"a","\u0072ole":"b","ro\u006ce":"c","x":1})");
  ASSERT_TRUE(object);
  EXPECT_TRUE(object->remove("role"));
  EXPECT_EQ(object->text(), R"({"x":1})");
}

TEST(JsonObject, IsNothingElse) {
  for (const std::string_view text : {"", "[]", "1", "{", "{\"a\":}", "{\"a\":1}x", "{\"a\":[1}"})
    EXPECT_FALSE(JsonObject::parse(text)) << text;
  EXPECT_EQ(JsonObject().text(), "{}");
}

}  // namespace
}  // namespace sluice::http
