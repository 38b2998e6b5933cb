#pragma once
// The engine on Linux' epoll: edge triggered, tries first, waits only when the kernel has nothing.

#include <memory>

#include "runtime/engine.h"

namespace sluice {

/// With at most `pipes_max` pipes at a time. Error(io_failed) when the kernel refuses the
/// descriptors.
Result<std::unique_ptr<Engine>> make_epoll_engine(std::size_t pipes_max = 64);

/// Raises the soft limit of descriptors to the hard one, and returns it.
std::uint64_t raise_descriptor_limit();

}  // namespace sluice
