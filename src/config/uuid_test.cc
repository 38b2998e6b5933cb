// Identifiers: their text form, and that derived ones are those of every other implementation.

#include "config/uuid.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(Uuid, ReadsItsOwnText) {
  const auto id = parse_uuid("6BA7B810-9dad-11d1-80b4-00c04fd430c8");

  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->text(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
}

TEST(Uuid, RefusesOtherForms) {
  for (const char* text :
       {"", "6ba7b8109dad11d180b400c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
        "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "{6ba7b810-9dad-11d1-80b4-00c04fd430c}",
        "6ba7b810+9dad-11d1-80b4-00c04fd430c8"})
    EXPECT_FALSE(parse_uuid(text).has_value()) << text;
}

TEST(Uuid, DerivesVersionFive) {
  const auto dns = parse_uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8");

  EXPECT_EQ(uuid_v5(*dns, "python.org").text(), "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}

TEST(Uuid, DerivesTheIdsOfEntitiesAsKongDoes) {
  EXPECT_EQ(entity_id("services", "orders").text(), "580c8aca-d632-5804-b307-a24326e1e2d5");
}

}  // namespace
}  // namespace sluice::config
