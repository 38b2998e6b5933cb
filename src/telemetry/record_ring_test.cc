// The ring between a worker and the thread that makes text of its records.

#include "telemetry/record_ring.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

bool push(RecordRing& ring, std::string_view text) {
  char* place = ring.reserve(text.size());
  if (place == nullptr) return false;
  std::memcpy(place, text.data(), text.size());
  ring.commit();
  return true;
}

std::vector<std::string> taken(RecordRing& ring) {
  std::vector<std::string> records;
  ring.drain([&](std::string_view record) { records.emplace_back(record); });
  return records;
}

TEST(RecordRing, GivesRecordsInTheirOrder) {
  RecordRing ring(1024);
  EXPECT_TRUE(push(ring, "one"));
  EXPECT_TRUE(push(ring, ""));
  EXPECT_TRUE(push(ring, "three of them"));
  EXPECT_EQ(taken(ring), (std::vector<std::string>{"one", "", "three of them"}));
  EXPECT_TRUE(taken(ring).empty());
}

TEST(RecordRing, RefusesWhatDoesNotFitAndGoesOnWhenThereIsRoom) {
  RecordRing ring(128);
  EXPECT_FALSE(push(ring, std::string(128, 'x')));
  EXPECT_TRUE(push(ring, std::string(56, 'a')));
  EXPECT_TRUE(push(ring, std::string(56, 'b')));
  EXPECT_FALSE(push(ring, "c"));
  EXPECT_EQ(taken(ring).size(), 2U);
  EXPECT_TRUE(push(ring, "d"));
  EXPECT_EQ(taken(ring), (std::vector<std::string>{"d"}));
}

TEST(RecordRing, ForgetsAPlaceThatWasNotCommitted) {
  RecordRing ring(128);
  EXPECT_NE(ring.reserve(100), nullptr);
  EXPECT_TRUE(push(ring, "kept"));
  EXPECT_EQ(taken(ring), (std::vector<std::string>{"kept"}));
}

TEST(RecordRing, KeepsEachRecordInOnePieceAroundTheEnd) {
  RecordRing ring(256);
  std::size_t given = 0;
  for (std::size_t round = 0; round < 1000; ++round) {
    const std::string text(round % 121, static_cast<char>('a' + round % 26));
    ASSERT_TRUE(push(ring, text)) << round;
    const auto records = taken(ring);
    ASSERT_EQ(records, std::vector<std::string>{text}) << round;
    given += records.size();
  }
  EXPECT_EQ(given, 1000U);
}

TEST(RecordRing, LosesNothingThatItTookBetweenTwoThreads) {
  RecordRing ring(4096);
  constexpr int count = 5000;
  std::thread writer([&] {
    for (int i = 0; i < count; ++i)
      while (!push(ring, std::to_string(i) + std::string(static_cast<std::size_t>(i % 300), '.')))
        std::this_thread::yield();
  });
  int next = 0;
  while (next < count)
    ring.drain([&](std::string_view record) {
      const std::string expected =
          std::to_string(next) + std::string(static_cast<std::size_t>(next % 300), '.');
      ASSERT_EQ(record, expected);
      ++next;
    });
  writer.join();
}

}  // namespace
}  // namespace sluice::telemetry
