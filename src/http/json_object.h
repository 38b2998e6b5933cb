#pragma once
// A JSON object whose members are to change while all else stays as it came: the order of members,
// the text of numbers.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

/// The form of `text` by RFC 8259 alone: strict, UTF-8, at any depth; takes no recursion.
bool is_json(std::string_view text);

/// `plain` as a JSON string with its quotation marks.
std::string json_string(std::string_view plain);

class JsonObject {
 public:
  /// Without members.
  JsonObject() = default;
  /// Empty where `text` is anything but one JSON object.
  static std::optional<JsonObject> parse(std::string_view text);

  bool has(std::string_view name) const noexcept;
  /// The value's text; of several members of that name the last, which most readers believe.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  /// The same where it is a string, without quotation marks and escapes.
  std::optional<std::string> get_text(std::string_view name) const;
  /// All members of that name.
  bool remove(std::string_view name);
  /// A member that `to` named before is gone.
  bool rename(std::string_view from, std::string_view to);
  /// `json` is a JSON text. In the place of the first member of that name, or at the end.
  void set(std::string_view name, std::string json);
  /// A text becomes a list of two, a list gets one element more, everything else is replaced by a
  /// list of one.
  void append(std::string_view name, std::string_view json);

  std::string text() const;

 private:
  struct Member {
    std::string name;  ///< without escapes
    std::string json;
  };

  std::vector<Member> members_;
};

}  // namespace sluice::http
