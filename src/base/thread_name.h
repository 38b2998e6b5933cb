#pragma once
// Names of threads, as `top -H` and the benchmark show them.

#include <pthread.h>

namespace sluice {

/// Names the calling thread. At most 15 letters.
inline void name_thread(const char* name) noexcept {
  ::pthread_setname_np(::pthread_self(), name);
}

}  // namespace sluice
