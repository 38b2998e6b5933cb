// The resolver on epoll against a real name server: dnsmasq, on a free port of the loopback
// interface.

#include <csignal>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/engine/epoll.h"
#include "runtime/engine/sockaddr.h"
#include "support/resolver_fixture.h"

namespace sluice {
namespace {

using testing::Found;
using testing::run;
using testing::text_of;

constexpr const char* program = "/usr/sbin/dnsmasq";

/// Binds a socket to `port` of the loopback interface (0: the kernel's choice); the port,
/// or 0 when another has it.
std::uint16_t bound_port(int descriptor, std::uint16_t port) {
  SockAddr at(Address::from_ip("127.0.0.1", port).value());
  if (::bind(descriptor, at.get(), at.size) != 0) return 0;
  ::getsockname(descriptor, at.get(), &at.size);
  return at.address().port;
}

/// One that is free for UDP and for TCP.
std::uint16_t free_port() {
  for (;;) {
    const int datagrams = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int streams = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const std::uint16_t port = bound_port(streams, bound_port(datagrams, 0));
    ::close(datagrams);
    ::close(streams);
    if (port != 0) return port;
  }
}

class ResolverDnsmasqTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(program, X_OK) != 0)
      GTEST_SKIP() << program << " is not installed (package dnsmasq-base)";
    engine_ = make_epoll_engine().value();
    loop_ = std::make_unique<Loop>(*engine_);
    // Another program may take the port before the server does: it says so by its end.
    for (int i = 0; i < 10 && !is_answering(); ++i)
      start_server();
    ASSERT_TRUE(is_answering());
    settings_.timeout = seconds(10);  // no answer is late, however busy the machine
    resolver_ = std::make_unique<Resolver>(*loop_, settings_);
  }

  void start_server() {
    const std::uint16_t port = free_port();
    std::vector<std::string> arguments = {program,
                                          "--no-daemon",
                                          "--conf-file=/dev/null",
                                          "--no-resolv",
                                          "--no-hosts",
                                          "--pid-file",
                                          "--log-facility=/dev/null",
                                          "--bind-interfaces",
                                          "--listen-address=127.0.0.1",
                                          "--port=" + std::to_string(port),
                                          "--local=/test/",
                                          "--host-record=both.test,10.1.0.1,2001:db8::1,2",
                                          "--host-record=four.test,10.1.0.4",
                                          "--host-record=six.test,2001:db8::6",
                                          "--host-record=ready.test,10.1.0.8",
                                          "--cname=alias.test,four.test",
                                          "--address=/wild.test/10.1.0.9",
                                          "--srv-host=_http._tcp.test,both.test,8001,1,10",
                                          "--srv-host=_http._tcp.test,four.test,8004,0,20"};
    for (int i = 0; i < 100; ++i)
      arguments.push_back("--host-record=many.test,10.2.0." + std::to_string(i));
    std::vector<char*> pointers;
    for (std::string& argument : arguments)
      pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ASSERT_EQ(::posix_spawn(&server_, program, nullptr, nullptr, pointers.data(), environ), 0);
    settings_.nameservers = {Address::from_ip("127.0.0.1", port).value()};
    settings_.search = {"test"};
  }

  /// Waits until the server that was started answers, or has ended.
  bool is_answering() {
    ResolverSettings impatient = settings_;
    impatient.timeout = milliseconds(20);
    impatient.attempts = 1;
    for (int i = 0; i < 1000 && server_ > 0; ++i) {
      Resolver resolver(*loop_, impatient);
      if (text_of(run(*loop_, resolver.resolve("ready.test", 80, never))) == "10.1.0.8:80")
        return true;
      if (::waitpid(server_, nullptr, WNOHANG) == server_) server_ = 0;
    }
    return false;
  }

  void TearDown() override {
    if (server_ > 0) {
      ::kill(server_, SIGTERM);
      ::waitpid(server_, nullptr, 0);
    }
    resolver_.reset();
    loop_.reset();
    EXPECT_EQ(memory::live_bytes(), 0);
  }

  std::string resolve(std::string_view name) {
    return text_of(run(*loop_, resolver_->resolve(name, 80, never)));
  }

  pid_t server_ = 0;
  ResolverSettings settings_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverDnsmasqTest, ResolvesNamesOfAllKinds) {
  EXPECT_EQ(resolve("both.test"), "10.1.0.1:80");
  EXPECT_EQ(resolve("both"), "10.1.0.1:80");
  EXPECT_EQ(resolve("six.test"), "[2001:db8::6]:80");
  EXPECT_EQ(resolve("FOUR.test."), "10.1.0.4:80");
  EXPECT_EQ(resolve("alias.test"), "10.1.0.4:80");
  EXPECT_EQ(resolve("any.wild.test"), "10.1.0.9:80");
  EXPECT_EQ(resolve("none.test"), "error: none.test: no such name");
}

TEST_F(ResolverDnsmasqTest, ResolvesServices) {
  EXPECT_EQ(resolve("_http._tcp.test"), "10.1.0.4:8004 10.1.0.1:8001");
}

TEST_F(ResolverDnsmasqTest, FetchesLongAnswersOverTcp) {
  const Found found = run(*loop_, resolver_->resolve("many.test", 80, never));

  ASSERT_TRUE(found.has_value()) << text_of(found);
  EXPECT_EQ((*found)->size(), 64u);
}

TEST_F(ResolverDnsmasqTest, SaysThatAServerIsGone) {
  ASSERT_EQ(resolve("four.test"), "10.1.0.4:80");
  ::kill(server_, SIGSTOP);
  ASSERT_EQ(::waitpid(server_, nullptr, WUNTRACED), server_);  // a signal takes its time
  settings_.timeout = milliseconds(100);
  settings_.attempts = 2;
  Resolver impatient(*loop_, settings_);

  const Found found = run(*loop_, impatient.resolve("four.test", 80, never));
  ::kill(server_, SIGCONT);

  EXPECT_EQ(
      text_of(found),
      "error: four.test: SRV: " + settings_.nameservers[0].text() +
          ": no answer in time; if these servers know no SRV, leave it out of gateway.dns.order");
}

}  // namespace
}  // namespace sluice
