#pragma once
// HTTP/1.1 heads: bytes in, typed heads out. Pure: no sockets, no clocks. RFC 9112, and stricter
// where security asks: no obs-fold, no bare CR or LF, one way to frame a body.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "http/headers.h"

namespace sluice::http::h1 {

/// What a peer may make us hold. The names are those of `gateway.limits`.
struct Limits {
  std::uint32_t uri_bytes = 16 * 1024;         ///< request target; 414 beyond
  std::uint32_t header_bytes = 64 * 1024;      ///< whole head, and each trailer section; 431 beyond
  std::uint32_t header_count = 100;            ///< fields of a head or trailer section; 431 beyond
  std::uint32_t chunk_extension_bytes = 4096;  ///< of one whole body; 400 beyond
};

/// Looks for the end of a head in a buffer that grows; each byte is looked at once.
class HeadScanner {
 public:
  /// `buffer` begins where the head begins and holds at least what it held before. Returns the
  /// head's size with its final CRLF CRLF, or 0 when more bytes are needed. Errors as soon as no
  /// continuation could make it right: a byte below SP other than HTAB, a bare CR or LF, and a
  /// first byte that cannot begin a head (bad_request), a first line too long (uri_too_long;
  /// bad_request where that is for want of a method), a head too long (header_too_large). How the
  /// bytes were cut into calls changes nothing. One empty line (CRLF) before the head is part of
  /// it: parse_request() steps over it (RFC 9112 §2.2).
  Result<std::size_t> scan(std::string_view buffer, const Limits& limits);

  void reset() noexcept { *this = HeadScanner(); }

 private:
  bool may_begin(std::string_view buffer) const noexcept;
  std::size_t unfinished_bytes_max(const Limits& limits) const noexcept;
  std::unexpected<Error> too_long(std::string_view buffer, const Limits& limits) const;

  std::size_t scanned_ = 0;     ///< a CR there is looked at again, with what follows it
  std::size_t line_begin_ = 0;  ///< of the line that is not complete
  bool first_line_done_ = false;
};

/// The size of the head that `buffer` begins with when its end is there and it is within the
/// limits; else 0, and HeadScanner says why. Looks for the end alone: the parsers look at the rest.
std::size_t complete_head_size(std::string_view buffer, const Limits& limits) noexcept;

enum class Version : std::uint8_t { http_1_0, http_1_1 };

/// How the body of a message is framed (RFC 9112 §6.3).
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close } kind = Kind::none;
  std::uint64_t length = 0;
};

struct RequestHead {
  std::string_view method;  ///< this and the other texts are kept by headers
  std::string_view target;  ///< origin-form ("/path?query") or "*"; for CONNECT empty
  std::string_view scheme;  ///< of an absolute-form target, lower case; else empty
  /// host[:port] of an absolute-form target, else of Host; as it came, validated.
  std::string_view authority;
  /// Value of Upgrade when Connection names it, on HTTP/1.1 without a body; empty for a list with
  /// h2c, for more than one Upgrade field, and for websocket with a method other than GET (RFC 6455
  /// §4.1).
  std::string_view upgrade;
  Headers headers;
  Framing framing;
  Version version = Version::http_1_1;
  bool keep_alive = true;
  /// Expect: 100-continue on HTTP/1.1, and there is a body to wait for.
  bool expects_continue = false;
  bool accepts_trailers = false;  ///< TE: trailers
};

struct ResponseHead {
  std::uint16_t status = 0;  ///< 100 to 599
  std::string_view upgrade;  ///< as in a request, but for the body
  Headers headers;
  Framing framing;
  Version version = Version::http_1_1;
  bool keep_alive = true;
  /// Content-Length of an answer without a body (HEAD, 304), to be told to the client.
  std::optional<std::uint64_t> declared_length;
};

/// `head` is what HeadScanner measured. Its bytes are copied once, into the message. Each Error has
/// the status of the refusal.
///
/// A target may hold all of visible ASCII but '#' and '\' (RFC 3986 has no such bytes in a request
/// target, and receivers disagree about them). Of what RFC 3986 wants escaped, " < > ^ ` { | } are
/// let through, since clients send them: escape_path() writes those of a path as triplets, a query
/// goes on as it came. Host and authorities are an IPv6 address in brackets, or 1 to 254 letters,
/// digits and "-._~", with a port from 1 to 65535 or none: no user, no list, no percent triplets,
/// never empty, nor is one of its labels ("a..b", ".a"; one dot at the end is fine). An authority
/// in the target wins over Host, and must be the same but for case.
///
/// Connection's options remove the fields that they name, but not those that others behind or
/// before the gateway trust: authorization, cookies, content-*, forwarding and identity fields (the
/// list is in fields.cc).
Result<RequestHead> parse_request(std::string_view head, const Limits& limits);
/// The same into `result`, which is new; its content after an Error means nothing.
Result<Done> parse_request(std::string_view head, const Limits& limits, RequestHead& result);
/// `method` is the request's: it decides whether there is a body. A 1xx is a ResponseHead with
/// Framing::none. All Errors are invalid_response.
Result<ResponseHead> parse_response(std::string_view head, std::string_view method,
                                    const Limits& limits);
/// As above.
Result<Done> parse_response(std::string_view head, std::string_view method, const Limits& limits,
                            ResponseHead& result);

}  // namespace sluice::http::h1
