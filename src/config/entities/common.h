#pragma once
// What several of Kong's entities share.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "config/uuid.h"

namespace sluice::config {

using std::chrono::milliseconds;

/// The longest duration that Kong accepts, in milliseconds.
inline constexpr double milliseconds_max = 2'147'483'646;
inline constexpr std::string_view name_form = "hold only letters, digits and . - _ ~";
inline constexpr std::string_view plain_path_form =
    "start with \"/\", hold no \"//\" and only what URLs have in paths, the rest as %XX";
inline constexpr std::string_view tag_form = "be printable and hold neither a comma nor a slash";

enum class Protocol : std::uint8_t {
  http,
  https,
  tcp,
  tls,
  udp,
  tls_passthrough,
  grpc,
  grpcs,
  ws,
  wss
};

constexpr auto names_of(Protocol) {
  return std::to_array<std::string_view>(
      {"http", "https", "tcp", "tls", "udp", "tls_passthrough", "grpc", "grpcs", "ws", "wss"});
}

/// The name of an enumeration's value, as the file writes it.
template <class Enum>
std::string_view name_of(Enum value) {
  static constexpr auto names = names_of(Enum{});
  return names[static_cast<std::size_t>(value)];
}

}  // namespace sluice::config
