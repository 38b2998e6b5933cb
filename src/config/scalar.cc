// Recognises YAML's plain scalars, and text that is none at all.

#include "config/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

namespace sluice::config {
namespace {

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

template <std::size_t Size>
bool is_any(std::string_view text, const std::array<std::string_view, Size>& words) {
  return std::ranges::find(words, text) != words.end();
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::string_view digits = text;
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0o")) {
    base = digits[1] == 'x' ? 16 : 8;
    digits.remove_prefix(2);
    if (digits.starts_with('-')) return {};
  } else {
    if (!all_digits(without_sign(digits))) return {};
    if (digits.starts_with('+')) digits.remove_prefix(1);
  }
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return {};
  return value;
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_decimal(std::string_view text) {
  text = without_sign(text);
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos && !all_digits(without_sign(text.substr(exponent + 1))))
    return false;
  const std::string_view mantissa = text.substr(0, exponent);
  const std::size_t dot = mantissa.find('.');
  const std::string_view whole = mantissa.substr(0, dot);
  if (dot == std::string_view::npos) return all_digits(whole);
  const std::string_view fraction = mantissa.substr(dot + 1);
  if (whole.empty()) return all_digits(fraction);
  return all_digits(whole) && (fraction.empty() || all_digits(fraction));
}

std::optional<double> number_of(std::string_view text) {
  using Limits = std::numeric_limits<double>;
  if (is_any(without_sign(text), std::array<std::string_view, 3>{".inf", ".Inf", ".INF"}))
    return text[0] == '-' ? -Limits::infinity() : Limits::infinity();
  if (is_any(text, std::array<std::string_view, 3>{".nan", ".NaN", ".NAN"}))
    return Limits::quiet_NaN();
  if (!is_decimal(text)) return {};
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    return text.find("e-") == std::string_view::npos ? Limits::infinity() : 0.0;
  return value;
}

/// Most words of a file are texts that begin like one, and need no further look.
bool may_be_more_than_text(char first) {
  return is_digit(first) || std::string_view("-+.~nNtTfF").find(first) != std::string_view::npos;
}

bool continues_a_sequence(char letter) {
  return (static_cast<unsigned char>(letter) & 0xC0) == 0x80;
}

/// What may follow a first byte: the table of RFC 3629 section 4, which leaves out overlong forms
/// and surrogates.
struct SequenceForm {
  unsigned char first_low, first_high, second_low, second_high;
  std::size_t length;
};

constexpr std::array<SequenceForm, 8> sequence_forms = {{
    {0xC2, 0xDF, 0x80, 0xBF, 2},
    {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3},
    {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4},
    {0xF4, 0xF4, 0x80, 0x8F, 4},
}};

/// The length of the UTF-8 sequence of several bytes at the start, or 0 where there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (const SequenceForm& form : sequence_forms) {
    if (byte(0) < form.first_low || byte(0) > form.first_high) continue;
    if (text.size() < form.length || byte(1) < form.second_low || byte(1) > form.second_high)
      return 0;
    const auto rest = text.substr(2, form.length - 2);
    return std::ranges::all_of(rest, continues_a_sequence) ? form.length : 0;
  }
  return 0;
}

}  // namespace

Node plain_scalar(Document& document, std::string_view text, Place place) {
  using Words = std::array<std::string_view, 3>;
  if (text.empty() || text == "~") return document.null(place, text);
  if (!may_be_more_than_text(text[0])) return document.text(text, place).plain();
  if (is_any(text, Words{"null", "Null", "NULL"})) return document.null(place, text);
  if (is_any(text, Words{"true", "True", "TRUE"})) return document.boolean(true, place, text);
  if (is_any(text, Words{"false", "False", "FALSE"})) return document.boolean(false, place, text);
  if (const auto value = integer_of(text)) return document.integer(*value, place, text);
  if (const auto value = number_of(text)) return document.number(*value, place, text);
  return document.text(text, place).plain();
}

std::size_t first_unreadable_byte(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      const bool is_space = byte == '\n' || byte == '\r' || byte == '\t';
      if ((byte < 0x20 && !is_space) || byte == 0x7F) return at;
      ++at;
      continue;
    }
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return at;
}

std::size_t first_too_deep_bracket(std::string_view text, std::size_t depth) noexcept {
  std::size_t open = 0;
  bool in_quotes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (letter == '\n') {
      open = 0;
      in_quotes = false;
    } else if (letter == '"') {
      in_quotes = !in_quotes;
    } else if (in_quotes) {
      if (letter == '\\' && i + 1 < text.size() && text[i + 1] != '\n') ++i;
    } else if (letter == '[' || letter == '{') {
      if (++open > depth) return i;
    } else if ((letter == ']' || letter == '}') && open > 0) {
      --open;
    }
  }
  return text.size();
}

}  // namespace sluice::config
