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

/// A parameter of a field such as Content-Type or Content-Disposition, without its quotation marks;
/// the parameter's name in any case. Empty where there is none.
std::optional<std::string> field_parameter(std::string_view field, std::string_view name);

class MultipartForm {
 public:
  /// `content_type` is the field's value, with the boundary. Empty where the body breaks the rules.
  static std::optional<MultipartForm> parse(std::string_view content_type, std::string_view body);

  bool has(std::string_view name) const noexcept;
  /// The content of the first part of that name.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  bool remove(std::string_view name);
  /// Becomes a simple field of that name, as Kong's does; a file's name and type are lost.
  bool rename(std::string_view from, std::string_view to);
  /// A simple field in the place of the first part of that name, or at the end. False for a name
  /// that cannot stand in a part's head.
  bool set(std::string_view name, std::string_view value);

  std::string text() const;

 private:
  struct Part {
    std::string name;
    std::string head;  ///< lines with their CRLF
    std::string content;
  };

  std::string boundary_;
  std::vector<Part> parts_;
};

}  // namespace sluice::http
