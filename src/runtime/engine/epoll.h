#pragma once
// The engine on Linux' epoll: edge triggered, tries first, waits only when the kernel has nothing.

#include <memory>

#include "runtime/engine.h"

namespace sluice {

/// Error(io_failed) when the kernel refuses the descriptors.
Result<std::unique_ptr<Engine>> make_epoll_engine();

/// A connection that one loop accepted and another one is to serve; the descriptor moves,
/// unregistered. Precondition: nothing was submitted on it.
int detach_accepted(SocketPtr socket);
SocketPtr adopt_accepted(Engine& epoll_engine, int descriptor);

/// Raises the soft limit of descriptors to the hard one, and returns it.
std::uint64_t raise_descriptor_limit();

}  // namespace sluice
