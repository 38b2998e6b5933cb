#pragma once
// What the load generator and the relay share: addresses, non-blocking sockets, pinning. Any
// failure ends the process with a message, because a benchmark that goes on without a socket
// measures nothing.

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "numbers.h"

namespace bench {

[[noreturn]] inline void fail(const char* program, const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", program, message.c_str());
  std::exit(2);
}

/// Reads an option's number. Anything else ends the process.
template <class Number>
Number number_of(const char* program, const std::string& text) {
  const auto number = leading_number<Number>(text);
  if (!number) fail(program, "'" + text + "' must be a number");
  return *number;
}

/// Reads "127.0.0.1:8000". Anything else ends the process.
inline sockaddr_in address_of(const char* program, const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const auto colon = text.rfind(':');
  const auto port =
      number_of<int>(program, colon == std::string::npos ? "0" : text.substr(colon + 1));
  const std::string host = text.substr(0, colon);
  if (port <= 0 || port > 65535 || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    fail(program, "'" + text + "' must be an IPv4 address and a port, as in 127.0.0.1:8000");
  }
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// A non-blocking listening socket with a backlog of 4,096.
inline int listen_on(const char* program, const std::string& text) {
  const sockaddr_in address = address_of(program, text);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 4096) != 0) {
    fail(program, "cannot listen on " + text + ": " + std::strerror(errno));
  }
  return listener;
}

inline void send_at_once(int descriptor) {
  const int yes = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

/// Registers once for everything, edge-triggered: no later epoll_ctl on any path.
inline void watch(int epoll, int descriptor, void* owner) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = owner;
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/// Keeps this process on one CPU; a negative number leaves it where it is.
inline void pin_to(const char* program, int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    fail(program, "cannot run on CPU " + std::to_string(cpu));
}

inline void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace bench
