#include "http/query.h"

#include <algorithm>

#include "http/text.h"

namespace sluice::http {
namespace {

/// The byte that stands at the front of `encoded`, which is not empty; takes it off.
char next_byte(std::string_view& encoded) noexcept {
  const char byte = encoded.front();
  if (byte == '%' && encoded.size() >= 3 && is(encoded[1], byte_class::hex) &&
      is(encoded[2], byte_class::hex)) {
    const unsigned value = hex_value(encoded[1]) * 16 + hex_value(encoded[2]);
    encoded.remove_prefix(3);
    return static_cast<char>(value);
  }
  encoded.remove_prefix(1);
  return byte == '+' ? ' ' : byte;
}

}  // namespace

std::optional<QueryParameter> next_query_parameter(std::string_view& rest) noexcept {
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return QueryParameter{pair, {}, false};
    return QueryParameter{pair.substr(0, equals), pair.substr(equals + 1), true};
  }
  return std::nullopt;
}

std::string decode_query(std::string_view encoded) {
  std::string plain;
  plain.reserve(encoded.size());
  while (!encoded.empty())
    plain += next_byte(encoded);
  return plain;
}

bool query_decodes_to(std::string_view encoded, std::string_view plain) noexcept {
  while (!encoded.empty() && !plain.empty()) {
    if (next_byte(encoded) != plain.front()) return false;
    plain.remove_prefix(1);
  }
  return encoded.empty() && plain.empty();
}

void append_query_encoded(std::string& out, std::string_view plain) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char byte : plain) {
    if (is(byte, byte_class::host)) {
      out += byte;
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    out += '%';
    out += digits[value >> 4];
    out += digits[value & 15];
  }
}

QueryValue find_in_query(std::string_view query, std::string_view name) {
  QueryValue found;
  while (const auto pair = next_query_parameter(query)) {
    if (!query_decodes_to(pair->name, name)) continue;
    if (found.count++ > 0) continue;
    found.has_value = pair->has_value;
    found.value = decode_query(pair->value);
  }
  return found;
}

std::string without_parameter(std::string_view query, std::string_view name) {
  std::string kept;
  while (const auto pair = next_query_parameter(query)) {
    if (query_decodes_to(pair->name, name)) continue;
    if (!kept.empty()) kept += '&';
    kept += pair->name;
    if (pair->has_value) kept.append("=").append(pair->value);
  }
  return kept;
}

Result<QueryEdit> QueryEdit::parse(std::string_view text) {
  QueryEdit edit;
  while (const auto pair = next_query_parameter(text)) {
    if (edit.pairs_.size() == query_parameters_max)
      return fail(ErrorCode::bad_request, "more than 1000 pairs in a query or form");
    std::string encoded(pair->name);
    if (pair->has_value) encoded.append("=").append(pair->value);
    edit.pairs_.push_back(
        {decode_query(pair->name), decode_query(pair->value), std::move(encoded)});
  }
  return edit;
}

bool QueryEdit::has(std::string_view name) const noexcept {
  return std::ranges::find(pairs_, name, &Pair::name) != pairs_.end();
}

std::optional<std::string_view> QueryEdit::get(std::string_view name) const noexcept {
  const auto found = std::ranges::find(pairs_, name, &Pair::name);
  if (found == pairs_.end()) return std::nullopt;
  return found->value;
}

bool QueryEdit::remove(std::string_view name) {
  return std::erase_if(pairs_, [&](const Pair& pair) { return pair.name == name; }) > 0;
}

bool QueryEdit::rename(std::string_view from, std::string_view to) {
  if (!has(from)) return false;
  if (from == to) return true;
  remove(to);
  for (Pair& pair : pairs_) {
    if (pair.name != from) continue;
    std::string encoded;
    append_query_encoded(encoded, to);
    const std::size_t equals = pair.encoded.find('=');
    if (equals != std::string::npos) encoded.append(pair.encoded, equals);
    pair.name = to;
    pair.encoded = std::move(encoded);
  }
  return true;
}

QueryEdit::Pair QueryEdit::made(std::string_view name, std::string_view value) {
  Pair pair{std::string(name), std::string(value), {}};
  append_query_encoded(pair.encoded, name);
  pair.encoded += '=';
  append_query_encoded(pair.encoded, value);
  return pair;
}

void QueryEdit::set(std::string_view name, std::string_view value) {
  const auto first = std::ranges::find(pairs_, name, &Pair::name);
  if (first == pairs_.end()) return append(name, value);
  *first = made(name, value);
  pairs_.erase(
      std::remove_if(first + 1, pairs_.end(), [&](const Pair& pair) { return pair.name == name; }),
      pairs_.end());
}

void QueryEdit::append(std::string_view name, std::string_view value) {
  pairs_.push_back(made(name, value));
}

std::string QueryEdit::text() const {
  std::string text;
  for (const Pair& pair : pairs_) {
    if (!text.empty()) text += '&';
    text += pair.encoded;
  }
  return text;
}

}  // namespace sluice::http
