// multipart/form-data, read strictly and written again.

#include "http/form.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

constexpr std::string_view type = "multipart/form-data; boundary=XX";

std::string part(std::string_view name, std::string_view content, std::string_view more = "") {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"" +
         std::string(more) + "\r\n\r\n" + std::string(content) + "\r\n";
}

TEST(FieldParameter, IsFoundInAnyNotation) {
  EXPECT_EQ(field_parameter("multipart/form-data; boundary=a", "boundary"), "a");
  EXPECT_EQ(field_parameter("x;a=1; BOUNDARY = \"b;c\" ;d=2", "boundary"), "b;c");
  EXPECT_EQ(field_parameter("x;a=1;b=\"q\\\"r\"", "b"), "q\"r");
  EXPECT_EQ(field_parameter("x", "b"), std::nullopt);
  EXPECT_EQ(field_parameter("x; b=\"open", "b"), std::nullopt);
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

TEST(MultipartForm, IsRefusedWhereItBreaksTheRules) {
  const std::string_view bodies[] = {
      "",
      "--XX",
      "--XX\r\n",
      "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1",
      "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--",
      "--XX\r\n\r\n1\r\n--XX--",
      "--XX\r\nno colon\r\n\r\n1\r\n--XX--",
      "--XX--trailing",
      "--XY\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XY--",
      "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; "
      "name=\"b\"\r\n\r\n1\r\n--XX--",
  };
  for (const std::string_view body : bodies)
    EXPECT_FALSE(MultipartForm::parse(type, body)) << body;
  EXPECT_FALSE(MultipartForm::parse("multipart/form-data", "--XX--"));
  EXPECT_TRUE(MultipartForm::parse(type, "--XX--"));
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
