#include "http/json_object.h"

#include <algorithm>

#include "http/text.h"
#include "telemetry/json.h"

namespace sluice::http {
namespace {

constexpr bool is_digit(char byte) noexcept {
  return byte >= '0' && byte <= '9';
}

/// Length of the UTF-8 sequence at the front (RFC 3629), 0 where there is none.
std::size_t utf8_size(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = at(0);
  const auto follows = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i <= to; ++i)
      if ((at(i) & 0xc0) != 0x80) return false;
    return true;
  };
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1, 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!follows(1, 2)) return 0;
    if (first == 0xe0 && at(1) < 0xa0) return 0;
    if (first == 0xed && at(1) > 0x9f) return 0;  // surrogates
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!follows(1, 3)) return 0;
    if (first == 0xf0 && at(1) < 0x90) return 0;
    if (first == 0xf4 && at(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

/// Walks through a JSON text; every take_ is true where it found its thing and stands behind it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::size_t left() const noexcept { return rest_.size(); }

  void skip_space() noexcept {
    const std::size_t count = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(count == std::string_view::npos ? rest_.size() : count);
  }

  bool take(char byte) noexcept {
    if (!rest_.starts_with(byte)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_string() noexcept {
    if (!take('"')) return false;
    while (!rest_.empty()) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      if (byte == '"') return take('"');
      if (byte < 0x20) return false;
      if (byte == '\\') {
        if (!take_escape()) return false;
        continue;
      }
      const std::size_t size = utf8_size(rest_);
      if (size == 0) return false;
      rest_.remove_prefix(size);
    }
    return false;
  }

  /// Any value. Its nesting is kept as a bit a level, not on the stack.
  bool take_value() {
    std::vector<bool> is_object;
    for (;;) {
      skip_space();
      bool complete = true;
      if (rest_.starts_with('{') || rest_.starts_with('[')) {
        is_object.push_back(rest_.front() == '{');
        rest_.remove_prefix(1);
        skip_space();
        complete = take(is_object.back() ? '}' : ']');
        if (complete)
          is_object.pop_back();
        else if (is_object.back() && !take_name())
          return false;
      } else if (!take_scalar()) {
        return false;
      }
      if (complete && !close_levels(is_object)) return false;
      if (complete && is_object.empty()) return true;
    }
  }

  /// A member's name and the colon behind it.
  bool take_name() noexcept {
    skip_space();
    if (!take_string()) return false;
    skip_space();
    return take(':');
  }

 private:
  /// Behind a value: closes what ends here; false where something else than a further value
  /// follows.
  bool close_levels(std::vector<bool>& is_object) noexcept {
    while (!is_object.empty()) {
      skip_space();
      if (take(',')) return !is_object.back() || take_name();
      if (!take(is_object.back() ? '}' : ']')) return false;
      is_object.pop_back();
    }
    return true;
  }

  bool take_escape() noexcept {
    rest_.remove_prefix(1);
    if (rest_.empty()) return false;
    const char kind = rest_.front();
    rest_.remove_prefix(1);
    if (kind != 'u') return std::string_view("\"\\/bfnrt").contains(kind);
    if (rest_.size() < 4 || !std::ranges::all_of(rest_.substr(0, 4), [](char byte) {
          return is(byte, byte_class::hex);
        }))
      return false;
    rest_.remove_prefix(4);
    return true;
  }

  bool take_scalar() noexcept {
    if (rest_.starts_with('"')) return take_string();
    for (const std::string_view word : {"true", "false", "null"})
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(word.size());
        return true;
      }
    return take_number();
  }

  bool take_number() noexcept {
    take('-');
    if (!take('0') && !take_digits()) return false;
    if (take('.') && !take_digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return take_digits();
    }
    return true;
  }

  bool take_digits() noexcept {
    std::size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count]))
      ++count;
    rest_.remove_prefix(count);
    return count > 0;
  }

  std::string_view rest_;
};

unsigned hex4(std::string_view digits) noexcept {
  unsigned value = 0;
  for (const char digit : digits.substr(0, 4))
    value = value * 16 + hex_value(digit);
  return value;
}

/// What a JSON string says; `inner` is well-formed and without its quotation marks. Half of a
/// surrogate pair becomes U+FFFD.
std::string unescaped(std::string_view inner) {
  std::string plain;
  plain.reserve(inner.size());
  while (!inner.empty()) {
    const std::size_t run = std::min(inner.find('\\'), inner.size());
    plain.append(inner.substr(0, run));
    inner.remove_prefix(run);
    if (inner.empty()) break;
    const char kind = inner[1];
    inner.remove_prefix(2);
    if (kind != 'u') {
      constexpr std::string_view kinds = "bfnrt";
      const std::size_t control = kinds.find(kind);
      plain += control == std::string_view::npos ? kind : "\b\f\n\r\t"[control];
      continue;
    }
    unsigned code = hex4(inner);
    inner.remove_prefix(4);
    if (code >= 0xd800 && code < 0xdc00 && inner.starts_with("\\u")) {
      const unsigned low = hex4(inner.substr(2));
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        inner.remove_prefix(6);
      }
    }
    append_utf8(plain, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
  }
  return plain;
}

}  // namespace

bool is_json(std::string_view text) {
  Scanner scanner(text);
  if (!scanner.take_value()) return false;
  scanner.skip_space();
  return scanner.left() == 0;
}

std::string json_string(std::string_view plain) {
  telemetry::JsonText json;
  telemetry::JsonWriter(json).text(plain);
  return json.text();
}

std::optional<JsonObject> JsonObject::parse(std::string_view text) {
  JsonObject object;
  Scanner scanner(text);
  const auto since = [&](std::size_t left_before) {
    return text.substr(text.size() - left_before, left_before - scanner.left());
  };
  scanner.skip_space();
  if (!scanner.take('{')) return std::nullopt;
  scanner.skip_space();
  if (!scanner.take('}')) {
    do {
      scanner.skip_space();
      std::size_t begin = scanner.left();
      if (!scanner.take_string()) return std::nullopt;
      const std::string_view name = since(begin);
      scanner.skip_space();
      if (!scanner.take(':')) return std::nullopt;
      scanner.skip_space();
      begin = scanner.left();
      if (!scanner.take_value()) return std::nullopt;
      object.members_.push_back(
          {unescaped(name.substr(1, name.size() - 2)), std::string(since(begin))});
      scanner.skip_space();
    } while (scanner.take(','));
    if (!scanner.take('}')) return std::nullopt;
  }
  scanner.skip_space();
  if (scanner.left() != 0) return std::nullopt;
  return object;
}

bool JsonObject::has(std::string_view name) const noexcept {
  return std::ranges::find(members_, name, &Member::name) != members_.end();
}

std::optional<std::string_view> JsonObject::get(std::string_view name) const noexcept {
  std::optional<std::string_view> found;
  for (const Member& member : members_)
    if (member.name == name) found = member.json;
  return found;
}

std::optional<std::string> JsonObject::get_text(std::string_view name) const {
  const auto json = get(name);
  if (!json || !json->starts_with('"')) return std::nullopt;
  return unescaped(json->substr(1, json->size() - 2));
}

bool JsonObject::remove(std::string_view name) {
  return std::erase_if(members_, [&](const Member& member) { return member.name == name; }) > 0;
}

bool JsonObject::rename(std::string_view from, std::string_view to) {
  if (!has(from)) return false;
  if (from == to) return true;
  remove(to);
  for (Member& member : members_)
    if (member.name == from) member.name = to;
  return true;
}

void JsonObject::set(std::string_view name, std::string json) {
  const auto first = std::ranges::find(members_, name, &Member::name);
  if (first == members_.end()) {
    members_.push_back({std::string(name), std::move(json)});
    return;
  }
  first->json = std::move(json);
  members_.erase(std::remove_if(first + 1, members_.end(),
                                [&](const Member& member) { return member.name == name; }),
                 members_.end());
}

void JsonObject::append(std::string_view name, std::string_view json) {
  const std::string_view current = get(name).value_or("");
  std::string list = "[";
  if (current.starts_with('"')) {
    list.append(current).append(",");
  } else if (current.starts_with('[')) {
    list = current.substr(0, current.size() - 1);
    if (list.find_first_not_of(" \t\r\n", 1) != std::string::npos) list += ',';
  }
  set(name, list.append(json).append("]"));
}

std::string JsonObject::text() const {
  std::string text = "{";
  for (const Member& member : members_) {
    if (text.size() > 1) text += ',';
    text.append(json_string(member.name)).append(":").append(member.json);
  }
  return text += '}';
}

}  // namespace sluice::http
