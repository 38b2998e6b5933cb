#include "base/regex.h"

#include <algorithm>

#include <re2/re2.h>

#include "base/inline_vector.h"
#include "base/run_pattern.h"

namespace sluice {
namespace {

/// What one program with its caches may hold: beyond it RE2 refuses, or takes a
/// slower way.
constexpr std::int64_t program_bytes_max = 1 << 20;

bool is_alphanumeric(char byte) {
  const char letter = static_cast<char>(byte | 0x20);
  return (byte >= '0' && byte <= '9') || (letter >= 'a' && letter <= 'z');
}

/// Walks over a pattern: classes and escapes are one step.
class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : rest_(pattern) {}

  bool at_end() const noexcept { return rest_.empty(); }

  char peek() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }

  std::string_view rest() const noexcept { return rest_; }

  /// Behind such a step: what belongs to a count ({2,3}) or to an escape (\x41,
  /// \p{Greek}).
  void skip_argument(std::string_view step) noexcept {
    const bool is_escape = step.size() == 2 && step.front() == '\\';
    if (step == "{" || (is_escape && rest_.starts_with('{'))) {
      const std::size_t end = rest_.find('}');
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    } else if (is_escape) {
      const auto end = std::ranges::find_if_not(rest_, is_alphanumeric);
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.begin()));
    }
  }

  std::string_view next() noexcept {
    std::size_t size = 1;
    if (rest_.starts_with("\\Q"))
      size = quoted_size();
    else if (rest_.front() == '\\')
      size = 2;
    else if (rest_.front() == '[')
      size = class_size();
    size = std::min(size, rest_.size());
    const std::string_view step = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return step;
  }

 private:
  std::size_t quoted_size() const noexcept {
    const std::size_t end = rest_.find("\\E");
    return end == std::string_view::npos ? rest_.size() : end + 2;
  }

  std::size_t class_size() const noexcept {
    std::size_t i = 1;
    if (i < rest_.size() && rest_[i] == '^') ++i;
    if (i < rest_.size() && rest_[i] == ']') ++i;  // a ']' that comes first is a member
    while (i < rest_.size() && rest_[i] != ']') {
      if (rest_[i] == '\\')
        ++i;
      else if (rest_.substr(i).starts_with("[:"))
        i = std::min(rest_.find(":]", i), rest_.size() - 1);
      ++i;
    }
    return i + 1;
  }

  std::string_view rest_;
};

/// Whether the step stands for one ASCII byte, its last.
bool is_literal_step(std::string_view step) {
  constexpr std::string_view special = "\\.+*?()[]{}|^$";
  if (static_cast<unsigned char>(step.back()) >= 0x80) return false;
  if (step.size() == 1) return special.find(step.front()) == std::string_view::npos;
  return step.size() == 2 && step.front() == '\\' &&
         (special.find(step[1]) != std::string_view::npos || step[1] == '/' || step[1] == '-');
}

struct Shape {
  bool is_balanced = true;        ///< no ")" without its "("
  bool has_alternatives = false;  ///< outside all groups
};

Shape shape_of(std::string_view pattern) {
  Shape shape;
  std::size_t depth = 0;
  for (PatternReader reader(pattern); !reader.at_end();) {
    const std::string_view step = reader.next();
    if (step == "(") ++depth;
    if (step == "|" && depth == 0) shape.has_alternatives = true;
    if (step != ")") continue;
    if (depth == 0)
      shape.is_balanced = false;
    else
      --depth;
  }
  return shape;
}

/// The bytes that stand in the pattern for themselves before anything else
/// does.
std::string literal_start(std::string_view pattern) {
  std::string literal;
  for (PatternReader reader(pattern); !reader.at_end();) {
    const std::string_view step = reader.next();
    if (!is_literal_step(step)) break;
    const char follower = reader.peek();
    if (follower == '*' || follower == '?' || follower == '{') break;
    literal.push_back(step.back());
    if (follower == '+') break;
  }
  return literal;
}

/// The longest text that stands in the pattern outside of all groups, classes
/// and repetitions.
std::string longest_literal(std::string_view pattern) {
  // With flags, such as that of any case, letters do not stand for themselves.
  for (std::size_t at = pattern.find("(?"); at != std::string_view::npos;
       at = pattern.find("(?", at + 1))
    if (!std::string_view(":P<").contains(pattern.substr(at + 2, 1))) return {};
  std::string longest, run;
  const auto end_run = [&] {
    if (run.size() > longest.size()) longest = run;
    run.clear();
  };
  std::size_t depth = 0;
  for (PatternReader reader(pattern); !reader.at_end();) {
    const std::string_view step = reader.next();
    if (step == "|" && depth == 0) return {};
    if (step == "(") ++depth;
    if (step == ")") --depth;
    if (depth > 0 || !is_literal_step(step)) {
      end_run();
      reader.skip_argument(step);
      continue;
    }
    const char follower = reader.peek();
    if (follower == '*' || follower == '?' || follower == '{') {
      end_run();
      continue;
    }
    run.push_back(step.back());
    if (follower == '+') end_run();
  }
  end_run();
  return longest;
}

/// `(?<name>` is `(?P<name>` for RE2; the look-behinds `(?<=` and `(?<!` stay,
/// and are refused.
std::string in_syntax_of_re2(std::string_view pattern) {
  std::string text = "(";
  for (PatternReader reader(pattern); !reader.at_end();) {
    const std::string_view rest = reader.rest();
    if (rest.starts_with("(?<") && rest.size() > 3 && rest[3] != '=' && rest[3] != '!') {
      text += "(?P<";
      reader.next();
      reader.next();
      reader.next();
    } else {
      text += reader.next();
    }
  }
  text += ')';
  return text;
}

}  // namespace

struct Regex::Program {
  Program(const std::string& text, const re2::RE2::Options& options) : re2(text, options) {}

  re2::RE2 re2;
};

Regex::Regex(std::string_view pattern, std::unique_ptr<Program> program, bool is_anchored)
    : pattern_(pattern),
      program_(std::move(program)),
      group_count_(static_cast<std::size_t>(program_->re2.NumberOfCapturingGroups()) - 1),
      is_anchored_(is_anchored) {
  if (is_anchored) literal_prefix_ = literal_start(pattern);
  literal_ = longest_literal(pattern);
  if (is_anchored) runs_ = compile_run_pattern(pattern);
}

Regex::~Regex() = default;

std::expected<std::shared_ptr<const Regex>, std::string> Regex::compile(std::string_view pattern,
                                                                        Anchor anchor) {
  if (pattern.size() > regex_bytes_max)
    return std::unexpected("longer than " + std::to_string(regex_bytes_max) + " bytes");
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(program_bytes_max);
  const Shape shape = shape_of(pattern);
  // The group around the pattern would make a pair of it.
  if (!shape.is_balanced) return std::unexpected("unexpected )");
  const bool at_start = anchor == Anchor::at_start;
  // "^a|b" binds the "^" to the a alone.
  const bool is_anchored = at_start && !shape.has_alternatives;
  std::string text = in_syntax_of_re2(pattern);
  if (at_start && !is_anchored) text.insert(1, "^");
  auto program = std::make_unique<Program>(text, options);
  if (!program->re2.ok()) {
    // In the words for the pattern as it was written, without the group.
    const re2::RE2 plain({pattern.data(), pattern.size()}, options);
    return std::unexpected(plain.ok() ? program->re2.error() : plain.error());
  }
  return std::shared_ptr<const Regex>(new Regex(pattern, std::move(program), is_anchored));
}

std::optional<std::string_view> Regex::find(std::string_view text) const noexcept {
  if (!runs_.empty()) {
    std::size_t size = 0;
    switch (match_run_pattern(runs_, text, size)) {
      case RunOutcome::matches:
        return text.substr(0, size);
      case RunOutcome::differs:
        return std::nullopt;
      case RunOutcome::unknown:
        break;
    }
  }
  // Always with one group, the one around the pattern: RE2 then takes its
  // one-pass matcher, which has no shared state, and not the automaton, which
  // has a lock and grows.
  re2::StringPiece groups[2];
  if (!program_->re2.Match({text.data(), text.size()}, 0, text.size(),
                           is_anchored_ ? re2::RE2::ANCHOR_START : re2::RE2::UNANCHORED, groups, 2))
    return std::nullopt;
  return std::string_view(groups[0].data(), groups[0].size());
}

bool Regex::captures(std::string_view text, std::span<std::string_view> groups) const {
  const std::size_t count = std::min(groups.size(), group_count_ + 1);
  InlineVector<re2::StringPiece, 16> found;
  for (std::size_t i = 0; i < count + 1; ++i)
    found.push_back({});
  if (!program_->re2.Match({text.data(), text.size()}, 0, text.size(),
                           is_anchored_ ? re2::RE2::ANCHOR_START : re2::RE2::UNANCHORED,
                           found.data(), static_cast<int>(count + 1)))
    return false;
  // Group 1 is the one around the pattern.
  for (std::size_t i = 0; i < count; ++i)
    groups[i] = {found.data()[i + 1].data(), found.data()[i + 1].size()};
  return true;
}

std::vector<std::string> Regex::group_names() const {
  std::vector<std::string> names(group_count_);
  for (const auto& [index, name] : program_->re2.CapturingGroupNames())
    names[static_cast<std::size_t>(index) - 2] = name;
  return names;
}

}  // namespace sluice
