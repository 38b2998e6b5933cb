#pragma once
// JSON text, appended: log lines, status pages, error bodies. The caller keeps the structure right;
// texts are escaped here.

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::telemetry {

/// Appends `text` with quotation marks, so that no byte of a peer can end the string or the line:
/// control bytes, quote and backslash are escaped, and bytes that are not UTF-8 become U+FFFD (RFC
/// 8259 §7, §8.1).
void append_json_text(std::string& out, std::string_view text);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }

  JsonWriter& end_object() { return close('}'); }

  JsonWriter& begin_list() { return open('['); }

  JsonWriter& end_list() { return close(']'); }

  /// A name that needs no escape.
  JsonWriter& key(std::string_view name) {
    comma();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    after_key_ = true;
    return *this;
  }

  /// A name that a peer chose.
  JsonWriter& foreign_key(std::string_view name) {
    comma();
    append_json_text(out_, name);
    out_ += ':';
    after_key_ = true;
    return *this;
  }

  JsonWriter& text(std::string_view value) {
    comma();
    append_json_text(out_, value);
    return *this;
  }

  JsonWriter& number(std::int64_t value) {
    comma();
    char digits[20];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    return *this;
  }

  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }

  /// JSON that was made before.
  JsonWriter& raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
  }

 private:
  void comma() {
    if (!first_ && !after_key_) out_ += ',';
    first_ = after_key_ = false;
  }

  JsonWriter& open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
    return *this;
  }

  JsonWriter& close(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
  }

  std::string& out_;
  bool first_ = true;
  bool after_key_ = false;
};

}  // namespace sluice::telemetry
