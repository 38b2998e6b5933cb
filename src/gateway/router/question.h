#pragma once
// What the router is asked, what it answers, and why a route is not the answer.

#include <cstdint>
#include <string_view>

#include "base/regex.h"
#include "http/headers.h"
#include "runtime/address.h"

namespace sluice {

struct Route;

/// A request as routes see it. Borrows everything; lives as long as one match.
struct Question {
  std::string_view method;
  std::string_view host;   ///< without port, lower case
  std::uint16_t port = 0;  ///< named in Host, else the one that the client connected to
  std::string_view path;   ///< normalised
  const http::Headers& headers;
  std::string_view scheme = "http";      ///< of the connection
  std::string_view query = {};           ///< without '?'
  std::string_view sni = {};             ///< of the TLS handshake, lower case; empty without
  const Address* source = nullptr;       ///< the connection's other end; null: unknown
  const Address* destination = nullptr;  ///< the listener's address; null: unknown
};

/// Which part of the path a route matched.
struct PathMatch {
  std::size_t size = 0;          ///< of the prefix that strip_path removes
  const Regex* regex = nullptr;  ///< whose groups are the captures; lives as long as the router
};

struct Answer {
  const Route* route = nullptr;  ///< null: no route matches
  PathMatch path;
};

/// An attribute of a route that a request does not satisfy.
enum class Mismatch : std::uint8_t {
  none,
  host,
  port,
  path,
  method,
  header,
  sni,
  source,
  destination,
  protocol,
  expression,
};

/// "host", "header": for people and JSON.
std::string_view name_of(Mismatch mismatch) noexcept;

}  // namespace sluice
