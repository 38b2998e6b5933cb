#include "base/error.h"

#include <array>
#include <cstddef>
#include <utility>

namespace sluice {
namespace {

using enum ErrorCode;
using enum Fault;

constexpr std::string_view unavailable = "The upstream server is currently unavailable";
constexpr std::string_view invalid_answer =
    "An invalid response was received from the upstream server";
constexpr std::string_view timing_out = "The upstream server is timing out";

constexpr std::array kinds = {
    ErrorKind{bad_request, "bad_request", 400, client, false, "Bad request",
              "The request breaks the rules of HTTP/1.1; the connection is closed."},
    ErrorKind{plain_http, "plain_http", 400, client, false,
              "The plain HTTP request was sent to HTTPS port",
              "The listener expects TLS, and the client spoke HTTP without it."},
    ErrorKind{uri_too_long, "uri_too_long", 414, client, false, "URI too long",
              "The request target is longer than limits.uri_bytes."},
    ErrorKind{header_too_large, "header_too_large", 431, client, false,
              "Request header or cookie too large",
              "The header block is larger than limits.header_bytes, or has more than "
              "limits.header_count fields."},
    ErrorKind{payload_too_large, "payload_too_large", 413, client, false, "Payload too large",
              "The request body is larger than limits.body_bytes."},
    ErrorKind{length_required, "length_required", 411, client, false, "Length required",
              "The request needs a Content-Length."},
    ErrorKind{expectation_failed, "expectation_failed", 417, client, false, "Expectation failed",
              "The Expect field asks for something other than 100-continue."},
    ErrorKind{transfer_encoding_unknown, "transfer_encoding_unknown", 501, client, false,
              "Not implemented", "The request uses a transfer coding other than chunked."},
    ErrorKind{version_not_supported, "version_not_supported", 505, client, false,
              "HTTP version not supported", "The request is not HTTP/1.0 or HTTP/1.1."},
    ErrorKind{method_not_allowed, "method_not_allowed", 405, client, false, "Method not allowed",
              "The method is one that the gateway refuses on every route (TRACE, CONNECT)."},
    ErrorKind{
        client_certificate_invalid, "client_certificate_invalid", 400, client, false,
        "The TLS certificate of the client is not valid",
        "The client showed a certificate that none of the listener's authorities vouches for, "
        "or that is not valid now."},
    ErrorKind{misdirected_request, "misdirected_request", 421, client, false, "Misdirected request",
              "The host of the request falls under another entry of client_certificates than the "
              "server name of its TLS connection."},
    ErrorKind{request_timeout, "request_timeout", 408, client, true, "Request timeout",
              "The client did not finish its request in time."},
    ErrorKind{client_gone, "client_gone", 499, client, false, "",
              "The client left before it had its answer."},
    ErrorKind{no_route, "no_route", 404, client, false, "no Route matched with those values",
              "No route matches the request."},
    ErrorKind{no_service, "no_service", 503, gateway, false, "no Service found with those values",
              "The route has no service and no plugin answered."},
    ErrorKind{name_resolution_failed, "name_resolution_failed", 503, upstream, true,
              "name resolution failed", "The upstream's host name has no address."},
    ErrorKind{no_target, "no_target", 503, upstream, true,
              "failure to get a peer from the ring-balancer",
              "The upstream has no target that may be used."},
    ErrorKind{connect_failed, "connect_failed", 502, upstream, true, invalid_answer,
              "The upstream refused the connection or cannot be reached."},
    ErrorKind{connect_timeout, "connect_timeout", 504, upstream, true, timing_out,
              "The upstream did not accept the connection within connect_timeout."},
    ErrorKind{tls_failed, "tls_failed", 502, upstream, false, invalid_answer,
              "The TLS handshake with the upstream failed; the log says which check did."},
    ErrorKind{upstream_write_timeout, "upstream_write_timeout", 504, upstream, false, timing_out,
              "The upstream took no bytes of the request for write_timeout."},
    ErrorKind{upstream_read_timeout, "upstream_read_timeout", 504, upstream, false, timing_out,
              "The upstream sent nothing for read_timeout."},
    ErrorKind{upstream_closed, "upstream_closed", 502, upstream, true, invalid_answer,
              "The upstream closed the connection before its response was complete."},
    ErrorKind{invalid_response, "invalid_response", 502, upstream, false, invalid_answer,
              "The upstream's response breaks the rules of HTTP/1.1."},
    ErrorKind{upgrade_refused, "upgrade_refused", 502, upstream, false, invalid_answer,
              "The upstream switched protocols without having been asked."},
    ErrorKind{deadline_exceeded, "deadline_exceeded", 504, upstream, false, timing_out,
              "The exchange did not have its response's head within request_timeout."},
    ErrorKind{overloaded, "overloaded", 503, gateway, true, unavailable,
              "A limit of the node is reached; the request was refused before any work."},
    ErrorKind{invalid_header, "invalid_header", 500, gateway, false, "An unexpected error occurred",
              "A header field that the gateway was to set holds forbidden bytes."},
    ErrorKind{closed, "closed", 502, upstream, true, invalid_answer, "The connection was closed."},
    ErrorKind{timed_out, "timed_out", 504, upstream, true, timing_out,
              "An operation took too long."},
    ErrorKind{io_failed, "io_failed", 502, upstream, true, invalid_answer,
              "The operating system reported an error."},
    ErrorKind{invalid_configuration, "invalid_configuration", 500, gateway, false,
              "An unexpected error occurred", "The configuration cannot be used."},
    ErrorKind{internal, "internal", 500, gateway, false, "An unexpected error occurred",
              "A bug of the gateway; please report it."},
};

static_assert(kinds.size() == std::to_underlying(ErrorCode::count_));
static_assert(
    [] {
      for (std::size_t i = 0; i < kinds.size(); ++i)
        if (std::to_underlying(kinds[i].code) != i) return false;
      return true;
    }(),
    "the table is in the order of the enum");

}  // namespace

const ErrorKind& kind_of(ErrorCode code) noexcept {
  return kinds[std::to_underlying(code)];
}

}  // namespace sluice
