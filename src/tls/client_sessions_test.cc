// Until when the session of a client with a certificate is resumed: both ends of TLS on the
// simulated kernel, whose clock is the only one that counts.

#include <gtest/gtest.h>

#include "runtime/listener.h"
#include "runtime/socket_stream.h"
#include "support/certified.h"
#include "support/run.h"
#include "tls/client_context.h"
#include "tls/openssl.h"
#include "tls/server_context.h"

namespace sluice::tls {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::string time_text(WallTime time) {
  const Owned<ASN1_TIME, ASN1_TIME_free> made(
      ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time)));
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(made.get()));
  return {bytes, static_cast<std::size_t>(ASN1_STRING_length(made.get()))};
}

struct Ends {
  minutes client{10'000};
  minutes intermediate{10'000};
  minutes authority{10'000};
};

/// What the server says of a connection.
struct Seen {
  bool resumed = false;
  bool verified = false;
  std::string problem;
};

class ClientSessions : public ::testing::TestWithParam<int> {
 protected:
  ClientSessions() {
    // An hour's last minutes: tickets of the next one replace those of this one.
    engine_.set_wall(WallTime(hours(500'000) + minutes(55)));
    pass(seconds(2));
    server_.use(std::make_shared<const Certificates>());
  }

  void certify_client(Ends ends) {
    const WallTime now = loop_.wall();
    const auto until = [&](minutes from_now) { return time_text(now + from_now); };
    const testing::Certified authority =
        testing::certify("authority", now, until(ends.authority).c_str(), nullptr);
    const testing::Certified intermediate =
        testing::certify("intermediate", now, until(ends.intermediate).c_str(), &authority);
    const testing::Certified client =
        testing::certify("client", now, until(ends.client).c_str(), &intermediate);

    auto asked = std::make_shared<ClientVerification>();
    asked->required = false;  // so that the server tells what it thinks of a bad certificate
    asked->authorities = Authorities::parse({authority.pem()}).value();
    asked->id = digest(authority.pem()).substr(0, 32);
    auto verifications = std::make_shared<ClientVerifications>();
    verifications->add("", std::move(asked));
    verifications_ = std::move(verifications);

    auto policy = std::make_shared<ClientPolicy>();
    policy->verifies = false;
    policy->certificate =
        KeyPair::parse(client.pem() + intermediate.pem(), client.key_pem()).value();
    client_.emplace(loop_, std::move(policy));
  }

  void pass(nanoseconds time) {
    const auto sleep = [](Loop& loop, TimePoint until) -> Task<Done> {
      co_await sleep_until(loop, until);
      co_return Done{};
    };
    testing::run(loop_, sleep(loop_, loop_.now() + time));
  }

  /// A connection that offers the newest session, and keeps the one that it gets.
  Seen connect() {
    std::optional<Result<Seen>> seen;
    std::optional<Result<Done>> done;
    Scope scope(loop_, 2);
    EXPECT_TRUE(scope.spawn(testing::store(serve(), seen)));
    EXPECT_TRUE(scope.spawn(testing::store(ask(), done)));
    testing::turn_until(loop_, [&] { return seen && done; });
    EXPECT_TRUE(*done) << done->error().detail.text();
    EXPECT_TRUE(*seen) << seen->error().detail.text();
    return *seen ? **seen : Seen{};
  }

 private:
  Task<Result<Seen>> serve() {
    CO_TRY(Accepted accepted, co_await acceptor_.accept());
    auto stream = server_.accept(std::make_unique<SocketStream>(loop_, std::move(accepted.socket)),
                                 {}, verifications_);
    CO_TRY([[maybe_unused]] Done shaken, co_await stream->shake(never));
    Seen seen{.resumed = stream->resumed()};
    const auto handshake = ServerContext::take_handshake(*stream);
    seen.verified = handshake->verified;
    seen.problem = handshake->problem;
    static_cast<void>(co_await stream->end(never));
    static_cast<void>(co_await stream->read(1, never));
    co_return seen;
  }

  Task<Result<Done>> ask() {
    CO_TRY(StreamPtr lower, co_await connect_stream(loop_, address_, never));
    auto stream = client_->connect(std::move(lower), "api.example.com", Offer::nothing, slot_);
    SSL_set_max_proto_version(stream->ssl(), GetParam());
    CO_TRY([[maybe_unused]] Done shaken, co_await stream->shake(never));
    CO_TRY([[maybe_unused]] Chunk end, co_await stream->read(1, never));  // tickets come before it
    // OpenSSL tells of no session that replaces one of TLS 1.2.
    slot_->put(SSL_get1_session(stream->ssl()));
    co_return co_await stream->end(never);
  }

  SimEngine engine_{1};
  Loop loop_{engine_};
  Address address_ = Address::parse("10.0.0.1:443").value();
  Acceptor acceptor_{loop_, engine_.listen(address_, {}).value()};
  ServerContext server_{loop_};
  ClientVerificationsPtr verifications_;
  std::optional<ClientContext> client_;
  std::shared_ptr<SessionSlot> slot_ = std::make_shared<SessionSlot>();
};

TEST_P(ClientSessions, EndWithTheFirstCertificateOfTheChain) {
  const Ends each[] = {
      {.client = minutes(20)}, {.intermediate = minutes(20)}, {.authority = minutes(20)}};
  for (const Ends& ends : each) {
    SCOPED_TRACE(::testing::Message() << "client " << ends.client << ", intermediate "
                                      << ends.intermediate << ", authority " << ends.authority);
    certify_client(ends);
    const Seen first = connect();
    EXPECT_FALSE(first.resumed);
    EXPECT_TRUE(first.verified) << first.problem;
    // Twice, so that what replaces a session ends when it did: OpenSSL's client uses none again
    // that was replaced, nor any of TLS 1.3.
    for (int i = 0; i < 2; ++i) {
      pass(minutes(9));
      const Seen again = connect();
      EXPECT_TRUE(again.resumed);
      EXPECT_TRUE(again.verified) << again.problem;
    }
    pass(minutes(3));
    const Seen last = connect();
    EXPECT_FALSE(last.resumed);
    EXPECT_FALSE(last.verified);
    EXPECT_EQ(last.problem, "certificate has expired");
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, ClientSessions,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace sluice::tls
