// Which blocks OpenSSL gets again.

#include "tls/record_buffers.h"

#include <cstring>
#include <thread>

#include <gtest/gtest.h>
#include <openssl/crypto.h>

namespace sluice::tls {
namespace {

constexpr std::size_t record_buffer = 16 * 1024 + 400;

// OpenSSL takes it only before its first block.
[[maybe_unused]] const bool are_kept = (keep_record_buffers(), true);

TEST(RecordBuffers, TheLastOneFreedIsTheNextOne) {
  void* const first = OPENSSL_malloc(record_buffer);
  void* const second = OPENSSL_malloc(record_buffer);
  OPENSSL_free(second);
  OPENSSL_free(first);

  EXPECT_EQ(OPENSSL_malloc(record_buffer), first);
  EXPECT_EQ(OPENSSL_malloc(record_buffer), second);

  OPENSSL_free(first);
  OPENSSL_free(second);
}

TEST(RecordBuffers, ASmallerOneIsNotTakenForALargerOne) {
  void* const small = OPENSSL_malloc(16 * 1024);
  OPENSSL_free(small);

  void* const large = OPENSSL_malloc(17 * 1024);
  std::memset(large, 1, 17 * 1024);

  EXPECT_NE(large, small);
  OPENSSL_free(large);
}

TEST(RecordBuffers, OtherSizesComeFromMalloc) {
  EXPECT_EQ(OPENSSL_malloc(0), nullptr);
  char* text = static_cast<char*>(OPENSSL_malloc(10));
  std::memcpy(text, "012345678", 10);
  text = static_cast<char*>(OPENSSL_realloc(text, 40 * 1024));
  EXPECT_STREQ(text, "012345678");
  EXPECT_EQ(OPENSSL_realloc(text, 0), nullptr);
  OPENSSL_free(nullptr);
}

TEST(RecordBuffers, AThreadGivesItsOwnBackAndTakesThoseOfOthers) {
  void* buffer = nullptr;
  std::thread([&] {
    OPENSSL_free(OPENSSL_malloc(record_buffer));
    buffer = OPENSSL_malloc(record_buffer);
  }).join();
  std::memset(buffer, 1, record_buffer);
  OPENSSL_free(buffer);
  EXPECT_EQ(OPENSSL_malloc(record_buffer), buffer);
  OPENSSL_free(buffer);
}

}  // namespace
}  // namespace sluice::tls
