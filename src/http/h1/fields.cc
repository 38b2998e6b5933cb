#include "http/h1/fields.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

namespace sluice::http::h1 {
namespace {

using enum HeaderId;

// More options in Connection than this are no client's business: removing takes time for each pair
// of option and field.
constexpr std::size_t nominations_max = 64;

constexpr std::array<std::string_view, 27> protected_prefixes = {
    "authorization", "cache-control", "cf-",          "content-",      "cookie",
    "credential-",   "forwarded",     "host",         "kong-",         "origin",
    "proxy-auth",    "sec-",          "set-cookie",   "traceparent",   "true-client-ip",
    "via",           "x-amzn-",       "x-anonymous-", "x-authenticat", "x-client-",
    "x-consumer-",   "x-credential-", "x-envoy-",     "x-forwarded-",  "x-kong-",
    "x-real-ip",     "x-user"};

constexpr std::array<std::string_view, 8> request_modifiers = {
    "accept", "age", "date", "if-", "location", "max-forwards", "range", "x-request-id"};

/// 1*DIGIT without leading zeros (two parsers might read them differently), up to 2^63 - 1.
std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
  constexpr std::size_t digits_max = 19;
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  if (text[0] == '0' && text.size() != 1) return std::nullopt;
  std::uint64_t length = 0;
  for (const char byte : text) {
    if (!is(byte, byte_class::digit)) return std::nullopt;
    length = length * 10 + static_cast<unsigned>(byte - '0');
  }
  if (length > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
  return length;
}

bool starts_with_one_of(std::string_view name, const auto& prefixes) noexcept {
  for (const std::string_view prefix : prefixes)
    if (starts_ignoring_case(name, prefix)) return true;
  return false;
}

}  // namespace

std::string_view keep_padded(Headers& keeper, std::string_view text) {
  char* copy = keeper.reserve(text.size() + scan_padding);
  std::memcpy(copy, text.data(), text.size());
  std::memset(copy + text.size(), 0, scan_padding);
  return {copy, text.size()};
}

bool is_protected(std::string_view name) noexcept {
  return starts_with_one_of(name, protected_prefixes);
}

bool is_identity_alias(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 9> identities = {
      "forwarded",    "x-anonymous-", "x-authenticat", "x-consumer-", "x-credential-",
      "x-forwarded-", "x-kong-",      "x-real-ip",     "kong-"};
  if (name.find_first_of("_.") == std::string_view::npos) return false;
  std::array<char, 32> plain;
  const std::size_t size = std::min(name.size(), plain.size());
  for (std::size_t i = 0; i < size; ++i)
    plain[i] = name[i] == '_' || name[i] == '.' ? '-' : name[i];
  return starts_with_one_of(std::string_view(plain.data(), size), identities);
}

bool is_forbidden_trailer(std::string_view name, HeaderId id) noexcept {
  return ControlFields::owns(id) || is_framing_alias(name) || is_identity_alias(name) ||
         is_protected(name) || starts_with_one_of(name, request_modifiers) || id == retry_after ||
         id == vary || id == www_authenticate;
}

const char* ControlFields::take(const FieldLine& line) {
  switch (line.id) {
    case HeaderId::content_length:
      if (content_length_) return "two fields of Content-Length";
      content_length_ = parse_length(line.value);
      return content_length_ ? nullptr : "a malformed Content-Length";
    case transfer_encoding:
      transfer_encoding_ = line.value;
      ++transfer_encodings_;
      return nullptr;
    case connection:
      return take_connection(line.value);
    case HeaderId::upgrade:
      upgrade_ = line.value;
      ++upgrades_;
      return nullptr;
    case te:
      for (std::string_view list = line.value; !list.empty();)
        if (equal_ignoring_case(next_element(list), "trailers")) accepts_trailers_ = true;
      return nullptr;
    default:
      return nullptr;  // they end here: RFC 9110 §7.6.1
  }
}

const char* ControlFields::take_connection(std::string_view list) {
  // What most clients write.
  if (list == "keep-alive") {
    keep_alive_ = true;
    return nullptr;
  }
  while (!list.empty()) {
    const std::string_view option = next_element(list);
    if (option.empty()) continue;
    if (equal_ignoring_case(option, "keep-alive")) {
      keep_alive_ = true;
    } else if (equal_ignoring_case(option, "close")) {
      close_ = true;
    } else if (equal_ignoring_case(option, "upgrade")) {
      names_upgrade_ = true;
    } else {
      if (!is_token(option)) return "a malformed Connection";
      if (nominated_.size() == nominations_max) return "too many options in Connection";
      nominated_.push_back(option);
    }
  }
  return nullptr;
}

void ControlFields::remove_nominated(Headers& headers) const {
  for (const std::string_view name : nominated_)
    if (!is_protected(name)) headers.remove(name);
}

ControlFields::Coding ControlFields::coding() const noexcept {
  if (transfer_encodings_ == 0) return Coding::absent;
  if (transfer_encodings_ != 1) return Coding::malformed;
  if (equal_ignoring_case(transfer_encoding_, "chunked")) return Coding::chunked;
  if (transfer_encoding_.empty()) return Coding::malformed;
  // Only a list of plain codings, with chunked once at its end at most, is what it seems to be.
  std::size_t from = 0;
  while (from <= transfer_encoding_.size()) {
    const std::size_t comma =
        std::min(transfer_encoding_.find(',', from), transfer_encoding_.size());
    const std::string_view coding = trim(transfer_encoding_.substr(from, comma - from));
    if (!is_token(coding)) return Coding::malformed;
    if (equal_ignoring_case(coding, "chunked") && comma != transfer_encoding_.size())
      return Coding::malformed;
    from = comma + 1;
  }
  return Coding::unknown;
}

std::string_view ControlFields::upgrade() const noexcept {
  if (!names_upgrade_ || upgrades_ != 1) return {};
  for (std::string_view list = upgrade_; !list.empty();) {
    const std::string_view protocol = next_element(list);
    const std::size_t slash = protocol.find('/');
    if (!is_token(protocol.substr(0, slash))) return {};
    if (slash != std::string_view::npos && !is_token(protocol.substr(slash + 1))) return {};
    if (equal_ignoring_case(protocol.substr(0, slash), "h2c")) return {};
  }
  return upgrade_;
}

}  // namespace sluice::http::h1
