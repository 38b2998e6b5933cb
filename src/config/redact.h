#pragma once
// What of a file may be shown: excerpts and messages without the credentials in it. Works on the
// text alone, since a file with a syntax error has credentials too.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

struct Type;

/// Whether a setting of that name holds a credential: as declared (`confidential`), or because an
/// unknown name looks like one that does, as a misspelling would.
bool is_secret_name(std::string_view name);

/// Whether the name is that of a list of objects with credentials, such as keyauth_credentials.
bool is_holder_name(std::string_view name);

/// Whether objects of the type, or of its elements, have a setting with a credential.
bool holds_secret(const Type& type);

/// `message` with stars for what it quotes out of `value`.
std::string hide_quoted(std::string message, std::string_view value);

/// Bytes of one line.
struct HiddenRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The user and password of each URL in a text (RFC 3986 section 3.2.1).
std::vector<HiddenRange> userinfo_in(std::string_view text);

class Redactor {
 public:
  /// `text` lives as long as this.
  explicit Redactor(std::string_view text);

  /// Without its line break; empty where the file has no such line. Lines are counted from 1.
  std::string_view line(std::size_t number) const;

  /// The values in that line which must not be shown, in order. References to the environment or a
  /// vault may be.
  std::vector<HiddenRange> hidden_in(std::size_t number) const;

  /// `message` without what it quotes out of a hidden value of the line.
  std::string redacted(std::string message, std::size_t number) const;

 private:
  enum class Context : std::uint8_t {
    none,
    secret,  ///< a credential
    holder,  ///< a list of objects with credentials
  };

  static Context context_behind(std::string_view name, std::string_view value);
  static Context context_in_item(std::string_view line, std::size_t begin);
  Context context_of(std::size_t number, std::size_t levels) const;

  std::string_view text_;
  std::vector<std::size_t> starts_;
};

}  // namespace sluice::config
