#pragma once
// `sluice echo`: a small HTTP server that answers with what it received, for first steps, tests and
// people who debug.

#include <string>

#include "http/message.h"
#include "runtime/loop.h"

namespace sluice::echo {

/// The answers, on any loop: /status/CODE, /delay/MILLISECONDS, /bytes/N, /stream/N, everything
/// else is described as JSON. An `Upgrade: echo` becomes a tunnel that sends back what comes.
class Echo final : public http::Handler {
 public:
  explicit Echo(Loop& loop) : loop_(loop) {}

  Task<Done> respond(http::Incoming& incoming, const http::ClientPtr& client) override;

 private:
  http::ResponseTask answer(http::Request request, const http::Client& client);

  Loop& loop_;
};

/// Serves on `address` until SIGINT or SIGTERM. The exit code.
int run(const std::string& address);

}  // namespace sluice::echo
