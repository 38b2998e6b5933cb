// correlation-id as its users see it: through a gateway made from configuration text.

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

TEST(CorrelationId, GivesUpstreamAndClientTheSameNewId) {
  PluginHarness gateway("correlation-id", "{generator: uuid, echo_downstream: true}");

  const Answer answer = gateway.get("/");

  EXPECT_EQ(answer.status, 200);
  const std::string id = answer.field("Kong-Request-ID");
  ASSERT_EQ(id.size(), 36U);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(answer.body.find("\"Kong-Request-ID\":\"" + id + "\""), std::string::npos)
      << answer.body;
}

TEST(CorrelationId, KeepsTheIdThatTheClientSent) {
  PluginHarness gateway("correlation-id", "{header_name: X-Trace, echo_downstream: true}");

  const Answer answer = gateway.get("/", "X-Trace: mine\r\n");

  EXPECT_EQ(answer.field("X-Trace"), "mine");
  EXPECT_NE(answer.body.find("\"X-Trace\":\"mine\""), std::string::npos);
}

TEST(CorrelationId, CountsFromOneIdOfTheWorkerByDefault) {
  PluginHarness gateway("correlation-id", "{echo_downstream: true}");

  const std::string first = gateway.get("/").field("Kong-Request-ID");
  const std::string second = gateway.get("/").field("Kong-Request-ID");

  EXPECT_EQ(first.substr(36), "#1");
  EXPECT_EQ(second.substr(36), "#2");
  EXPECT_EQ(first.substr(0, 36), second.substr(0, 36));
}

TEST(CorrelationId, NamesConnectionAndTimeInATracker) {
  PluginHarness gateway("correlation-id", "{generator: tracker, echo_downstream: true}");

  const std::string id = gateway.get("/").field("Kong-Request-ID");

  EXPECT_TRUE(id.starts_with("10.9.0.1-8000-")) << id;
}

TEST(CorrelationId, TellsTheClientNothingUnlessAsked) {
  PluginHarness gateway("correlation-id", "{}");

  EXPECT_EQ(gateway.get("/").field("Kong-Request-ID"), "");
}

TEST(CorrelationId, AlsoMarksAnswersWithoutRoute) {
  PluginHarness gateway("correlation-id", "{generator: uuid, echo_downstream: true}");

  const Answer answer = gateway.get("/", "Host: elsewhere\r\n", "HEAD");

  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.field("Kong-Request-ID").size(), 36U);
}

TEST(CorrelationId, NamesTheSettingThatIsWrong) {
  EXPECT_NE(config_error("correlation-id", "{generator: uuids}").find("generator"),
            std::string::npos);
  EXPECT_NE(config_error("correlation-id", "{header: X}").find("unknown field \"header\""),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::testing
