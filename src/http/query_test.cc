// Queries and forms: what is read, what stays byte for byte, what changes.

#include "http/query.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Query, IsReadPairByPair) {
  struct Row {
    std::string_view query;
    std::vector<std::string> pairs;  // name=value decoded; a name alone has no value
  };

  const Row rows[] = {
      {"", {}},
      {"a", {"a"}},
      {"a=", {"a="}},
      {"=b", {"=b"}},
      {"a=1&b=2", {"a=1", "b=2"}},
      {"a=1&a=2", {"a=1", "a=2"}},
      {"&&a=1&", {"a=1"}},
      {"a=b=c", {"a=b=c"}},
      {"a+b=c+d", {"a b=c d"}},
      {"%61=%62", {"a=b"}},
      {"a=%4", {"a=%4"}},
      {"a=%zz%41", {"a=%zzA"}},
      {"a=%c3%A9", {"a=\xc3\xa9"}},
      {"a=1;b=2", {"a=1;b=2"}},
      {"a%3Db=1", {"a=b=1"}},
  };
  for (const Row& row : rows) {
    std::string_view rest = row.query;
    std::vector<std::string> pairs;
    while (const auto pair = next_query_parameter(rest)) {
      std::string text = decode_query(pair->name);
      EXPECT_TRUE(query_decodes_to(pair->name, text));
      EXPECT_FALSE(query_decodes_to(pair->name, text + "x"));
      if (pair->has_value) text += "=" + decode_query(pair->value);
      pairs.push_back(text);
    }
    EXPECT_EQ(pairs, row.pairs) << row.query;
  }
}

TEST(Query, EncodesSoThatItIsReadBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  std::string encoded;
  append_query_encoded(encoded, all);
  EXPECT_EQ(decode_query(encoded), all);
  EXPECT_EQ(encoded.find_first_of("&=+ \r\n?#"), std::string::npos);
}

TEST(Query, FindsAndRemovesOneNameInAnyEncoding) {
  EXPECT_EQ(find_in_query("a=1&%61=2&b=3", "a").count, 2U);
  EXPECT_EQ(find_in_query("b=3&%61=x%20y", "a").value, "x y");
  EXPECT_FALSE(find_in_query("a", "a").has_value);
  EXPECT_EQ(find_in_query("ab=1", "a").count, 0U);
  EXPECT_EQ(without_parameter("x=%7e&%61=2&a&y", "a"), "x=%7e&y");
  EXPECT_EQ(without_parameter("a=1", "a"), "");
}

TEST(QueryEdit, ChangesOnlyWhatItIsAskedTo) {
  auto edit = QueryEdit::parse("k=%7e+x&dup=1&gone=1&dup=2&old=a%26b&flag");
  ASSERT_TRUE(edit);
  EXPECT_TRUE(edit->remove("gone"));
  EXPECT_FALSE(edit->remove("absent"));
  EXPECT_TRUE(edit->rename("old", "new name"));
  EXPECT_FALSE(edit->rename("absent", "k"));
  edit->set("dup", "3&4");
  edit->append("list", "1");
  EXPECT_EQ(edit->text(), "k=%7e+x&dup=3%264&new%20name=a%26b&flag&list=1");
  EXPECT_EQ(edit->get("new name"), "a&b");
  EXPECT_EQ(edit->get("flag"), "");
  EXPECT_EQ(edit->get("gone"), std::nullopt);
}

TEST(QueryEdit, RenamesOverWhatWasThere) {
  auto edit = QueryEdit::parse("b=1&a=2&a=3");
  ASSERT_TRUE(edit);
  edit->rename("a", "b");
  EXPECT_EQ(edit->text(), "b=2&b=3");
}

TEST(QueryEdit, RefusesAFlood) {
  std::string query;
  for (std::size_t i = 0; i < query_parameters_max; ++i)
    query += "a&";
  EXPECT_TRUE(QueryEdit::parse(query));
  EXPECT_EQ(QueryEdit::parse(query + "b").error().code, ErrorCode::bad_request);
}

}  // namespace
}  // namespace sluice::http
