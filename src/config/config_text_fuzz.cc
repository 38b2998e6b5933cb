// Arbitrary bytes as a configuration file: no crash, no hang, and either a file or an error.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.h"

// libfyaml 0.7.12 loses 1 KiB where a quoted text inside brackets has no end; nothing that we hold
// is in it.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfyaml";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"fuzz.yaml", "fuzz.json"}) {
    const auto result = sluice::config::load_text(text, name, {.allow_unsupported = true});
    if (result.file.has_value() == result.diagnostics.has_errors()) std::abort();
    if (result.diagnostics.has_errors() && result.diagnostics.render().empty()) std::abort();
  }
  return 0;
}
