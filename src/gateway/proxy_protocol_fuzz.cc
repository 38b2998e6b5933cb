// Arbitrary bytes as a PROXY header: no crash, and more bytes never make another header of it.

#include <cstdlib>

#include "gateway/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = sluice::parse_proxy_header(bytes);
  for (std::size_t part = 0; part < size; ++part) {
    const auto begun = sluice::parse_proxy_header(bytes.substr(0, part));
    if (!begun && whole) std::abort();
    if (begun && *begun && (!whole || !*whole || (*whole)->size != (*begun)->size)) std::abort();
  }
  if (whole && *whole && (*whole)->size > size) std::abort();
  return 0;
}
