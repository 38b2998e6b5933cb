#include "http/form.h"

#include <algorithm>

#include "http/text.h"

namespace sluice::http {
namespace {

/// The part's field name, from its lines; empty where Content-Disposition names none.
std::optional<std::string> name_of_part(std::string_view head) {
  std::optional<std::string> name;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    if (!equal_ignoring_case(trim(line.substr(0, colon)), "content-disposition")) continue;
    if (name) return std::nullopt;
    name = field_parameter(line.substr(colon + 1), "name");
    if (!name) return std::nullopt;
  }
  return name;
}

/// Takes `;name=value` off the front of `rest`; false at the end or where it is something else.
bool next_field_parameter(std::string_view& rest, std::string_view& name, std::string& value) {
  rest = trim(rest);
  if (!rest.starts_with(';')) return false;
  rest = trim(rest.substr(1));
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return false;
  name = trim(rest.substr(0, equals));
  rest = trim(rest.substr(equals + 1));
  value.clear();
  if (!rest.starts_with('"')) {
    const std::string_view token = rest.substr(0, rest.find(';'));
    value = trim(token);
    rest.remove_prefix(token.size());
    return true;
  }
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    // Browsers escape a quotation mark as %22 (WHATWG HTML), older ones with a backslash.
    if (rest.starts_with("\\\"") || rest.starts_with("\\\\")) rest.remove_prefix(1);
    value += rest.front();
    rest.remove_prefix(1);
  }
  if (rest.empty()) return false;
  rest.remove_prefix(1);
  return true;
}

bool may_name_a_part(std::string_view name) noexcept {
  return std::ranges::none_of(name, [](char byte) { return is_control(byte); });
}

std::string simple_head(std::string_view name) {
  std::string head = "Content-Disposition: form-data; name=\"";
  for (const char byte : name) {
    if (byte == '"' || byte == '\\') head += '\\';
    head += byte;
  }
  return head += "\"\r\n";
}

}  // namespace

std::string media_type(std::string_view content_type) {
  return lowered(trim(content_type.substr(0, content_type.find(';'))));
}

std::optional<std::string> field_parameter(std::string_view field, std::string_view name) {
  field.remove_prefix(std::min(field.find(';'), field.size()));
  std::string_view found;
  std::string value;
  while (next_field_parameter(field, found, value))
    if (equal_ignoring_case(found, name)) return value;
  return std::nullopt;
}

std::optional<MultipartForm> MultipartForm::parse(std::string_view content_type,
                                                  std::string_view body) {
  MultipartForm form;
  const auto boundary = field_parameter(content_type, "boundary");
  // RFC 2046 §5.1.1.
  if (!boundary || boundary->empty() || boundary->size() > 70 || !may_name_a_part(*boundary))
    return std::nullopt;
  form.boundary_ = *boundary;
  const std::string opening = "--" + form.boundary_;
  const std::string delimiter = "\r\n" + opening;
  if (!body.starts_with(opening)) return std::nullopt;
  body.remove_prefix(opening.size());
  while (!body.starts_with("--")) {
    if (!body.starts_with("\r\n") || form.parts_.size() == form_parts_max) return std::nullopt;
    body.remove_prefix(2);
    const std::size_t head_size = body.starts_with("\r\n") ? 0 : body.find("\r\n\r\n");
    if (head_size == std::string_view::npos || head_size > form_part_head_bytes_max)
      return std::nullopt;
    const std::string_view head = body.substr(0, head_size == 0 ? 0 : head_size + 2);
    body.remove_prefix(head.size() + 2);
    // An empty content's delimiter shares its CRLF with nothing: it follows at once.
    const std::size_t end = body.find(delimiter);
    if (end == std::string_view::npos) return std::nullopt;
    auto name = name_of_part(head);
    if (!name) return std::nullopt;
    form.parts_.push_back({*std::move(name), std::string(head), std::string(body.substr(0, end))});
    body.remove_prefix(end + delimiter.size());
  }
  body.remove_prefix(2);
  if (!body.empty() && body != "\r\n") return std::nullopt;
  return form;
}

bool MultipartForm::has(std::string_view name) const noexcept {
  return std::ranges::find(parts_, name, &Part::name) != parts_.end();
}

std::optional<std::string_view> MultipartForm::get(std::string_view name) const noexcept {
  const auto found = std::ranges::find(parts_, name, &Part::name);
  if (found == parts_.end()) return std::nullopt;
  return found->content;
}

bool MultipartForm::remove(std::string_view name) {
  return std::erase_if(parts_, [&](const Part& part) { return part.name == name; }) > 0;
}

bool MultipartForm::rename(std::string_view from, std::string_view to) {
  const auto found = std::ranges::find(parts_, from, &Part::name);
  if (found == parts_.end() || !may_name_a_part(to)) return false;
  if (from == to) return true;
  const std::string content = found->content;
  set(to, content);
  remove(from);
  return true;
}

bool MultipartForm::set(std::string_view name, std::string_view value) {
  if (!may_name_a_part(name) || value.contains("\r\n--" + boundary_) ||
      value.starts_with("--" + boundary_))
    return false;
  Part part{std::string(name), simple_head(name), std::string(value)};
  const auto first = std::ranges::find(parts_, name, &Part::name);
  if (first == parts_.end()) {
    parts_.push_back(std::move(part));
    return true;
  }
  *first = std::move(part);
  parts_.erase(std::remove_if(first + 1, parts_.end(),
                              [&](const Part& other) { return other.name == name; }),
               parts_.end());
  return true;
}

std::string MultipartForm::text() const {
  std::string text;
  for (const Part& part : parts_)
    text.append("--")
        .append(boundary_)
        .append("\r\n")
        .append(part.head)
        .append("\r\n")
        .append(part.content)
        .append("\r\n");
  return text.append("--").append(boundary_).append("--\r\n");
}

}  // namespace sluice::http
