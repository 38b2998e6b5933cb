// Request heads (RFC 9112 §3, §5, §6).

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>

#include "base/host_name.h"
#include "http/h1/fields.h"
#include "http/h1/head.h"
#include "http/text.h"

namespace sluice::http::h1 {
namespace {

using enum HeaderId;

// RFC 1035 §2.3.4, with a final dot.
constexpr std::size_t host_bytes_max = 254;

bool is_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5) return false;
  unsigned port = 0;
  for (const char byte : text) {
    if (!is(byte, byte_class::digit)) return false;
    port = port * 10 + static_cast<unsigned>(byte - '0');
  }
  return port != 0 && port <= 65535;
}

bool is_ipv6(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return false;
  std::memcpy(terminated.data(), text.data(), text.size());
  in6_addr address;
  return inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

/// host[:port] as head.h describes it.
bool is_authority(std::string_view text) noexcept {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
    ++end;
  } else {
    while (end < text.size() && is(text[end], byte_class::host))
      ++end;
    if (end == 0 || end > host_bytes_max || has_empty_label(text.substr(0, end))) return false;
  }
  return end == text.size() || (text[end] == ':' && is_port(text.substr(end + 1)));
}

class RequestParser {
 public:
  RequestParser(RequestHead& head, const Limits& limits) : head_(head), limits_(limits) {}

  bool parse(std::string_view text) {
    if (text.starts_with("\r\n")) text.remove_prefix(2);
    if (!text.ends_with("\r\n\r\n")) return refuse("the head has no end");
    text = keep_padded(head_.headers, text);
    const char* fields = read_request_line(text.data());
    return fields != nullptr && read_fields(fields, text.data() + text.size()) && finish();
  }

  std::unexpected<Error> error() const { return fail(code_, why_); }

 private:
  bool refuse(const char* why, ErrorCode code = ErrorCode::bad_request) noexcept {
    why_ = why;
    code_ = code;
    return false;
  }

  const char* refuse_line(const char* why, ErrorCode code = ErrorCode::bad_request) noexcept {
    refuse(why, code);
    return nullptr;
  }

  /// Returns where the fields begin, or null.
  const char* read_request_line(const char* at) {
    const char* method = at;
    while (is(*at, byte_class::token))
      ++at;
    head_.method = {method, static_cast<std::size_t>(at - method)};
    if (*at != ' ' || head_.method.empty() || head_.method.size() > method_bytes_max)
      return refuse_line("a malformed method");

    const char* target = ++at;
    at = find_target_end(at);
    head_.target = {target, static_cast<std::size_t>(at - target)};
    if (head_.target.size() > limits_.uri_bytes)
      return refuse_line("the target is too long", ErrorCode::uri_too_long);
    if (*at != ' ' || head_.target.empty()) return refuse_line("a malformed request target");

    return read_version(at + 1);
  }

  const char* read_version(const char* at) {
    // The padding makes ten bytes readable.
    if (std::memcmp(at, "HTTP/1.1\r\n", 10) == 0) return at + 10;
    if (std::memcmp(at, "HTTP/1.0\r\n", 10) == 0) {
      head_.version = Version::http_1_0;
      return at + 10;
    }
    const bool has_form = std::memcmp(at, "HTTP/", 5) == 0 && is(at[5], byte_class::digit) &&
                          at[6] == '.' && is(at[7], byte_class::digit) && at[8] == '\r' &&
                          at[9] == '\n';
    if (has_form) return refuse_line("another version", ErrorCode::version_not_supported);
    return refuse_line("a malformed version");
  }

  bool read_fields(const char* at, const char* end) {
    const char* last = end - 2;
    FieldLine line;
    Headers::Appender kept(head_.headers);
    for (std::uint32_t count = 0; at != last; ++count) {
      if (count == limits_.header_count)
        return refuse("too many header fields", ErrorCode::header_too_large);
      at = read_field(at, end, line);
      if (at == nullptr) return refuse("a malformed header field");
      if (line.id == other && may_be_alias(line.name)) [[unlikely]] {
        if (is_framing_alias(line.name)) return refuse("an alias of a framing field");
        if (is_identity_alias(line.name)) continue;
      } else if (ControlFields::owns(line.id)) {
        if (!take(line)) return false;
        continue;
      }
      kept.append(line.id, line.name, line.value);
    }
    return true;
  }

  bool take(const FieldLine& line) {
    if (line.id == host) {
      if (has_host_) return refuse("two fields of Host");
      if (!is_authority(line.value)) return refuse("a malformed Host");
      has_host_ = true;
      head_.authority = line.value;
      return true;
    }
    if (line.id == expect) {
      // RFC 9110 §10.1.1: not for HTTP/1.0.
      if (head_.version == Version::http_1_0) return true;
      if (expects_ || !equal_ignoring_case(line.value, "100-continue"))
        return refuse("an unknown expectation", ErrorCode::expectation_failed);
      expects_ = true;
      return true;
    }
    const char* why = fields_.take(line);
    return why == nullptr || refuse(why);
  }

  bool finish() {
    if (!has_host_ && head_.version == Version::http_1_1) return refuse("no Host");
    if (!resolve_target() || !frame()) return false;
    fields_.remove_nominated(head_.headers);
    head_.keep_alive = fields_.keeps_alive(head_.version);
    if (head_.version == Version::http_1_0) return true;
    head_.accepts_trailers = fields_.accepts_trailers();
    const bool has_body = head_.framing.kind == Framing::Kind::chunked || head_.framing.length != 0;
    head_.expects_continue = expects_ && has_body;
    if (!has_body) record_upgrade();
    return true;
  }

  void record_upgrade() {
    const std::string_view upgrade = fields_.upgrade();
    // RFC 6455 §4.1: the method is GET.
    if (equal_ignoring_case(upgrade, "websocket") && head_.method != "GET") return;
    head_.upgrade = upgrade;
  }

  bool frame() {
    switch (fields_.coding()) {
      case ControlFields::Coding::absent:
        if (fields_.has_content_length())
          head_.framing = {Framing::Kind::length, fields_.content_length()};
        return true;
      case ControlFields::Coding::malformed:
        return refuse("a malformed Transfer-Encoding");
      case ControlFields::Coding::chunked:
      case ControlFields::Coding::unknown:
        break;
    }
    if (fields_.has_content_length()) return refuse("both Content-Length and Transfer-Encoding");
    if (head_.version == Version::http_1_0) return refuse("Transfer-Encoding in HTTP/1.0");
    if (fields_.coding() == ControlFields::Coding::unknown)
      return refuse("an unknown transfer coding", ErrorCode::transfer_encoding_unknown);
    head_.framing.kind = Framing::Kind::chunked;
    return true;
  }

  /// RFC 9112 §3.2.
  bool resolve_target() {
    if (head_.method == "CONNECT") {
      const std::string_view authority = head_.target;
      head_.target = {};
      if (authority.rfind(':') == std::string_view::npos || authority.ends_with(']'))
        return refuse("CONNECT without a port");
      return use_authority(authority);
    }
    if (head_.target[0] == '/') return true;
    if (head_.target == "*") return head_.method == "OPTIONS" || refuse("\"*\" without OPTIONS");

    std::string_view rest = head_.target;
    for (const std::string_view scheme : {std::string_view("http"), std::string_view("https")}) {
      if (!starts_ignoring_case(rest, scheme) || !rest.substr(scheme.size()).starts_with("://"))
        continue;
      head_.scheme = scheme;
      rest.remove_prefix(scheme.size() + 3);
      const std::size_t authority_size = std::min(rest.find_first_of("/?"), rest.size());
      const std::string_view authority = rest.substr(0, authority_size);
      rest.remove_prefix(authority_size);
      head_.target = rest;
      if (!rest.starts_with('/')) head_.target = origin_form(rest);
      return use_authority(authority);
    }
    return refuse("a malformed request target");
  }

  /// Of an absolute form without a path.
  std::string_view origin_form(std::string_view query) {
    if (query.empty()) return head_.method == "OPTIONS" ? "*" : "/";  // RFC 9112 §3.2.4
    char* target = head_.headers.reserve(query.size() + 1);
    target[0] = '/';
    std::memcpy(target + 1, query.data(), query.size());
    return {target, query.size() + 1};
  }

  /// RFC 9112 §3.2.2: the target's authority wins; one that contradicts Host is an attempt to be
  /// routed twice.
  bool use_authority(std::string_view authority) {
    if (!is_authority(authority)) return refuse("a malformed authority");
    if (has_host_ && !equal_ignoring_case(authority, head_.authority))
      return refuse("Host contradicts the request target");
    head_.authority = authority;
    return true;
  }

  RequestHead& head_;
  const Limits& limits_;
  ControlFields fields_;
  const char* why_ = "";
  ErrorCode code_ = ErrorCode::bad_request;
  bool has_host_ = false;
  bool expects_ = false;
};

}  // namespace

Result<Done> parse_request(std::string_view head, const Limits& limits, RequestHead& result) {
  RequestParser parser(result, limits);
  if (!parser.parse(head)) [[unlikely]]
    return parser.error();
  return Done{};
}

Result<RequestHead> parse_request(std::string_view head, const Limits& limits) {
  Result<RequestHead> result(std::in_place);
  if (auto parsed = parse_request(head, limits, *result); !parsed)
    result = std::unexpected(std::move(parsed).error());
  return result;
}

}  // namespace sluice::http::h1
