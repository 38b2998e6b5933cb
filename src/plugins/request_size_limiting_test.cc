// request-size-limiting as its users see it.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

std::string chunked(std::string_view body, std::string_view fields = "") {
  char size[16];
  std::snprintf(size, sizeof size, "%zx", body.size());
  return "POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" +
         std::string(fields) + "\r\n" +
         (body.empty() ? "" : std::string(size) + "\r\n" + std::string(body) + "\r\n") +
         "0\r\n\r\n";
}

TEST(RequestSizeLimiting, CountsInItsUnit) {
  struct Row {
    std::string_view config;
    std::size_t size;
    int status;
  };

  const Row rows[] = {
      {"{allowed_payload_size: 10, size_unit: bytes}", 10, 200},
      {"{allowed_payload_size: 10, size_unit: bytes}", 11, 413},
      {"{allowed_payload_size: 1, size_unit: kilobytes}", 1024, 200},
      {"{allowed_payload_size: 1, size_unit: kilobytes}", 1025, 413},
      {"{allowed_payload_size: 1}", 1 << 20, 200},
      {"{allowed_payload_size: 1}", (1 << 20) + 1, 413},
      {"{allowed_payload_size: 2}", (1 << 21) + 1, 413},
      {"{allowed_payload_size: 0, size_unit: bytes}", 0, 200},
      {"{}", 100'000, 200},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("request-size-limiting", row.config);
    const std::string body(row.size, 'x');
    const Answer plain = gateway.post("/", "text/plain", body);
    EXPECT_EQ(plain.status, row.status) << row.config << row.size;
    const Answer unknown = gateway.raw(chunked(body));
    EXPECT_EQ(unknown.status, row.status) << row.config << row.size << " chunked";
    if (row.status == 200) {
      const std::string told = "\"body_size\":" + std::to_string(row.size);
      EXPECT_NE(plain.body.find(told), std::string::npos);
      EXPECT_NE(unknown.body.find(told), std::string::npos);
      continue;
    }
    for (const Answer* answer : {&plain, &unknown}) {
      EXPECT_EQ(answer->fields(), error_fields);
      EXPECT_EQ(answer->body_without_id(), error_body("Request size limit exceeded"));
    }
  }
}

TEST(RequestSizeLimiting, TellsWhoWaitsBeforeItSends) {
  PluginHarness gateway("request-size-limiting", "{allowed_payload_size: 1, size_unit: bytes}");

  const Answer answer = gateway.raw(
      "POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
      "Connection: close\r\n\r\n");

  EXPECT_EQ(answer.status, 417);
  EXPECT_EQ(answer.body_without_id(), error_body("Request size limit exceeded"));
}

TEST(RequestSizeLimiting, WantsALengthWhereItIsToldTo) {
  PluginHarness gateway("request-size-limiting", "{require_content_length: true}");

  EXPECT_EQ(gateway.post("/", "text/plain", "").status, 200);
  for (const Answer& answer : {gateway.get("/"), gateway.raw(chunked("x"))}) {
    EXPECT_EQ(answer.status, 411);
    EXPECT_EQ(answer.body_without_id(), error_body("A valid Content-Length header is required"));
  }
}

TEST(RequestSizeLimiting, NamesTheSettingThatIsWrong) {
  EXPECT_NE(config_error("request-size-limiting", "{size_unit: gigabytes}").find("size_unit"),
            std::string::npos);
  EXPECT_NE(config_error("request-size-limiting", "{allowed_payload_size: -1}").find("-1"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::testing
