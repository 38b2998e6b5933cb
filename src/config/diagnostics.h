#pragma once
// Everything that is wrong with a configuration, each with its place, so that one run shows it all.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.h"

namespace sluice::config {

class Redactor;

/// Where a value stands in the tree, kept on the stack while decoding and spelled out only for a
/// diagnostic. Borrows its parent and its key.
class Path {
 public:
  Path() = default;

  /// Continues what is spelled out already, such as the place of a plugin in the file.
  explicit Path(std::string_view start) : key_(start) {}

  Path(const Path& parent, std::string_view key) : parent_(&parent), key_(key) {}

  Path(const Path& parent, std::size_t index) : parent_(&parent), index_(index), is_index_(true) {}

  /// Such as services[2].routes[0].paths[1]; empty for the whole file.
  std::string text() const;

 private:
  const Path* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

/// The file that places refer to.
struct Source {
  std::string name;
  std::string text;
};

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  Place place;
  std::string path;
  std::string message;
  std::uint32_t shown_columns = 0;  ///< where the excerpt of the line ends; 0 shows all of it
};

/// How many diagnostics are kept; what comes after them is counted.
inline constexpr std::size_t diagnostics_max = 100;

class Diagnostics {
 public:
  Diagnostics() : Diagnostics(Source{}) {}

  explicit Diagnostics(Source source)
      : source_(std::make_shared<const Source>(std::move(source))) {}

  /// `message`: lower case, no period, what is expected and what was found; never a credential.
  void error(Place place, const Path& path, std::string message);
  void warning(Place place, const Path& path, std::string message);
  /// For what is declared but not served yet: an error, or a warning after allow_unsupported().
  void unsupported(Place place, const Path& path, std::string message);

  /// The same for a whole field. The excerpt ends with its name: the value may be a credential.
  void unsupported_field(Place key, const Path& path, std::string_view name);

  /// What stands at a place could not be found out, which has been said: later errors there would
  /// only be about what stands in for it.
  void settle(Place place);

  /// What messages quote of `value` from here on is not shown.
  void conceal(std::string value);

  void allow_unsupported() noexcept { allow_unsupported_ = true; }

  /// Further ones are only counted, so that their wording need not be worked out.
  bool is_full() const noexcept { return diagnostics_.size() == diagnostics_max; }

  bool has_errors() const noexcept { return errors_ > 0; }

  std::size_t error_count() const noexcept { return errors_; }

  std::span<const Diagnostic> all() const noexcept { return diagnostics_; }

  const Source& source() const noexcept { return *source_; }

  /// All of them in the order of the file: `file:line:column: path: message`, below it the line
  /// that is meant and a caret under the column. Warnings say so before the message.
  std::string render() const;

  /// The same as JSON, for editors and CI: `file`, `loads`, `diagnostics` (with `severity`, `line`,
  /// `column`, `path`, `message`) and `not_shown`, how many more there are.
  std::string render_json() const;

  /// The first line of every warning, in the order of the file.
  std::vector<std::string> warnings() const;

 private:
  std::vector<const Diagnostic*> ordered() const;
  std::string headline(const Diagnostic& diagnostic, const Redactor& redactor) const;
  void add(Severity severity, Place place, const Path& path, std::string message);

  std::shared_ptr<const Source> source_;
  std::vector<Diagnostic> diagnostics_;
  std::vector<std::string> concealed_;
  std::vector<Place> settled_;  ///< few
  std::size_t errors_ = 0;
  std::size_t dropped_ = 0;
  bool allow_unsupported_ = false;
};

/// A value for a message: quoted, cut and made printable where it is text; `a list`, `a map`.
std::string describe(const Node& node);
std::string in_quotes(std::string_view text);
/// What stands where a credential should, without a letter of it.
std::string_view kind_of(const Node& node);
/// `a string`: nothing but its kind.
std::string_view bare_kind_of(const Node& node);

/// The candidate that was probably meant, or empty: at most a third of the letters differ, and a
/// swap counts once.
std::string_view nearest(std::string_view given, std::span<const std::string_view> candidates);
/// `, did you mean "paths"?`, or empty.
std::string suggestion(std::string_view given, std::span<const std::string_view> candidates);

}  // namespace sluice::config
