#include "gateway/name_values.h"

#include "config/matchers.h"
#include "http/headers.h"
#include "http/query.h"
#include "http/text.h"

namespace sluice {
namespace {

bool may_set(std::string_view name) {
  http::Headers headers;
  return http::equal_ignoring_case(name, "host") || headers.set(name, "x").has_value();
}

}  // namespace

NameValue split_name_value(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {std::string(text), {}};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

bool is_name_value(std::string_view text) noexcept {
  return text.find(':') != std::string_view::npos && !text.starts_with(':');
}

bool is_field_name_value(std::string_view text) {
  if (!is_name_value(text)) return false;
  const auto [name, value] = split_name_value(text);
  return may_set(name) && (value.empty() || config::is_plain_text(value));
}

bool is_field_rename(std::string_view text) {
  return is_field_name_value(text) && may_set(split_name_value(text).value);
}

std::string escaped(std::string_view text, std::uint8_t classes) {
  std::string value;
  for (const char byte : text)
    if (http::is(byte, classes))
      value += byte;
    else
      http::append_query_encoded(value, {&byte, 1});
  return value;
}

std::string field_value(std::string_view text) {
  return escaped(text, http::byte_class::value);
}

std::string query_value(std::string_view text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    const bool is_triplet = byte == '%' && text.size() - i > 2 &&
                            http::is(text[i + 1], http::byte_class::hex) &&
                            http::is(text[i + 2], http::byte_class::hex);
    const bool stays =
        http::is(byte, http::byte_class::path) && !std::string_view("%&+;=").contains(byte);
    if (is_triplet || stays)
      value += byte;
    else
      http::append_query_encoded(value, {&byte, 1});
  }
  return value;
}

std::vector<NameValue> split_all(const std::vector<std::string>& texts) {
  std::vector<NameValue> pairs;
  for (const std::string& text : texts)
    pairs.push_back(split_name_value(text));
  return pairs;
}

}  // namespace sluice
