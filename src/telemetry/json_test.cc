// JsonText and JsonWriter: whole texts compared.

#include "telemetry/json.h"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

std::string text_of(std::string_view value) {
  JsonText out;
  JsonWriter(out).text(value);
  return out.text();
}

std::string in_quotes(std::string_view inside) {
  return '"' + std::string(inside) + '"';
}

TEST(Json, WritesTextAsItIsAtEveryLength) {
  std::string value;
  for (std::size_t size = 0; size < 100; ++size) {
    EXPECT_EQ(text_of(value), in_quotes(value));
    value += static_cast<char>('a' + size % 26);
  }
}

TEST(Json, EscapesAByteAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 1; size < 50; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string value(size, 'x'), expected(size, 'x');
      value[at] = '\n';
      expected.replace(at, 1, "\\n");
      ASSERT_EQ(text_of(value), in_quotes(expected)) << size << ' ' << at;
    }
  }
}

TEST(Json, EscapesWhatEndsAStringOrALine) {
  for (unsigned byte = 0; byte < 0x80; ++byte) {
    const std::string value(1, static_cast<char>(byte));
    const std::string written = text_of(value);
    const bool special = byte < 0x20 || byte == '"' || byte == '\\';
    EXPECT_EQ(written != in_quotes(value), special) << byte;
    for (const char each : written)
      EXPECT_GE(static_cast<unsigned char>(each), 0x20) << byte;
  }
  EXPECT_EQ(text_of(std::string_view("\0\x1f\x7f", 3)), in_quotes("\\u0000\\u001f\x7f"));
  EXPECT_EQ(text_of("\"\\\n\r\t"), in_quotes(R"(\"\\\n\r\t)"));
}

TEST(Json, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(text_of("é €  😀"), in_quotes("é €  😀"));
  const std::string_view wrong[] = {"\xff",         "\xc3",     "\xe2\x82",
                                    "\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80"};
  for (const std::string_view value : wrong) {
    const std::string written = text_of(value);
    EXPECT_EQ(written.find("\xef\xbf\xbd"), 1U) << written;
    EXPECT_EQ(written.find(value), std::string::npos);
  }
}

TEST(Json, JoinsPartsIntoOneText) {
  JsonText out;
  JsonWriter(out).text({"http", "://", "a\"b", "", "/x"});
  EXPECT_EQ(out.view(), R"("http://a\"b/x")");
}

TEST(Json, LowersTheNamesOfFields) {
  std::string name, lower;
  for (std::size_t size = 1; size < 40; ++size) {
    name += static_cast<char>("AZ-@[az_`{09"[size % 12]);
    lower += static_cast<char>("az-@[az_`{09"[size % 12]);
    JsonText out;
    JsonWriter(out).begin_object().lower_key(name).number(1).end_object();
    EXPECT_EQ(out.view(), "{\"" + lower + "\":1}");
  }
}

TEST(Json, PutsCommasBetweenMembersAndElements) {
  JsonText out;
  JsonWriter json(out);
  json.begin_object();
  json.key("a").begin_list().end_list();
  json.key("b").begin_list().number(1).text("x").plain("y").boolean(true).end_list();
  json.key("c").begin_object().end_object();
  json.raw(R"("d":1,"e":2)");
  json.foreign_key("f\"").number(-1);
  json.end_object();
  EXPECT_EQ(out.view(), R"({"a":[],"b":[1,"x","y",true],"c":{},"d":1,"e":2,"f\"":-1})");
}

TEST(Json, WritesNumbersOfEverySize) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{9}, std::int64_t{10}, std::int64_t{-1},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    JsonText out;
    JsonWriter(out).number(value);
    EXPECT_EQ(out.view(), std::to_string(value));
  }
}

TEST(Json, KeepsWhatItHasWhenItGrows) {
  JsonText out;
  std::string expected;
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    out << piece << '.';
    expected += piece + '.';
  }
  EXPECT_EQ(out.view(), expected);
  out.clear();
  EXPECT_EQ(out.view(), "");
}

}  // namespace
}  // namespace sluice::telemetry
