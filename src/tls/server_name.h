#pragma once
// Names of servers as clients give them in TLS (SNI, RFC 6066 §3), and the form in which they are
// compared.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::tls {

/// Lower case, without a dot at the end.
std::string normal_name(std::string_view name);

/// The host name in the body of a server_name extension, which lives as long as `body`. Nothing
/// where that is not exactly one host name of 1 to 255 bytes without NUL, which is all that OpenSSL
/// accepts too.
std::optional<std::string_view> parse_server_name(std::span<const unsigned char> body);

}  // namespace sluice::tls
