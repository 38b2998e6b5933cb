#include "http/h2/head_text.h"

#include <utility>

#include "http/h1/fields.h"
#include "http/text.h"

namespace sluice::http::h2 {
namespace {

using enum HeaderId;

// What a table of HPACK adds to each entry (RFC 7541 §4.1), and SETTINGS_MAX_HEADER_LIST_SIZE
// counts.
constexpr std::size_t field_overhead = 32;

bool is_lower_token(std::string_view name) noexcept {
  if (!is_token(name)) return false;
  for (const char byte : name)
    if (byte >= 'A' && byte <= 'Z') return false;
  return true;
}

/// RFC 9113 §8.2.2.
bool is_connection_specific(HeaderId id) noexcept {
  return id == connection || id == keep_alive || id == proxy_connection ||
         id == transfer_encoding || id == upgrade || id == http2_settings;
}

}  // namespace

void HeadText::refuse(const char* why, ErrorCode code) noexcept {
  if (why_ != nullptr) return;
  why_ = why;
  code_ = code;
}

void HeadText::add(std::string_view name, std::string_view value, const h1::Limits& limits) {
  bytes_ += name.size() + value.size() + field_overhead;
  // RFC 9113 §8.2.3: cookies in pieces are one field. What holds their number is their overhead.
  if (name != "cookie" || !std::exchange(has_cookie_, true)) ++count_;
  if (bytes_ > limits.header_bytes || count_ > limits.header_count + 8) {
    too_large_ = true;
    refuse("the header section is too large", ErrorCode::header_too_large);
  }
  if (name == "content-type") is_grpc_call_ = is_grpc_type(value);
  if (why_ != nullptr) return;
  if (!value.empty() && !all_are(value, byte_class::value))
    return refuse("a malformed field value");
  if (name.starts_with(':')) return add_pseudo(name, value);
  regular_ = true;
  if (!is_lower_token(name) || name.size() > UINT16_MAX) return refuse("a malformed field name");
  const HeaderId id = header_id(name);
  if (is_connection_specific(id)) return refuse("a field that belongs to a connection");
  switch (id) {
    case host:
      if (has_host_) return refuse("two fields of Host");
      has_host_ = true;
      host_ = keeper_.keep(value);
      return;
    case te:
      if (!equal_ignoring_case(trim(value), "trailers")) return refuse("TE that is not trailers");
      accepts_trailers_ = true;
      return;
    case cookie:
      return add_cookie(value);
    case content_length:
      has_length_ = true;
      fields_.field(name, value);
      return;
    case expect:
      expects_continue_ = true;
      [[fallthrough]];
    default:
      fields_.field(name, value);
  }
}

void HeadText::add_pseudo(std::string_view name, std::string_view value) {
  struct Slot {
    std::string_view name;
    std::string_view HeadText::* text;
  };

  static constexpr Slot slots[] = {
      {":method", &HeadText::method_},       {":scheme", &HeadText::scheme_},
      {":authority", &HeadText::authority_}, {":path", &HeadText::path_},
      {":protocol", &HeadText::protocol_},   {":status", &HeadText::status_},
  };
  if (regular_) return refuse("a pseudo field behind others");
  for (const Slot& slot : slots) {
    if (slot.name != name) continue;
    if (!(this->*slot.text).empty()) return refuse("a pseudo field twice");
    if (value.empty()) return refuse("an empty pseudo field");
    this->*slot.text = keeper_.keep(value);
    return;
  }
  refuse("an unknown pseudo field");
}

/// RFC 9113 §8.2.3: one line towards HTTP/1.1, however the client cut it.
void HeadText::add_cookie(std::string_view value) {
  if (!cookie_.empty()) cookie_ += "; ";
  cookie_ += value;
}

Chunk HeadText::compose(std::string_view first_line) {
  const Chunk fields = fields_.take();
  h1::HeadWriter head(first_line.size() + fields.size() + cookie_.size() + 64);
  head << first_line << fields.text();
  if (!cookie_.empty()) head.field("cookie", cookie_);
  head << "\r\n";
  cookie_ = std::string();
  return head.take();
}

Result<std::string_view> HeadText::request_target() const {
  if (method_.empty()) return fail(ErrorCode::bad_request, "no :method");
  if (method_ == "CONNECT" && protocol_.empty()) {
    if (!path_.empty() || !scheme_.empty() || authority_.empty())
      return fail(ErrorCode::bad_request, "a malformed CONNECT");
    return authority_;
  }
  if (!protocol_.empty() && method_ != "CONNECT")
    return fail(ErrorCode::bad_request, ":protocol without CONNECT");
  if (scheme_ != "http" && scheme_ != "https")
    return fail(ErrorCode::bad_request, "a :scheme that is not HTTP's");
  // An absolute form here would be a second authority.
  const bool is_star = path_ == "*" && method_ == "OPTIONS";
  if (!path_.starts_with('/') && !is_star) return fail(ErrorCode::bad_request, "a malformed :path");
  return path_;
}

Result<h1::RequestHead> HeadText::request(const h1::Limits& limits) {
  if (!status_.empty()) refuse(":status in a request");
  if (why_ != nullptr) return fail(code_, why_);
  // RFC 9113 §8.3.1: they must not contradict each other.
  if (!authority_.empty() && has_host_ && !equal_ignoring_case(authority_, host_))
    return fail(ErrorCode::bad_request, "Host contradicts :authority");
  // RFC 9110 §9.3.6: CONNECT has no content. What comes behind an accepted one is the tunnel's.
  if (is_extended_connect() && has_length_)
    return fail(ErrorCode::bad_request, "an extended CONNECT with Content-Length");
  TRY(const std::string_view target, request_target());
  h1::HeadWriter line(method_.size() + target.size() + authority_.size() + host_.size() + 64);
  line << (protocol_.empty() ? method_ : "GET") << " " << target << " HTTP/1.1\r\n";
  line.field("host", authority_.empty() ? host_ : authority_);
  if (!protocol_.empty()) {
    line.field("upgrade", protocol_);
    line.field("connection", "upgrade");
  }
  // What belongs to a head of HTTP/1.1 besides fields was counted already.
  h1::Limits wider = limits;
  wider.header_bytes += limits.uri_bytes + 1024;
  wider.header_count += 8;
  return h1::parse_request(compose(line.take().text()).text(), wider);
}

Result<h1::ResponseHead> HeadText::response(std::string_view method, const h1::Limits& limits) {
  if (why_ != nullptr) return fail(ErrorCode::invalid_response, why_);
  if (status_.size() != 3 || !method_.empty() || !scheme_.empty() || !authority_.empty() ||
      !path_.empty() || !protocol_.empty())
    return fail(ErrorCode::invalid_response, "malformed pseudo fields");
  // RFC 9113 §8.6: there is nothing to switch to.
  if (status_ == "101") return fail(ErrorCode::invalid_response, "a 101 in HTTP/2");
  h1::HeadWriter line(64);
  line << "HTTP/1.1 " << status_ << " \r\n";
  h1::Limits wider = limits;
  wider.header_bytes += 1024;
  wider.header_count += 8;
  return h1::parse_response(compose(line.take().text()).text(), method, wider);
}

Headers HeadText::trailers() {
  Headers trailers;
  if (why_ != nullptr) return trailers;
  const Chunk fields = fields_.take();
  std::string_view rest = trailers.keep(fields.text());
  for (Headers::Appender kept(trailers); !rest.empty();) {
    const std::size_t colon = rest.find(':');
    const std::size_t end = rest.find("\r\n");
    const std::string_view name = rest.substr(0, colon);
    const HeaderId id = header_id(name);
    if (!h1::is_forbidden_trailer(name, id))
      kept.append(id, name, trim(rest.substr(colon + 1, end - colon - 1)));
    rest.remove_prefix(end + 2);
  }
  return trailers;
}

}  // namespace sluice::http::h2
