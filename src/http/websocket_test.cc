// The handshake of WebSocket, with the values of its RFC.

#include "http/websocket.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(WebSocket, TheAcceptIsThatOfTheRfc) {
  // RFC 6455 §1.3.
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, AKeyIsSixteenBytesInBase64) {
  EXPECT_EQ(websocket_key(0, 0), "AAAAAAAAAAAAAAAAAAAAAA==");
  EXPECT_EQ(websocket_key(1, 2).size(), 24U);
}

TEST(WebSocket, AnAnswerFitsItsRequestOrIsNone) {
  Headers request, right, wrong, none;
  ASSERT_TRUE(request.set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
  ASSERT_TRUE(right.set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  ASSERT_TRUE(wrong.set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO="));

  EXPECT_TRUE(is_accepted(request, right));
  EXPECT_FALSE(is_accepted(request, wrong));
  EXPECT_FALSE(is_accepted(request, none));
  EXPECT_TRUE(is_accepted(none, none));
}

}  // namespace
}  // namespace sluice::http
