#include "runtime/process_clock.h"

namespace sluice {

WallTime process_wall() {
  return std::chrono::system_clock::now();
}

}  // namespace sluice
