// RFC 8259 by recursive descent, to a limited depth.

#include "sim/json_check.h"

#include <algorithm>

namespace sluice::sim {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool read() { return rest_.starts_with('{') && value("", 0) && rest_.empty(); }

  std::map<std::string, std::string> values;

 private:
  bool take(char byte) {
    if (!rest_.starts_with(byte)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// False for a name that an object has twice. What is inside a list has no path of its own.
  bool keep(const std::string& path, std::string_view content) {
    return path.empty() || lists_ > 0 || values.emplace(path, content).second;
  }

  bool value(const std::string& path, int depth) {
    if (depth > 50 || rest_.empty()) return false;
    const std::string_view from = rest_;
    bool good = false;
    if (rest_[0] == '{') {
      good = object(path, depth);
    } else if (rest_[0] == '[') {
      good = list(depth);
    } else if (rest_[0] == '"') {
      std::string_view content;
      if (!text(content)) return false;
      return keep(path, content);
    } else {
      good = word() || number();
    }
    return good && keep(path, from.substr(0, from.size() - rest_.size()));
  }

  bool object(const std::string& path, int depth) {
    take('{');
    if (take('}')) return true;
    do {
      std::string_view key;
      if (!text(key) || !take(':')) return false;
      const std::string below = path.empty() ? std::string(key) : path + "." + std::string(key);
      if (!value(below, depth + 1)) return false;
    } while (take(','));
    return take('}');
  }

  bool list(int depth) {
    take('[');
    if (take(']')) return true;
    ++lists_;
    do {
      if (!value("", depth + 1)) return false;
    } while (take(','));
    --lists_;
    return take(']');
  }

  bool text(std::string_view& content) {
    if (!take('"')) return false;
    const std::string_view from = rest_;
    while (!rest_.empty() && rest_[0] != '"') {
      const auto byte = static_cast<unsigned char>(rest_[0]);
      if (byte < 0x20) return false;
      if (byte == '\\') {
        if (!escape()) return false;
      } else if (byte < 0x80) {
        rest_.remove_prefix(1);
      } else if (!sequence(byte)) {
        return false;
      }
    }
    content = from.substr(0, from.size() - rest_.size());
    return take('"');
  }

  bool escape() {
    rest_.remove_prefix(1);
    if (rest_.empty()) return false;
    const char kind = rest_[0];
    rest_.remove_prefix(1);
    if (kind != 'u') return std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos;
    if (rest_.size() < 4 ||
        rest_.substr(0, 4).find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return false;
    rest_.remove_prefix(4);
    return true;
  }

  /// RFC 3629 section 4.
  bool sequence(unsigned char first) {
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || rest_.size() < size) return false;
    char32_t point = first & (0xff >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      if ((byte & 0xc0) != 0x80) return false;
      point = point << 6 | (byte & 0x3f);
    }
    rest_.remove_prefix(size);
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return point >= least[size] && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
  }

  bool word() {
    for (const std::string_view each : {"true", "false", "null"})
      if (rest_.starts_with(each)) {
        rest_.remove_prefix(each.size());
        return true;
      }
    return false;
  }

  bool digits() {
    const std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(size);
    return size > 0;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  std::string_view rest_;
  int lists_ = 0;
};

}  // namespace

std::optional<std::map<std::string, std::string>> read_json(std::string_view text) {
  Reader reader(text);
  if (!reader.read()) return std::nullopt;
  return std::move(reader.values);
}

}  // namespace sluice::sim
