#include "runtime/engine/listen_socket.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/engine/sockaddr.h"

namespace sluice {
namespace {

struct Closer {
  int descriptor;

  ~Closer() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

bool is_other_file(const Address& address) {
  struct stat status{};
  return address.family == Address::Family::unix_path &&
         ::stat(address.path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode);
}

std::string remedy(int error, const Address& address) {
  switch (error) {
    case EADDRINUSE:
      return is_other_file(address)
                 ? "there is a file that is no socket; remove it, or choose another path"
                 : "another process listens there; stop it, or choose another address";
    case ENOENT:
    case ENOTDIR:
      return "there is no such folder; create it, or choose another path";
    case EACCES:
      return address.family == Address::Family::unix_path
                 ? "no permission to create the socket there; choose another folder or user"
                 : "ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher port or grant the "
                   "capability";
    case EADDRNOTAVAIL:
      return "this machine has no such address; see: ip address";
    case EMFILE:
      return "no file descriptor is left; raise the limit (ulimit -n)";
    default:
      return "choose another address";
  }
}

std::string congestion_control_remedy(int error) {
  return error == EPERM
             ? "it needs CAP_NET_ADMIN; see: sysctl net.ipv4.tcp_allowed_congestion_control"
             : "the kernel does not have it; see: sysctl net.ipv4.tcp_available_congestion_control";
}

/// A socket file that nobody serves any more is in the way of a new start; one that is served is
/// not ours to remove.
void remove_stale_path(const Address& address) {
  struct stat status{};
  if (::stat(address.path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return;
  SockAddr to(address);
  if (::connect(probe, to.get(), to.size) != 0 && errno == ECONNREFUSED)
    ::unlink(address.path.c_str());
  ::close(probe);
}

/// Whether anybody listens there, also one who would share the port: SO_REUSEPORT joins all
/// processes of a user, so that a second node would take half of the first one's clients.
bool is_taken(const Address& address) {
  if (address.port == 0 || address.family == Address::Family::unix_path) return false;
  const int probe = ::socket(family_number(address.family), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  set_option(probe, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family == Address::Family::ipv6) set_option(probe, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  SockAddr at(address);
  const bool taken = ::bind(probe, at.get(), at.size) != 0 && errno == EADDRINUSE;
  ::close(probe);
  return taken;
}

}  // namespace

Result<int> open_listener(const Address& address, const ListenOptions& options) {
  const auto failed_for = [&](std::string_view what, int error, const std::string& advice) {
    return fail(ErrorCode::io_failed, "cannot " + std::string(what) + " " + address.text() + ": " +
                                          std::strerror(error) + "; " + advice);
  };
  const auto failed = [&](std::string_view what) {
    const int error = errno;
    return failed_for(what, error, remedy(error, address));
  };
  const int descriptor =
      ::socket(family_number(address.family), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed("open a socket for");
  Closer closer{descriptor};
  if (address.family == Address::Family::unix_path) {
    remove_stale_path(address);
  } else {
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (address.family == Address::Family::ipv6) set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (address.family != Address::Family::unix_path &&
      !set_congestion_control(descriptor, options.congestion_control)) {
    const int error = errno;
    return failed_for("use congestion control " + options.congestion_control + " on", error,
                      congestion_control_remedy(error));
  }
  SockAddr at(address);
  if (options.reuse_port && options.alone && is_taken(address)) {
    errno = EADDRINUSE;
    return failed("bind");
  }
  if (::bind(descriptor, at.get(), at.size) != 0) return failed("bind");
  if (::listen(descriptor, options.backlog) != 0) return failed("listen on");
  return std::exchange(closer.descriptor, -1);
}

}  // namespace sluice
