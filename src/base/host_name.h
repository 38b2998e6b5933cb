#pragma once
// Names of hosts, wherever clients give them: Host, :authority, SNI.

#include <string_view>

namespace sluice {

/// Whether a label other than the root's (the one behind a final dot, RFC 1034 §3.1) is empty. Such
/// a name is nobody's, and what compares names without that dot reads it in another way than what
/// compares them with it.
constexpr bool has_empty_label(std::string_view name) noexcept {
  return name.starts_with('.') || name.contains("..");
}

}  // namespace sluice
