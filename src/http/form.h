#pragma once
// multipart/form-data bodies (RFC 7578) whose fields are to change; forms in a query's encoding are
// read by query.h.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

/// More parts than this, or a larger head of one, make a body unreadable.
inline constexpr std::size_t form_parts_max = 1000;
inline constexpr std::size_t form_part_head_bytes_max = 16 * 1024;

/// The media type of a Content-Type, in lower case and without parameters.
std::string media_type(std::string_view content_type);

/// A form whose parts are the same to every reader once text() is sent: its lines end in CRLF, each
/// part names its field first and once, and nothing stands before or behind the parts.
class MultipartForm {
 public:
  /// `content_type` is the field's value, with the boundary. Takes all that RFC 2046 §5.1.1 allows,
  /// LF for CRLF, and a body without its last boundary or of no bytes. Empty for what cannot be
  /// read, and for what two readers might read in two ways.
  static std::optional<MultipartForm> parse(std::string_view content_type, std::string_view body);

  bool is_empty() const noexcept { return parts_.empty(); }

  bool has(std::string_view name) const noexcept { return count(name) > 0; }

  /// How many parts have that name.
  std::size_t count(std::string_view name) const noexcept;
  /// The content of the first part of that name.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  bool remove(std::string_view name);
  /// Becomes a simple field of that name, as Kong's does; a file's name and type are lost. False
  /// where there is none, and for a name that set() refuses.
  bool rename(std::string_view from, std::string_view to);
  /// A simple field in the place of the first part of that name, or at the end. False for a name
  /// or value that cannot stand in this form.
  bool set(std::string_view name, std::string_view value);

  std::string text() const;

 private:
  struct Part {
    std::string name;
    std::string head;  ///< as it is sent: lines with their CRLF
    std::string content;
  };

  static std::optional<Part> take_part(std::string_view& rest);

  bool may_hold(std::string_view text) const noexcept { return !text.contains(opening_); }

  std::string opening_;  ///< two hyphens and the boundary
  std::vector<Part> parts_;
};

}  // namespace sluice::http
