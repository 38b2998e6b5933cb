// multipart/form-data, read as its many readers do and written again.

#include "http/form.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

constexpr std::string_view type = "multipart/form-data; boundary=XX";

std::string part(std::string_view name, std::string_view content, std::string_view more = "") {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"" +
         std::string(more) + "\r\n\r\n" + std::string(content) + "\r\n";
}

/// The form as it is sent; "refused" where there is none.
std::string read(std::string_view body, std::string_view content_type = type) {
  const auto form = MultipartForm::parse(content_type, body);
  return form ? form->text() : "refused";
}

TEST(MediaType, HasNoParameters) {
  EXPECT_EQ(media_type(" Application/JSON ; charset=utf-8"), "application/json");
}

TEST(MultipartForm, StaysAsItCame) {
  const std::string body = part("a", "1") +
                           part("file", "two\r\nlines", "; filename=\"x.txt\"\r\nX-More: y") +
                           part("empty", "") + "--XX--\r\n";
  const auto form = MultipartForm::parse(type, body);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->text(), body);
  EXPECT_EQ(form->get("file"), "two\r\nlines");
  EXPECT_EQ(form->get("empty"), "");
  EXPECT_EQ(form->get("none"), std::nullopt);
}

TEST(MultipartForm, ChangesFields) {
  auto form = MultipartForm::parse(
      type, part("a", "1") + part("b", "2") + part("a", "3") + part("c", "4") + "--XX--");
  ASSERT_TRUE(form);
  EXPECT_TRUE(form->remove("a"));
  EXPECT_TRUE(form->rename("b", "z"));
  EXPECT_TRUE(form->set("c", "5"));
  EXPECT_TRUE(form->set("d", "6"));
  EXPECT_FALSE(form->set("e", "x\r\n--XX--\r\n"));
  EXPECT_FALSE(form->set("e\r\n", "x"));
  EXPECT_EQ(form->text(), part("c", "5") + part("z", "2") + part("d", "6") + "--XX--\r\n");
}

TEST(MultipartForm, IsWrittenAsOneThatAllReadersTakeForTheSame) {
  const std::string_view head = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
  const std::string a = part("a", "1");
  const std::string b = part("b", "2");
  const std::string last = "--XX--\r\n";
  const std::pair<std::string, std::string> rows[] = {
      {"", last},
      {"--XX--", last},
      {a + "--XX--", a + last},
      {"A preamble with --XX.\r\n--XXY\r\n" + a + last, a + last},
      {"\r\n" + a + last, a + last},
      {"\n" + a + last, a + last},
      {a + last + "\r\n", a + last},
      {a + last + "an epilogue\r\n" + b + last, a + last},
      {"--XX \t\r\n" + std::string(head) + "1\r\n--XX--  \r\n", a + last},
      {"--XX\r\nContent-Disposition: form-data;\r\n name=\"a\"\r\n\r\n1\r\n--XX--", a + last},
      {"--XX\r\nX-More: y\r\n" + std::string(head) + "1\r\n--XX--",
       part("a", "1", "\r\nX-More: y") + last},
      {"--XX\r\n" + std::string(head) + "1", a + last},
      {a + "--XX\r\n" + std::string(head) + "1\r\n", a + part("a", "1\r\n") + last},
      {"--XX\nContent-Disposition: form-data; name=\"a\"\n\n1\n--XX\r\nContent-Disposition: "
       "form-data; name=\"b\"\n\r\n2\n--XX--\n",
       a + b + last},
      {"--XX\r\n" + std::string(head) + "--XX--", part("a", "") + last},
      {"--XX\r\n" + std::string(head) + "1\n2\r3\r\n\r\n--XX--", part("a", "1\n2\r3\r\n") + last},
      {"--XX\r\ncontent-disposition:FORM-DATA;NAME=a;;\r\nX-More:y\r\n\r\n1\r\n--XX--",
       part("a", "1", "\r\nX-More: y") + last},
      {"--XX\r\nContent-Disposition: form-data; filename=\"; name=b\"; "
       "name=\"a\"\r\n\r\n1\r\n--XX--",
       part("a", "1", "; filename=\"; name=b\"") + last},
      {part("a", "1", R"(; filename="x\"; name=\"b.txt")") + last,
       part("a", "1", R"(; filename="x%22; name=%22b.txt")") + last},
      {part("a", "1", R"(; filename="C:\x\\y'"; x=z'; filename*=utf-8''%41)") + last,
       part("a", "1", R"(; filename="C:\x\\y'"; x="z'"; filename*=utf-8''%41)") + last},
  };
  for (const auto& [body, written] : rows) {
    EXPECT_EQ(read(body), written) << body;
    EXPECT_EQ(read(written), written) << "again: " << body;
  }
}

TEST(MultipartForm, KnowsItsBoundary) {
  const std::pair<std::string_view, bool> rows[] = {
      {"multipart/form-data; charset=utf-8; BOUNDARY=\"XX\"", true},
      {"multipart/form-data;boundary=XX;", true},
      {"multipart/form-data", false},
      {"multipart/form-data; boundary=", false},
      {"multipart/form-data; boundary=XX; boundary=YY", false},
      {"multipart/form-data; boundary=XX; Boundary*=YY", false},
      {"multipart/form-data; boundary*0=YY; boundary=XX", false},
      {"multipart/form-data; a=\"boundary=YY\"; boundary=XX", false},
      {"multipart/form-data; boundary=XX; a=\"boundary=YY\"", false},
      {"multipart/form-data; boundary = XX", false},
      {"multipart/form-data; boundary=XX YY", false},
      {"multipart/form-data; boundary=XX, x", false},
      {"multipart/form-data; boundary=\"XX", false},
      {"multipart/form-data, boundary=XX", false},
      {"multipart/mixed; boundary=XX", false},
  };
  for (const auto& [content_type, is_known] : rows)
    EXPECT_EQ(read("--XX--", content_type), is_known ? "--XX--\r\n" : "refused") << content_type;
  const std::string_view itself = "multipart/form-data; boundary=----a'boundary:1/(2)?=+_.";
  EXPECT_EQ(read("------a'boundary:1/(2)?=+_.--", itself), "------a'boundary:1/(2)?=+_.--\r\n");
  const std::string longest = "multipart/form-data; boundary=" + std::string(70, 'x');
  EXPECT_NE(read("", longest), "refused");
  EXPECT_EQ(read("", longest + "x"), "refused");
}

TEST(MultipartForm, IsRefusedWhereItCanBeReadInSeveralWays) {
  const std::string_view heads[] = {
      "",
      "no colon",
      "Content-Disposition: form-data",
      "Content-Disposition: form-data; filename=\"x\"",
      "Content-Disposition: attachment; name=\"a\"",
      "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
      "Content-Disposition: form-data; name=\"a\"; NAME=b",
      "Content-Disposition: form-data; name=\"a\"; name*=utf-8''b",
      "Content-Disposition: form-data; name*0=\"a\"",
      "Content-Disposition: form-data; name=\"a\\\"b\"",
      "Content-Disposition: form-data; name=\"\\a\"",
      "Content-Disposition: form-data; name=\"a\" x",
      "Content-Disposition: form-data; name=\"a\"; x",
      "Content-Disposition: form-data; name=\"a",
      "Content-Disposition: form-data; name = \"a\"",
      "Content-Disposition: form-data; name=a b",
      "Content-Disposition: form-data; name=",
      "Content-Disposition: form-data, name=\"a\"",
      "Content-Disposition: form-data; name=\"a\"; filename=\"x\\\\\"; y=\"; name=b; z=\"",
      "Content-Disposition: form-data; name=\"a\"; filename*=x'y",
      "Content-Disposition : form-data; name=\"a\"",
      " Content-Disposition: form-data; name=\"a\"",
      "Content-Disposition: form-data; name=\"a\x01\"",
      "Content-Disposition: form-data; name=\"a\"\rX: y",
      "Content-Disposition: form-data; name=\"a\"\r\nX: --XX",
      "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
  };
  for (const std::string_view head : heads)
    EXPECT_EQ(read("--XX\r\n" + std::string(head) + "\r\n\r\n1\r\n--XX--"), "refused") << head;
  const std::string_view contents[] = {"--XXY",       "1\r\n--XXY", "1\r\n--XX--x",
                                       "1 --XX",      "1\r--XX\r",  "1--XX--",
                                       "1\r\n--XX x", "1\n--XX\v",  "--XX\r"};
  for (const std::string_view content : contents)
    EXPECT_EQ(read(part("a", content) + "--XX--"), "refused") << content;
  const std::string_view bodies[] = {"--XX",
                                     "--XX\r\n",
                                     "text",
                                     "--XY\r\n",
                                     "--XX\r\nContent-Disposition: form-data; name=\"a\"",
                                     "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n",
                                     "--XX\r--XX--"};
  for (const std::string_view body : bodies)
    EXPECT_EQ(read(body), "refused") << body;
}

TEST(MultipartForm, KeepsTheBoundaryOutOfWhatIsSet) {
  auto form = MultipartForm::parse(type, part("a", "1") + "--XX--");
  ASSERT_TRUE(form);
  EXPECT_FALSE(form->set("a", "--XX"));
  EXPECT_FALSE(form->set("a", "x--XX"));
  EXPECT_FALSE(form->set("--XX", "1"));
  EXPECT_FALSE(form->rename("a", "--XX"));
  EXPECT_FALSE(form->rename("none", "b"));
  EXPECT_EQ(form->text(), part("a", "1") + "--XX--\r\n");
}

TEST(MultipartForm, HasHeadsOfAtMost16KiB) {
  const std::string lead = "Content-Disposition: form-data; name=\"a\"; filename=\"";
  const std::size_t longest = form_part_head_bytes_max - lead.size() - 5;
  EXPECT_NE(read("--XX\r\n" + lead + std::string(longest, 'x') + "\"\r\n\r\n"), "refused");
  EXPECT_EQ(read("--XX\r\n" + lead + std::string(longest + 1, 'x') + "\"\r\n\r\n"), "refused");
}

TEST(MultipartForm, HasAtMostAThousandParts) {
  std::string body;
  for (std::size_t i = 0; i < form_parts_max; ++i)
    body += part("a", "");
  EXPECT_TRUE(MultipartForm::parse(type, body + "--XX--"));
  EXPECT_FALSE(MultipartForm::parse(type, body + part("b", "") + "--XX--"));
}

}  // namespace
}  // namespace sluice::http
