#pragma once
// Address to and from the kernel's sockaddr; what else goes with sockets.

#include <algorithm>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "runtime/address.h"

namespace sluice {

inline int family_number(Address::Family family) {
  switch (family) {
    case Address::Family::ipv4:
      return AF_INET;
    case Address::Family::ipv6:
      return AF_INET6;
    default:
      return AF_UNIX;
  }
}

inline void set_option(int descriptor, int level, int option, int value) {
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

/// Empty: the system's stays. False with errno.
inline bool set_congestion_control(int descriptor, const std::string& algorithm) {
  return algorithm.empty() ||
         ::setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, algorithm.data(),
                      static_cast<socklen_t>(algorithm.size())) == 0;
}

struct SockAddr {
  SockAddr() = default;

  explicit SockAddr(const Address& address) {
    switch (address.family) {
      case Address::Family::ipv4: {
        auto* to = reinterpret_cast<sockaddr_in*>(&storage);
        to->sin_family = AF_INET;
        to->sin_port = htons(address.port);
        std::memcpy(&to->sin_addr, address.ip.data(), 4);
        size = sizeof *to;
        break;
      }
      case Address::Family::ipv6: {
        auto* to = reinterpret_cast<sockaddr_in6*>(&storage);
        to->sin6_family = AF_INET6;
        to->sin6_port = htons(address.port);
        to->sin6_scope_id = address.scope;
        std::memcpy(&to->sin6_addr, address.ip.data(), 16);
        size = sizeof *to;
        break;
      }
      default: {
        auto* to = reinterpret_cast<sockaddr_un*>(&storage);
        to->sun_family = AF_UNIX;
        std::copy_n(address.path.data(), std::min(address.path.size(), sizeof(to->sun_path) - 1),
                    to->sun_path);
        size = sizeof *to;
      }
    }
  }

  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }

  int family() const noexcept { return storage.ss_family; }

  Address address() const {
    Address result;
    if (storage.ss_family == AF_INET) {
      const auto* from = reinterpret_cast<const sockaddr_in*>(&storage);
      result.family = Address::Family::ipv4;
      result.port = ntohs(from->sin_port);
      std::memcpy(result.ip.data(), &from->sin_addr, 4);
    } else if (storage.ss_family == AF_INET6) {
      const auto* from = reinterpret_cast<const sockaddr_in6*>(&storage);
      result.family = Address::Family::ipv6;
      result.port = ntohs(from->sin6_port);
      result.scope = from->sin6_scope_id;
      std::memcpy(result.ip.data(), &from->sin6_addr, 16);
    } else {
      result.family = Address::Family::unix_path;
      if (size > offsetof(sockaddr_un, sun_path))
        result.path = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
    }
    return result;
  }

  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
};

}  // namespace sluice
