// The tree: what it keeps, and that copies do not depend on what they were copied from.

#include "config/node.h"

#include <array>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(Document, KeepsItsOwnCopyOfEveryText) {
  Document document;
  std::string text = "a text that is too long for a small string";

  const Node node = document.text(text, {1, 2});
  text.assign(text.size(), 'x');

  EXPECT_EQ(node.text(), "a text that is too long for a small string");
  EXPECT_EQ(node.place(), (Place{1, 2}));
}

TEST(Document, FindsAMemberByItsKey) {
  Document document;
  const std::array members = {Member{"a", {1, 1}, document.integer(1, {1, 4}, "1")},
                              Member{"b", {2, 1}, document.boolean(true, {2, 4}, "true")}};

  const Node map = document.map(members, {1, 1});

  ASSERT_NE(map.find("b"), nullptr);
  EXPECT_TRUE(map.find("b")->boolean());
  EXPECT_EQ(map.find("c"), nullptr);
  EXPECT_EQ(map.find("a")->find("a"), nullptr);
}

TEST(Document, CopiesATreeThatOutlivesItsSource) {
  Document copy;
  const Node* kept = nullptr;
  {
    Document source;
    const std::array items = {source.text("one", {1, 2}), source.number(2.5, {1, 7}, "2.50"),
                              source.null({1, 9})};
    const std::array members = {Member{source.keep("list"), {1, 1}, source.list(items, {1, 1})}};
    kept = copy.keep(source.map(members, {1, 1}));
  }

  const Node* list = kept->find("list");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items().size(), 3U);
  EXPECT_EQ(list->items()[0].text(), "one");
  EXPECT_EQ(list->items()[1].number(), 2.5);
  EXPECT_EQ(list->items()[1].source(), "2.50");
  EXPECT_TRUE(list->items()[2].is_null());
}

TEST(Document, GivesAMillionSmallTextsLittleMoreMemoryThanTheyNeed) {
  Document document;

  for (int i = 0; i < 1'000'000; ++i)
    document.keep("eight by");

  EXPECT_LT(document.footprint(), 10'000'000U);
}

TEST(Node, SaysNothingAboutWhatItIsNot) {
  Document document;

  const Node text = document.text("a", {});

  EXPECT_TRUE(text.items().empty());
  EXPECT_TRUE(text.members().empty());
  EXPECT_EQ(document.list({}, {}).source(), "");
}

}  // namespace
}  // namespace sluice::config
