#pragma once
// What request heads, response heads and trailer sections have in common: field lines, framing and
// hop-by-hop fields.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/inline_vector.h"
#include "http/h1/head.h"
#include "http/header_id.h"
#include "http/headers.h"
#include "http/text.h"

namespace sluice::http::h1 {

/// The longest registered methods have 17 letters.
inline constexpr std::size_t method_bytes_max = 32;
/// Of a request line beside its target: an empty line before it, the method, two spaces and the
/// version.
inline constexpr std::size_t line_overhead_max = 2 + method_bytes_max + 2 + 8;

struct FieldLine {
  std::string_view name;
  std::string_view value;  ///< without the OWS around it
  HeaderId id;
};

/// Reads the field line at `at`, and returns where the next one begins; null for a malformed one: a
/// name that is no token, a control byte in the value, obs-fold. Precondition: [at, end) is not
/// empty, ends with CRLF and is padded.
[[gnu::always_inline]] inline const char* read_field(const char* at, const char* end,
                                                     FieldLine& line) noexcept {
  const char* colon = find_byte(at, end, ':');
  if (colon >= end) return nullptr;
  line.name = {at, static_cast<std::size_t>(colon - at)};
  line.id = header_id(line.name);
  // A name that is known is a token.
  if (line.id == HeaderId::other && (!is_token(line.name) || line.name.size() > UINT16_MAX))
    return nullptr;

  // One space before the value and none behind it is what nearly all fields have.
  at = colon + 1;
  if (*at == ' ') ++at;
  if (is_space(*at)) [[unlikely]] {
    do
      ++at;
    while (is_space(*at));
  }
  const char* stop = find_control(at);
  while (*stop == '\t')
    stop = find_control(stop + 1);
  if (stop[0] != '\r' || stop[1] != '\n') return nullptr;
  line.value = {at, static_cast<std::size_t>(stop - at)};
  if (is_space(stop[-1])) [[unlikely]]
    line.value = trim(line.value);
  return stop + 2;
}

/// A copy of `text` that lives as long as `keeper`, and is padded.
std::string_view keep_padded(Headers& keeper, std::string_view text);

/// Names that a client must not be able to remove by nominating them in Connection, since what
/// stands behind the gateway trusts them or a proxy before it may have set them
/// (GHSA-62c8-mh53-4cqv); nor to add in trailers.
bool is_protected(std::string_view name) noexcept;

/// Names that may not be trailers (RFC 9110 §6.5.1): framing, routing, request modifiers,
/// authentication, how to process content.
bool is_forbidden_trailer(std::string_view name, HeaderId id) noexcept;

/// X_Forwarded_For, X.Real.IP: what an upstream that turns names into variables takes for the field
/// in which the gateway says who asks. Never forwarded.
bool is_identity_alias(std::string_view name) noexcept;

/// Whether an unknown name may be one of is_framing_alias() or is_identity_alias(): all of them
/// hold one of these bytes. Precondition: the text is padded.
inline bool may_be_alias(std::string_view name) noexcept {
  const char* at = name.data();
  const char* end = at + name.size();
  for (; at < end; at += scan_bytes) {
    unsigned mask = equal_mask(at, '_') | equal_mask(at, '.');
    if (const auto left = static_cast<std::size_t>(end - at); left < scan_bytes)
      mask &= (1U << left) - 1;
    if (mask != 0) return true;
  }
  return false;
}

/// A name that a CGI-like receiver would read as one of the framing fields.
inline bool is_framing_alias(std::string_view name) noexcept {
  constexpr std::string_view length = "content_length";
  constexpr std::string_view coding = "transfer_encoding";
  if (name.size() == length.size()) return equal_ignoring_case(name, length);
  return name.size() == coding.size() && equal_ignoring_case(name, coding);
}

/// Fields that a codec keeps to itself, with what they say about one message.
class ControlFields {
 public:
  /// Whether fields of this name never become part of Headers.
  static constexpr bool owns(HeaderId id) noexcept { return owned[std::to_underlying(id)]; }

  /// Takes a field that this owns, other than Host and Expect. Error text, or null when all is
  /// well.
  const char* take(const FieldLine& line);
  /// After the last field: removes what Connection nominated.
  void remove_nominated(Headers& headers) const;

  /// Transfer-Encoding as a list of codings (RFC 9112 §6.1).
  enum class Coding : std::uint8_t { absent, chunked, unknown, malformed };
  Coding coding() const noexcept;

  bool has_transfer_encoding() const noexcept { return transfer_encodings_ != 0; }

  bool has_content_length() const noexcept { return content_length_.has_value(); }

  std::uint64_t content_length() const noexcept { return content_length_.value_or(0); }

  /// Whether the connection outlives the message (RFC 9112 §9.3).
  bool keeps_alive(Version version) const noexcept {
    return !close_ && (version == Version::http_1_1 || keep_alive_);
  }

  bool accepts_trailers() const noexcept { return accepts_trailers_; }

  /// The value of Upgrade where Connection names it; empty where it is malformed, repeated or
  /// offers h2c.
  std::string_view upgrade() const noexcept;

 private:
  static constexpr std::array<bool, 256> owned = [] {
    using enum HeaderId;
    std::array<bool, 256> table{};
    for (const HeaderId id :
         {connection, HeaderId::content_length, expect, host, http2_settings, keep_alive, proxy,
          proxy_connection, te, trailer, transfer_encoding, HeaderId::upgrade})
      table[std::to_underlying(id)] = true;
    return table;
  }();

  const char* take_connection(std::string_view list);

  std::optional<std::uint64_t> content_length_;
  std::string_view transfer_encoding_;
  std::string_view upgrade_;
  InlineVector<std::string_view, 4> nominated_;
  std::uint32_t transfer_encodings_ = 0;
  std::uint32_t upgrades_ = 0;
  bool close_ = false;
  bool keep_alive_ = false;
  bool names_upgrade_ = false;
  bool accepts_trailers_ = false;
};

}  // namespace sluice::http::h1
