#pragma once
// What time it is, for commands that have no loop.

#include "base/time.h"

namespace sluice {

WallTime process_wall();

}  // namespace sluice
