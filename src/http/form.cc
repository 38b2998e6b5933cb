#include "http/form.h"

#include <algorithm>
#include <utility>

#include "http/text.h"

namespace sluice::http {
namespace {

struct Parameter {
  std::string_view name;
  std::string_view value;  ///< between the quotation marks, escapes as they came
  bool is_quoted = false;
};

/// Takes `name=value` or `name="value"` off the front of `rest`.
std::optional<Parameter> take_parameter(std::string_view& rest) {
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos || !is_token(rest.substr(0, equals))) return std::nullopt;
  Parameter parameter{rest.substr(0, equals), {}};
  rest.remove_prefix(equals + 1);
  if (!rest.starts_with('"')) {
    const std::string_view text = rest.substr(0, rest.find(';'));
    parameter.value = trim(text);
    rest.remove_prefix(text.size());
    return parameter.value.empty() ? std::nullopt : std::optional(parameter);
  }
  rest.remove_prefix(1);
  std::size_t size = 0;
  while (size < rest.size() && rest[size] != '"')
    size += rest[size] == '\\' ? 2 : 1;
  if (size >= rest.size()) return std::nullopt;
  parameter.value = rest.substr(0, size);
  parameter.is_quoted = true;
  rest.remove_prefix(size + 1);
  return parameter;
}

/// What stands behind a field's first value. Stricter than RFC 9110 §5.6.6 asks of readers: where a
/// name is given twice or the text is broken, each of them finds something else.
std::optional<std::vector<Parameter>> parameters_of(std::string_view field) {
  constexpr std::size_t parameters_max = 16;
  std::vector<Parameter> parameters;
  std::string_view rest = field.substr(std::min(field.find(';'), field.size()));
  for (rest = trim(rest); !rest.empty(); rest = trim(rest)) {
    if (!rest.starts_with(';')) return std::nullopt;
    rest = trim(rest.substr(1));
    if (rest.empty() || rest.starts_with(';')) continue;
    const auto parameter = take_parameter(rest);
    if (!parameter || parameters.size() == parameters_max) return std::nullopt;
    const auto is_same = [&](const Parameter& other) {
      return equal_ignoring_case(other.name, parameter->name);
    };
    if (std::ranges::any_of(parameters, is_same)) return std::nullopt;
    parameters.push_back(*parameter);
  }
  return parameters;
}

/// RFC 2046 §5.1.1 without the comma and the space, at which some readers end the value.
bool may_be_in_boundary(char byte) noexcept {
  return is(byte, byte_class::digit) || (lower(byte) >= 'a' && lower(byte) <= 'z') ||
         std::string_view("'()+_-./:=?").contains(byte);
}

std::optional<std::string_view> boundary_of(std::string_view content_type) {
  const auto parameters = parameters_of(content_type);
  if (!parameters) return std::nullopt;
  const auto boundary = std::ranges::find_if(*parameters, [](const Parameter& parameter) {
    return equal_ignoring_case(parameter.name, "boundary");
  });
  if (boundary == parameters->end()) return std::nullopt;
  // There are readers that take the first "boundary" of the text, and such that take the last
  // "boundary=".
  const std::string text = lowered(content_type);
  const auto at = static_cast<std::size_t>(boundary->name.data() - content_type.data());
  if (text.find("boundary") != at || text.rfind("boundary=") != at) return std::nullopt;
  // To those who read RFC 2231 `boundary*` is the same.
  if (std::ranges::any_of(*parameters,
                          [](const Parameter& other) { return other.name.contains('*'); }))
    return std::nullopt;
  const std::string_view value = boundary->value;
  if (value.empty() || value.size() > 70 || !std::ranges::all_of(value, may_be_in_boundary))
    return std::nullopt;
  return value;
}

struct Delimiter {
  std::size_t end = 0;  ///< behind its line
  bool is_last = false;
};

/// Whether the line with `opening` at `at` is a delimiter: it alone, or with two hyphens, and
/// blanks.
std::optional<Delimiter> delimiter_at(std::string_view body, std::size_t at,
                                      std::string_view opening) {
  if (at > 0 && body[at - 1] != '\n') return std::nullopt;
  Delimiter found{at + opening.size()};
  if (body.substr(found.end).starts_with("--")) {
    found.is_last = true;
    found.end += 2;
  }
  while (found.end < body.size() && is_space(body[found.end]))
    ++found.end;
  const std::string_view rest = body.substr(found.end);
  if (rest.empty()) return found;
  if (!rest.starts_with("\r\n") && !rest.starts_with('\n')) return std::nullopt;
  found.end += rest.front() == '\n' ? 1 : 2;
  return found;
}

std::string_view without_line_end(std::string_view text) noexcept {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// The lines of a head with the folded ones joined (RFC 5322 §2.2.3), without the blank one that
/// ends it. Takes all of them off `rest`.
std::optional<std::vector<std::string>> take_lines(std::string_view& rest) {
  std::vector<std::string> lines;
  std::size_t size = 0;
  for (;;) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    size += end + 1;
    if (size > form_part_head_bytes_max) return std::nullopt;
    const std::string_view line = without_line_end(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
    if (line.empty()) return lines;
    if (!is_space(line.front()))
      lines.emplace_back(line);
    else if (lines.empty())
      return std::nullopt;
    else
      lines.back().append(" ").append(trim(line));
  }
}

bool may_name_a_part(std::string_view name) noexcept {
  return std::ranges::none_of(name, [](char byte) { return is_control(byte); });
}

std::string disposition(std::string_view name) {
  return "Content-Disposition: form-data; name=\"" + std::string(name) + "\"";
}

std::string simple_head(std::string_view name) {
  std::string escaped;
  for (const char byte : name) {
    if (byte == '"' || byte == '\\') escaped += '\\';
    escaped += byte;
  }
  return disposition(escaped) + "\r\n";
}

/// A parameter other than the name, as every reader finds its end; empty where that cannot be.
std::optional<std::string> canonical_parameter(const Parameter& parameter) {
  const auto& [name, value, is_quoted] = parameter;
  if (equal_ignoring_case(name, "filename*")) {
    // RFC 8187 §3.2.1: charset'language'value. Single quotation marks are quotation marks to PHP.
    if (is_quoted || std::ranges::count(value, '\'') != 2) return std::nullopt;
    return "; " + std::string(name) + "=" + std::string(value);
  }
  // `name*` and `name*0` of RFC 2231 are names to some.
  if (name.contains('*')) return std::nullopt;
  std::string text = "; " + std::string(name) + "=\"";
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value.substr(i).starts_with("\\\"")) {
      text += "%22";  // as browsers do (WHATWG HTML): no reader ends the value here
      ++i;
      continue;
    }
    text += value[i];
    if (value[i] == '\\') text += value[++i];
  }
  if (text.ends_with('\\')) return std::nullopt;
  return text += '"';
}

/// Reads Content-Disposition (RFC 7578 §4.2) and writes it again, with the name first: some readers
/// take the first `name=` of the text.
std::optional<std::string> canonical_disposition(std::string_view value, std::string& part_name) {
  if (media_type(value) != "form-data") return std::nullopt;
  const auto parameters = parameters_of(value);
  if (!parameters) return std::nullopt;
  bool has_name = false;
  std::string others;
  for (const Parameter& parameter : *parameters) {
    if (!parameter.is_quoted && !is_token(parameter.value)) return std::nullopt;
    if (equal_ignoring_case(parameter.name, "name")) {
      // Readers disagree about what a backslash says.
      if (parameter.value.contains('\\')) return std::nullopt;
      has_name = true;
      part_name = parameter.value;
      continue;
    }
    const auto other = canonical_parameter(parameter);
    if (!other) return std::nullopt;
    others += *other;
  }
  if (!has_name) return std::nullopt;
  return disposition(part_name) + others;
}

}  // namespace

std::string media_type(std::string_view content_type) {
  return lowered(trim(content_type.substr(0, content_type.find(';'))));
}

/// Takes a head and the blank line behind it off `rest`; the part's content is empty.
std::optional<MultipartForm::Part> MultipartForm::take_part(std::string_view& rest) {
  const auto lines = take_lines(rest);
  if (!lines) return std::nullopt;
  Part part;
  std::string disposition_line;
  for (const std::string& line : *lines) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return std::nullopt;
    const std::string_view name = std::string_view(line).substr(0, colon);
    const std::string_view value = trim(std::string_view(line).substr(colon + 1));
    if (!is_token(name) || !all_are(value, byte_class::value)) return std::nullopt;
    if (!equal_ignoring_case(name, "content-disposition")) {
      part.head.append(name).append(": ").append(value).append("\r\n");
      continue;
    }
    const auto written = canonical_disposition(value, part.name);
    if (!written || !disposition_line.empty()) return std::nullopt;
    disposition_line = *written + "\r\n";
  }
  if (disposition_line.empty()) return std::nullopt;
  part.head.insert(0, disposition_line);
  return part;
}

std::optional<MultipartForm> MultipartForm::parse(std::string_view content_type,
                                                  std::string_view body) {
  if (media_type(content_type) != "multipart/form-data") return std::nullopt;
  const auto boundary = boundary_of(content_type);
  if (!boundary) return std::nullopt;
  MultipartForm form;
  form.opening_ = "--" + std::string(*boundary);
  if (body.empty()) return form;
  // A preamble is for nobody. It may hold the boundary where it begins no line.
  std::optional<Delimiter> delimiter;
  for (std::size_t at = body.find(form.opening_); at != std::string_view::npos && !delimiter;
       at = body.find(form.opening_, at + 1))
    delimiter = delimiter_at(body, at, form.opening_);
  if (!delimiter) return std::nullopt;
  while (!delimiter->is_last) {
    body.remove_prefix(delimiter->end);
    auto part = take_part(body);
    if (!part || !form.may_hold(part->head) || form.parts_.size() == form_parts_max)
      return std::nullopt;
    const std::size_t at = body.find(form.opening_);
    part->content = at == std::string_view::npos ? body : without_line_end(body.substr(0, at));
    form.parts_.push_back(*std::move(part));
    if (at == std::string_view::npos) return form;
    // The boundary anywhere else in a part is one to readers that do not look for whole lines.
    delimiter = delimiter_at(body, at, form.opening_);
    if (!delimiter) return std::nullopt;
  }
  return form;
}

std::size_t MultipartForm::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(parts_, name, &Part::name));
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
  if (found == parts_.end()) return false;
  if (from == to) return true;
  const std::string content = found->content;
  if (!set(to, content)) return false;
  remove(from);
  return true;
}

bool MultipartForm::set(std::string_view name, std::string_view value) {
  Part part{std::string(name), simple_head(name), std::string(value)};
  if (!may_name_a_part(name) || !may_hold(part.head) || !may_hold(value)) return false;
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
    text.append(opening_)
        .append("\r\n")
        .append(part.head)
        .append("\r\n")
        .append(part.content)
        .append("\r\n");
  return text.append(opening_).append("--\r\n");
}

}  // namespace sluice::http
