#pragma once
// Regular expressions of the configuration on RE2: linear time, no lock and no
// allocation where the expression is one-pass, which those of paths nearly
// always are.

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Immutable, shared by all threads. Kong's syntax is that of Rust's regex crate: RE2 knows the
/// same, and `(?<name>` is written as RE2 has it.
class Regex {
 public:
  /// `anywhere` searches the text; `at_start` only tries its beginning: Kong puts "^" before the
  /// regular expression of a path, which in "a|b" is not before the b.
  enum class Anchor : unsigned char { anywhere, at_start };

  /// The error is RE2's own words: "missing ): (a". At most regex_bytes_max bytes.
  static std::expected<std::shared_ptr<const Regex>, std::string> compile(std::string_view pattern,
                                                                          Anchor anchor);

  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  /// What of `text` matches first; empty optional for no match.
  std::optional<std::string_view> find(std::string_view text) const noexcept;

  bool matches(std::string_view text) const noexcept { return find(text).has_value(); }

  /// How many groups the pattern has; the whole match is no group.
  std::size_t group_count() const noexcept { return group_count_; }

  /// Fills `groups` with the whole match and then each group; a group that took no part is a view
  /// with null data. False for no match.
  bool captures(std::string_view text, std::span<std::string_view> groups) const;

  /// The names of groups, from 1 on; empty for a group without a name. Allocates: not for the hot
  /// path of requests that do not ask.
  std::vector<std::string> group_names() const;

  /// With what every match begins, where the pattern says so: for indexes. Only with at_start.
  const std::string& literal_prefix() const noexcept { return literal_prefix_; }

  /// What every match holds somewhere, the longest such text that the pattern shows; empty where it
  /// shows none. To look for it is far less work than to match.
  const std::string& literal() const noexcept { return literal_; }

  /// The pattern as a row of texts and runs, where it is such: base/run_pattern.h. find() uses it.
  const std::string& runs() const noexcept { return runs_; }

  const std::string& pattern() const noexcept { return pattern_; }

 private:
  struct Program;
  Regex(std::string_view pattern, std::unique_ptr<Program> program, bool is_anchored);

  std::string pattern_;
  std::string literal_prefix_;
  std::string literal_;
  std::string runs_;
  std::unique_ptr<Program> program_;
  std::size_t group_count_ = 0;
  bool is_anchored_;
};

/// The longest pattern that is taken.
inline constexpr std::size_t regex_bytes_max = 8192;

}  // namespace sluice
