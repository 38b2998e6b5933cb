#include "base/run_pattern.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <cstring>
#include <optional>
#include <vector>

namespace sluice {
namespace {

// A program is a row of steps: a byte that says which, and what it needs.
constexpr char text_step = 't';   // one byte of size, the bytes
constexpr char one_step = '1';    // the class: 16 bytes, a bit for each ASCII character
constexpr char maybe_step = '?';  // the same
constexpr char some_step = '+';
constexpr char any_step = '*';
constexpr char end_step = '$';

constexpr std::size_t ascii = 128;
constexpr std::size_t class_bytes = ascii / 8;
constexpr std::size_t text_size_max = 255;
constexpr std::size_t program_size_max = 1024;

using Class = std::bitset<ascii>;

/// Of \d, \w and \s, in either case.
std::optional<Class> named_class(char name) {
  Class members;
  const auto add = [&](unsigned char first, unsigned char last) {
    for (std::size_t byte = first; byte <= last; ++byte)
      members.set(byte);
  };
  switch (name | 0x20) {
    case 'd':
      add('0', '9');
      break;
    case 'w':
      add('0', '9');
      add('a', 'z');
      add('A', 'Z');
      add('_', '_');
      break;
    case 's':
      for (const unsigned char byte : {'\t', '\n', '\f', '\r', ' '})
        add(byte, byte);
      break;
    default:
      return std::nullopt;
  }
  return name >= 'a' ? members : ~members;
}

struct Part {
  Class members;
  char step = one_step;

  bool may_be_empty() const { return step == maybe_step || step == any_step; }
};

/// Reads what it understands; anything else makes the pattern one for the automaton.
class RunPatternCompiler {
 public:
  explicit RunPatternCompiler(std::string_view pattern) : rest_(pattern) {}

  std::string run() {
    while (!rest_.empty() && !failed_)
      read_part();
    if (failed_ || depth_ != 0 || !is_certain()) return {};
    std::string program = write();
    return program.size() <= program_size_max ? program : std::string();
  }

 private:
  char take() {
    const char byte = rest_.front();
    rest_.remove_prefix(1);
    return byte;
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  void fail() { failed_ = true; }

  void read_part() {
    const char byte = take();
    if (static_cast<unsigned char>(byte) >= ascii) return fail();
    if (ends_ && byte != ')') return fail();
    switch (byte) {
      case '(':
        return open_group();
      case ')':
        --depth_;
        // A group that repeats is no run.
        if (!rest_.empty() && std::string_view("*+?{").contains(rest_.front())) fail();
        return;
      case '$':
        ends_ = true;
        return;
      case '.':
        return add(~Class().set('\n'));
      case '[':
        return read_class();
      case '\\':
        return read_escape();
      case '|':
      case '^':
      case '*':
      case '+':
      case '?':
      case '{':
        return fail();
      default:
        return add(only(byte));
    }
  }

  void open_group() {
    ++depth_;
    if (!rest_.starts_with('?') || take("?:")) return;
    if (!take("?P<") && !take("?<")) return fail();
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos || rest_.starts_with('=') || rest_.starts_with('!'))
      return fail();
    rest_.remove_prefix(end + 1);
  }

  void read_escape() {
    if (const auto members = escaped()) add(*members);
  }

  /// What stands behind a backslash: a named class, or punctuation for itself.
  std::optional<Class> escaped() {
    const char byte = rest_.empty() ? '\0' : take();
    if (const auto members = named_class(byte)) return members;
    const bool is_punctuation = byte > ' ' && byte < 0x7f && !std::isalnum(byte);
    if (is_punctuation) return only(byte);
    fail();
    return std::nullopt;
  }

  void read_class() {
    const bool is_negated = take("^");
    Class members;
    for (bool first = true; !failed_; first = false) {
      if (rest_.empty()) return fail();
      char byte = take();
      if (byte == ']' && !first) break;
      if (byte == '[' || byte == ']' || static_cast<unsigned char>(byte) >= ascii) return fail();
      if (byte == '\\') {
        const auto named = escaped();
        if (!named) return;
        members |= *named;
        if (rest_.starts_with('-') && !rest_.starts_with("-]")) return fail();
        continue;
      }
      char last = byte;
      if (rest_.starts_with('-') && !rest_.starts_with("-]")) {
        take();
        last = rest_.empty() ? '\0' : take();
        if (last < byte || last == '\\' || last == '[' || static_cast<unsigned char>(last) >= ascii)
          return fail();
      }
      for (std::size_t each = static_cast<unsigned char>(byte);
           each <= static_cast<unsigned char>(last); ++each)
        members.set(each);
    }
    add(is_negated ? ~members : members);
  }

  static Class only(char byte) { return Class().set(static_cast<unsigned char>(byte)); }

  /// With the repetition that stands behind it.
  void add(const Class& members) {
    Part part{members, one_step};
    if (!rest_.empty() && std::string_view("*+?").contains(rest_.front())) part.step = take();
    // Lazy and counted repetitions are not for runs.
    if (!rest_.empty() && part.step != one_step && std::string_view("*+?").contains(rest_.front()))
      return fail();
    if (rest_.starts_with('{')) return fail();
    parts_.push_back(part);
  }

  /// Whether no character could both go on with a run and begin what follows it.
  bool is_certain() const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].step == one_step) continue;
      for (std::size_t next = i + 1; next < parts_.size(); ++next) {
        if ((parts_[i].members & parts_[next].members).any()) return false;
        if (!parts_[next].may_be_empty()) break;
      }
    }
    return true;
  }

  std::string write() const {
    std::string program;
    std::string text;
    const auto end_text = [&] {
      if (text.empty()) return;
      program += text_step;
      program += static_cast<char>(static_cast<unsigned char>(text.size()));
      program += text;
      text.clear();
    };
    for (const Part& part : parts_) {
      if (part.step == one_step && part.members.count() == 1) {
        for (std::size_t byte = 0; byte < ascii; ++byte)
          if (part.members[byte]) text += static_cast<char>(byte);
        if (text.size() == text_size_max) end_text();
        continue;
      }
      end_text();
      program += part.step;
      std::array<std::uint8_t, class_bytes> bits{};
      for (std::size_t byte = 0; byte < ascii; ++byte)
        if (part.members[byte]) bits[byte / 8] |= static_cast<std::uint8_t>(1U << byte % 8);
      program.append(reinterpret_cast<const char*>(bits.data()), bits.size());
    }
    end_text();
    if (ends_) program += end_step;
    return program;
  }

  std::string_view rest_;
  std::vector<Part> parts_;
  std::size_t depth_ = 0;
  bool ends_ = false;  ///< a "$" was read
  bool failed_ = false;
};

bool is_member(const char* members, unsigned char byte) noexcept {
  return (static_cast<unsigned char>(members[byte / 8]) >> (byte % 8) & 1U) != 0;
}

}  // namespace

std::string compile_run_pattern(std::string_view pattern) {
  return RunPatternCompiler(pattern).run();
}

RunOutcome match_run_pattern(std::string_view program, std::string_view text,
                             std::size_t& size) noexcept {
  const char* step = program.data();
  const char* const program_end = step + program.size();
  const char* at = text.data();
  const char* const end = at + text.size();
  while (step != program_end) {
    const char kind = *step++;
    if (kind == end_step) {
      if (at != end) return RunOutcome::differs;
      break;
    }
    if (kind == text_step) {
      const std::size_t length = static_cast<unsigned char>(*step++);
      if (static_cast<std::size_t>(end - at) < length || std::memcmp(at, step, length) != 0)
        return RunOutcome::differs;
      at += length;
      step += length;
      continue;
    }
    const char* const begin = at;
    const bool is_run = kind == some_step || kind == any_step;
    while (at != end) {
      const auto byte = static_cast<unsigned char>(*at);
      if (byte >= ascii) return RunOutcome::unknown;
      if (!is_member(step, byte)) break;
      ++at;
      if (!is_run) break;
    }
    if (at == begin && (kind == one_step || kind == some_step)) return RunOutcome::differs;
    step += class_bytes;
  }
  size = static_cast<std::size_t>(at - text.data());
  return RunOutcome::matches;
}

}  // namespace sluice
