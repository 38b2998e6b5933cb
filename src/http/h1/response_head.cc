// Response heads (RFC 9112 §4, §5, §6).

#include <cstring>

#include "http/h1/fields.h"
#include "http/h1/head.h"
#include "http/text.h"

namespace sluice::http::h1 {
namespace {

using enum HeaderId;

class ResponseParser {
 public:
  ResponseParser(ResponseHead& head, const Limits& limits) : head_(head), limits_(limits) {}

  bool parse(std::string_view text, std::string_view method) {
    if (!text.ends_with("\r\n\r\n")) return refuse("the head has no end");
    text = keep_padded(head_.headers, text);
    const char* fields = read_status_line(text.data());
    return fields != nullptr && read_fields(fields, text.data() + text.size()) && finish(method);
  }

  std::unexpected<Error> error() const { return fail(ErrorCode::invalid_response, why_); }

 private:
  bool refuse(const char* why) noexcept {
    why_ = why;
    return false;
  }

  /// Returns where the fields begin, or null.
  const char* read_status_line(const char* at) {
    constexpr std::string_view malformed = "a malformed status line";
    refuse(malformed.data());
    // The padding makes the first twelve bytes readable.
    if (std::memcmp(at, "HTTP/1.", 7) != 0 || (at[7] != '0' && at[7] != '1') || at[8] != ' ')
      return nullptr;
    if (at[7] == '0') head_.version = Version::http_1_0;
    at += 9;
    if (at[0] < '1' || at[0] > '5' || !is(at[1], byte_class::digit) ||
        !is(at[2], byte_class::digit))
      return nullptr;
    head_.status =
        static_cast<std::uint16_t>((at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0'));
    at += 3;
    // Many servers leave out the space before a reason phrase that they leave out.
    if (*at != ' ' && *at != '\r') return nullptr;
    at = find_control(at);
    while (*at == '\t')
      at = find_control(at + 1);
    return at[0] == '\r' && at[1] == '\n' ? at + 2 : nullptr;
  }

  bool read_fields(const char* at, const char* end) {
    const char* last = end - 2;
    FieldLine line;
    Headers::Appender kept(head_.headers);
    for (std::uint32_t count = 0; at != last; ++count) {
      if (count == limits_.header_count) return refuse("too many header fields");
      at = read_field(at, end, line);
      if (at == nullptr) return refuse("a malformed header field");
      if (line.id == other && may_be_alias(line.name)) [[unlikely]] {
        if (is_framing_alias(line.name)) return refuse("an alias of a framing field");
      } else if (ControlFields::owns(line.id)) {
        if (const char* why = fields_.take(line)) return refuse(why);
        continue;
      }
      kept.append(line.id, line.name, line.value);
    }
    return true;
  }

  bool finish(std::string_view method) {
    if (!frame(method)) return false;
    fields_.remove_nominated(head_.headers);
    head_.upgrade = fields_.upgrade();
    head_.keep_alive =
        fields_.keeps_alive(head_.version) && head_.framing.kind != Framing::Kind::until_close;
    return true;
  }

  /// RFC 9112 §6.3.
  bool frame(std::string_view method) {
    if (fields_.has_transfer_encoding()) {
      if (fields_.coding() != ControlFields::Coding::chunked)
        return refuse("a transfer coding other than chunked");
      if (fields_.has_content_length()) return refuse("both Content-Length and Transfer-Encoding");
      if (head_.version == Version::http_1_0) return refuse("Transfer-Encoding in HTTP/1.0");
    }
    if (head_.status < 200 || head_.status == 204) {
      if (fields_.has_transfer_encoding() || fields_.content_length() != 0)
        return refuse("a body where none may be");
      return true;
    }
    const bool tunnels = method == "CONNECT" && head_.status < 300;
    if (method == "HEAD" || head_.status == 304 || tunnels) {
      if (fields_.has_content_length()) head_.declared_length = fields_.content_length();
      return true;
    }
    if (fields_.has_transfer_encoding())
      head_.framing.kind = Framing::Kind::chunked;
    else if (fields_.has_content_length())
      head_.framing = {Framing::Kind::length, fields_.content_length()};
    else
      head_.framing.kind = Framing::Kind::until_close;
    return true;
  }

  ResponseHead& head_;
  const Limits& limits_;
  ControlFields fields_;
  const char* why_ = "";
};

}  // namespace

Result<Done> parse_response(std::string_view head, std::string_view method, const Limits& limits,
                            ResponseHead& result) {
  ResponseParser parser(result, limits);
  if (!parser.parse(head, method)) [[unlikely]]
    return parser.error();
  return Done{};
}

Result<ResponseHead> parse_response(std::string_view head, std::string_view method,
                                    const Limits& limits) {
  Result<ResponseHead> result(std::in_place);
  if (auto parsed = parse_response(head, method, limits, *result); !parsed)
    result = std::unexpected(std::move(parsed).error());
  return result;
}

}  // namespace sluice::http::h1
