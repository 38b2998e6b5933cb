#include "http/forwarded.h"

#include <algorithm>

#include "http/text.h"

namespace sluice::http {
namespace {

/// Also of IPv6 addresses and ports without quotation marks, which RFC 7239 §4 wants and many leave
/// out: they end nothing.
bool may_stand_unquoted(char byte) {
  return is(byte, byte_class::token) || byte == ':' || byte == '[' || byte == ']';
}

void skip_space(std::string_view& rest) {
  while (!rest.empty() && is_space(rest.front()))
    rest.remove_prefix(1);
}

/// A value off the front of `rest`, without its quotation marks; what stands behind a backslash
/// stays there with it. Nothing where it is malformed.
std::optional<std::string_view> take_value(std::string_view& rest) {
  if (!rest.starts_with('"')) {
    const auto end = std::ranges::find_if_not(rest, may_stand_unquoted);
    const std::string_view value(rest.begin(), end);
    rest.remove_prefix(value.size());
    if (value.empty()) return {};
    return value;
  }
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '"') {
      const std::string_view value = rest.substr(1, i - 1);
      rest.remove_prefix(i + 1);
      return value;
    }
  }
  return {};
}

bool is_port(std::string_view text) {
  return text.empty() ||
         (text.starts_with(':') && text.size() > 1 && all_are(text.substr(1), byte_class::digit));
}

/// Of a node (RFC 7239 §6); "" for one that is no address in form.
std::string_view address_of(std::string_view node) {
  if (node.starts_with('[')) {
    const std::size_t end = node.find(']');
    if (end == std::string_view::npos || !is_port(node.substr(end + 1))) return {};
    const std::string_view address = node.substr(1, end - 1);
    return address.contains(':') ? address : std::string_view();
  }
  const std::size_t colon = std::min(node.find(':'), node.size());
  const std::string_view address = node.substr(0, colon);
  const bool is_dotted = std::ranges::all_of(
      address, [](char byte) { return is(byte, byte_class::digit) || byte == '.'; });
  return is_dotted && is_port(node.substr(colon)) ? address : std::string_view();
}

struct Element {
  std::string_view address;
  bool is_empty = true;
};

/// The next element off the front of `rest`, up to its comma or the end.
std::optional<Element> take_element(std::string_view& rest) {
  Element element;
  bool has_for = false;
  for (;;) {
    skip_space(rest);
    if (rest.empty() || rest.front() == ',') return element;
    if (rest.front() == ';') {
      rest.remove_prefix(1);
      continue;
    }
    const std::string_view name = rest.substr(0, rest.find('='));
    if (!is_token(name) || name.size() == rest.size()) return {};
    rest.remove_prefix(name.size() + 1);
    const auto value = take_value(rest);
    skip_space(rest);
    if (!value || (!rest.empty() && rest.front() != ';' && rest.front() != ',')) return {};
    element.is_empty = false;
    if (!equal_ignoring_case(name, "for")) continue;
    element.address = has_for ? std::string_view() : address_of(*value);
    has_for = true;
  }
}

}  // namespace

std::optional<std::vector<std::string_view>> forwarded_for(std::string_view line) {
  std::vector<std::string_view> addresses;
  for (;;) {
    const auto element = take_element(line);
    if (!element) return {};
    if (!element->is_empty) {
      if (addresses.size() == forwarded_elements_max) return {};
      addresses.push_back(element->address);
    }
    if (line.empty()) return addresses;
    line.remove_prefix(1);
  }
}

}  // namespace sluice::http
