#pragma once
// Who releases OpenSSL's objects.

#include <memory>

namespace sluice {

template <auto Release>
struct ReleasedBy {
  template <class T>
  void operator()(T* object) const noexcept {
    Release(object);
  }
};

/// Such as Owned<X509, X509_free>.
template <class T, auto Release>
using Owned = std::unique_ptr<T, ReleasedBy<Release>>;

}  // namespace sluice
