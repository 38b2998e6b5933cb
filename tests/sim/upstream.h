#pragma once
// A scripted upstream: each request says in its target how it wants to be treated, and is recorded.

#include <string>

#include "runtime/op.h"
#include "runtime/scope.h"
#include "sim/wire.h"

namespace sluice::sim {

class World;

class Upstream {
 public:
  /// Listens at `address` at once.
  Upstream(World& world, const std::string& address);
  void stop();

  std::size_t open_connections() const noexcept { return connections_.size(); }

  const std::string& address() const noexcept { return address_; }

  /// Closes connections that idle for up to this long; zero never does.
  nanoseconds idle_max{0};

 private:
  struct Call;
  using Answer = Task<bool>;

  Task<Done> accept_loop(SocketPtr socket);
  Task<Done> serve(StreamPtr stream, std::size_t number);
  void check_head(const Head& head);
  Answer answer(Call& call);
  Task<bool> take_body(Call& call);
  Task<bool> reply(Call& call, std::uint64_t status, std::string body);
  static bool ends_behind(Call& call);
  Answer reply_early(Call& call);
  Answer hang(Call& call);
  Answer drop(Call& call);
  Answer cut(Call& call);
  Answer garbage(Call& call);
  Answer surplus(Call& call);
  Answer tunnel(Call& call);

  World& world_;
  std::string address_;
  std::size_t accepted_ = 0;
  Scope accepting_;
  Scope connections_;
};

}  // namespace sluice::sim
