#pragma once
// The engine on Linux' epoll: edge triggered, tries first, waits only when the kernel has nothing.

#include <memory>
#include <string>

#include "runtime/engine.h"

namespace sluice {

struct EpollOptions {
  std::size_t pipes_max = 64;      ///< at a time
  std::string congestion_control;  ///< of connections that it begins; empty: the system's
};

/// Error(io_failed) when the kernel refuses the descriptors.
Result<std::unique_ptr<Engine>> make_epoll_engine(EpollOptions options = {});

/// Raises the soft limit of descriptors to the hard one, and returns it.
std::uint64_t raise_descriptor_limit();

/// Opens /dev/null for standard streams that are closed, before anything else can take their place:
/// what is written to them would go there.
void fill_standard_streams();

}  // namespace sluice
