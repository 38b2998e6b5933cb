// Headers and header names.

#include "http/headers.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/memory.h"

namespace sluice::http {
namespace {

std::string dump(const Headers& headers) {
  std::string text;
  for (const Headers::Field& field : headers.fields())
    text.append(field.name()).append("=").append(field.value()).append(";");
  return text;
}

TEST(HeaderId, KnowsEachNameInAnyCase){
#define X(id, name)                                   \
  {                                                   \
    std::string text = name;                          \
    EXPECT_EQ(header_id(text), HeaderId::id) << text; \
    for (char& c : text)                              \
      c = static_cast<char>(tolower(c));              \
    EXPECT_EQ(header_id(text), HeaderId::id) << text; \
    for (char& c : text)                              \
      c = static_cast<char>(toupper(c));              \
    EXPECT_EQ(header_id(text), HeaderId::id) << text; \
    EXPECT_EQ(header_name(HeaderId::id), name);       \
  }
    SLUICE_HEADER_NAMES(X)
#undef X
}

TEST(HeaderId, MistakesNoOtherNameForAKnownOne) {
#define X(id, name)                                                           \
  for (std::size_t at = 0; at < std::string_view(name).size(); ++at) {        \
    for (int byte = 0; byte < 256; ++byte) {                                  \
      std::string text = name;                                                \
      if (tolower(byte) == tolower(text[at])) continue;                       \
      text[at] = static_cast<char>(byte);                                     \
      if (text == "X-Kong-Request-Id" || text == "TE") continue;              \
      ASSERT_NE(header_id(text), HeaderId::id) << text;                       \
    }                                                                         \
  }                                                                           \
  EXPECT_EQ(header_id(std::string_view(name).substr(0, 1)), HeaderId::other); \
  EXPECT_NE(header_id(std::string(name) + "s"), HeaderId::id);
  SLUICE_HEADER_NAMES(X)
#undef X
  EXPECT_EQ(header_id(""), HeaderId::other);
  EXPECT_EQ(header_id(std::string(100, 'x')), HeaderId::other);
}

TEST(Headers, KeepsFieldsInOrderWithDuplicates) {
  Headers headers;

  ASSERT_TRUE(headers.add("X-One", "1"));
  ASSERT_TRUE(headers.add("Via", "a"));
  ASSERT_TRUE(headers.add("x-one", "2"));
  headers.add(HeaderId::via, "b");

  EXPECT_EQ(dump(headers), "X-One=1;Via=a;x-one=2;Via=b;");
  EXPECT_EQ(headers.get("X-ONE"), "1");
  EXPECT_EQ(headers.get(HeaderId::via), "a");
  EXPECT_FALSE(headers.get("x-two"));
  EXPECT_FALSE(headers.has(HeaderId::cookie));
}

TEST(Headers, SetReplacesAllInThePlaceOfTheFirst) {
  Headers headers;
  for (const char* name : {"A", "B", "a", "C", "A"})
    ASSERT_TRUE(headers.add(name, "old"));

  ASSERT_TRUE(headers.set("a", "new"));
  ASSERT_TRUE(headers.set("D", "added"));
  headers.set(HeaderId::via, "first");
  headers.set(HeaderId::via, "second");

  EXPECT_EQ(dump(headers), "a=new;B=old;C=old;D=added;Via=second;");
}

TEST(Headers, RemoveTakesAllOfThatNameAndCountsThem) {
  Headers headers;
  for (const char* name : {"Cookie", "B", "cookie", "C", "COOKIE"})
    ASSERT_TRUE(headers.add(name, "v"));

  EXPECT_EQ(headers.remove(HeaderId::cookie), 3U);
  EXPECT_EQ(headers.remove("c"), 1U);
  EXPECT_EQ(headers.remove("nothing"), 0U);

  EXPECT_EQ(dump(headers), "B=v;");
}

TEST(Headers, SingleRefusesTwo) {
  Headers headers;
  EXPECT_FALSE(*headers.single(HeaderId::authorization));
  headers.add(HeaderId::authorization, "a");
  EXPECT_EQ(**headers.single(HeaderId::authorization), "a");

  headers.add(HeaderId::authorization, "b");

  ASSERT_FALSE(headers.single(HeaderId::authorization));
  EXPECT_EQ(headers.single(HeaderId::authorization).error().code, ErrorCode::bad_request);
}

TEST(Headers, RefusesWhatWouldSplitAMessageOrFrameIt) {
  Headers headers;
  const std::string nul("a\0b", 3);
  const std::pair<std::string, std::string> refused[] = {{"", "v"},
                                                         {"A B", "v"},
                                                         {"A:", "v"},
                                                         {"A\r\n", "v"},
                                                         {"\xc3\xa9", "v"},
                                                         {"A", "v\r\nB: c"},
                                                         {"A", "\n"},
                                                         {"A", nul},
                                                         {"A", "\x7f"},
                                                         {"A", "\x1b[0m"},
                                                         {"Content-Length", "1"},
                                                         {"host", "h"},
                                                         {"TE", "trailers"},
                                                         {"transfer-encoding", "chunked"},
                                                         {"Connection", "close"},
                                                         {"Upgrade", "x"},
                                                         {"Keep-Alive", "x"},
                                                         {"Trailer", "x"},
                                                         {"Proxy-Connection", "x"},
                                                         {"Expect", "100-continue"},
                                                         {std::string(70'000, 'n'), "v"}};

  for (const auto& [name, value] : refused) {
    const auto set = headers.set(name, value);
    ASSERT_FALSE(set) << name.substr(0, 50);
    EXPECT_EQ(set.error().code, ErrorCode::invalid_header);
    EXPECT_FALSE(headers.add(name, value));
  }

  EXPECT_TRUE(headers.empty());
  EXPECT_TRUE(headers.add("A", "tab\tspace obs-text \xe9"));
  EXPECT_TRUE(headers.add("B", ""));
}

TEST(Headers, ViewsOutliveSetAndMoves) {
  Headers headers;
  ASSERT_TRUE(headers.add("A", "old"));
  const std::string_view old = *headers.get("A");
  const std::string_view kept = headers.keep("kept");

  ASSERT_TRUE(headers.set("A", "new"));
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(headers.add("N" + std::to_string(i), "value"));
  Headers moved(std::move(headers));
  Headers assigned;
  assigned.add(HeaderId::via, "gone");
  assigned = std::move(moved);

  EXPECT_EQ(old, "old");
  EXPECT_EQ(kept, "kept");
  EXPECT_EQ(assigned.fields().size(), 1001U);
  EXPECT_EQ(assigned.get("N999"), "value");
  EXPECT_TRUE(headers.empty());  // NOLINT(bugprone-use-after-move): it is empty by contract
  ASSERT_TRUE(headers.add("again", "usable"));
  EXPECT_EQ(headers.get("again"), "usable");
}

TEST(Headers, TypicalMessageTakesOneBlockAndGivesItBack) {
  const auto before = memory::live_bytes();
  {
    Headers headers;
    headers.keep(std::string(346, 'h'));
    for (int i = 0; i < 22; ++i)
      headers.add(HeaderId::x_forwarded_host, "service.example.com");
    EXPECT_EQ(memory::live_bytes() - before, 2112);
  }
  EXPECT_EQ(memory::live_bytes(), before);
}

}  // namespace
}  // namespace sluice::http
