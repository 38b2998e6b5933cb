// Reads and writes HTTP/1.1 by RFC 9112, strictly.

#include "sim/wire.h"

#include <algorithm>
#include <charconv>

namespace sluice::sim {
namespace {

constexpr std::size_t head_bytes_max = 200'000;

char lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char byte) {
    return (lower(byte) >= 'a' && lower(byte) <= 'z') || (byte >= '0' && byte <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos;
  });
}

/// RFC 9110 section 5.5, without what only tolerance allows.
bool is_value(std::string_view text) {
  const bool padded = !text.empty() && (text.front() == ' ' || text.front() == '\t' ||
                                        text.back() == ' ' || text.back() == '\t');
  return !padded && std::ranges::all_of(text, [](char byte) {
    return byte == '\t' || (static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
  });
}

std::optional<Field> field_in(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (!is_value(value)) return std::nullopt;
  return Field{std::string(line.substr(0, colon)), std::string(value)};
}

}  // namespace

bool same_name(std::string_view left, std::string_view right) noexcept {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

std::optional<std::uint64_t> number_in(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string Head::get(std::string_view name) const {
  for (const Field& field : fields)
    if (same_name(field.name, name)) return field.value;
  return {};
}

std::size_t Head::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields, [&](const Field& field) { return same_name(field.name, name); }));
}

int Head::status() const {
  if (!start.starts_with("HTTP/1.1 ") || start.size() < 13 || start[12] != ' ') return 0;
  return static_cast<int>(number_in(std::string_view(start).substr(9, 3)).value_or(0));
}

Task<Ended> Wire::fill(TimePoint deadline) {
  auto chunk = co_await stream_->read(16 * 1024, deadline);
  if (!chunk) co_return chunk.error().code == ErrorCode::timed_out ? Ended::late : Ended::cut;
  if (chunk->empty()) co_return Ended::before;
  buffer_ += chunk->text();
  co_return Ended::whole;
}

std::string Wire::take(std::size_t size) {
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  taken_ += bytes.size();
  return bytes;
}

Task<Head> Wire::read_head(TimePoint deadline) {
  Head head;
  std::size_t end = 0;
  for (std::size_t looked = 0; (end = buffer_.find("\r\n\r\n", looked)) == std::string::npos;) {
    looked = buffer_.size() < 3 ? 0 : buffer_.size() - 3;
    if (buffer_.size() > head_bytes_max) {
      head.ended = Ended::broken;
      head.why = "a head without an end";
      co_return head;
    }
    head.ended = co_await fill(deadline);
    if (head.ended == Ended::before && !buffer_.empty()) head.ended = Ended::cut;
    if (head.ended != Ended::whole) co_return head;
  }
  const std::string text = take(end + 4);
  const auto breaks = [&](std::string_view line, std::string_view why) {
    head.ended = Ended::broken;
    head.why = std::string(why) + ": \"" + std::string(line.substr(0, 200)) + "\"";
    return head;
  };
  std::string_view rest(text.data(), end + 2);
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t size = rest.find("\r\n");
    const std::string_view line = rest.substr(0, size);
    rest.remove_prefix(size + 2);
    if (first) {
      if (!is_value(line)) co_return breaks(line, "a bad first line");
      head.start = line;
      continue;
    }
    auto field = field_in(line);
    if (!field) co_return breaks(line, "a bad field");
    head.fields.push_back(*std::move(field));
  }
  co_return head;
}

Task<Content> Wire::read_length(std::size_t size) {
  Content content;
  while (content.bytes.size() < size) {
    if (buffer_.empty()) {
      content.ended = co_await fill(never);
      if (content.ended == Ended::before) content.ended = Ended::cut;
      if (content.ended != Ended::whole) co_return content;
    }
    content.bytes += take(std::min(size - content.bytes.size(), buffer_.size()));
  }
  co_return content;
}

Task<Content> Wire::read_to_end() {
  Content content;
  for (;;) {
    content.bytes += take(buffer_.size());
    content.ended = co_await fill(never);
    if (content.ended == Ended::before)
      content.ended = Ended::whole;
    else if (content.ended == Ended::whole)
      continue;
    co_return content;
  }
}

/// A line of a chunked body, without its end; empty when the stream ended first.
Task<std::optional<std::string>> Wire::read_line(Content& into) {
  for (;;) {
    if (const std::size_t end = buffer_.find("\r\n"); end != std::string::npos) {
      std::string line = take(end + 2);
      line.resize(end);
      co_return line;
    }
    into.ended = co_await fill(never);
    if (into.ended == Ended::before) into.ended = Ended::cut;
    if (into.ended != Ended::whole) co_return std::nullopt;
  }
}

Task<bool> Wire::read_trailers(Content& into) {
  for (;;) {
    const auto line = co_await read_line(into);
    if (!line) co_return false;
    if (line->empty()) co_return true;
    auto field = field_in(*line);
    if (!field) {
      into.ended = Ended::broken;
      into.why = "a bad trailer: " + *line;
      co_return false;
    }
    into.trailers.push_back(*std::move(field));
  }
}

Task<Content> Wire::read_chunked() {
  Content content;
  for (;;) {
    const auto line = co_await read_line(content);
    if (!line) co_return content;
    const auto size = number_in(*line, 16);
    if (!size) {
      content.ended = Ended::broken;
      content.why = "a bad chunk size: \"" + line->substr(0, 100) + "\"";
      co_return content;
    }
    if (*size == 0) {
      static_cast<void>(co_await read_trailers(content));
      co_return content;
    }
    auto data = co_await read_length(*size);
    content.bytes += data.bytes;
    content.ended = data.ended;
    if (content.ended != Ended::whole) co_return content;
    const auto end = co_await read_line(content);
    if (!end) co_return content;
    if (end->empty()) continue;
    content.ended = Ended::broken;
    content.why = "a chunk longer than its size";
    co_return content;
  }
}

Task<Content> Wire::read_body(const Head& head, bool is_response) {
  const std::size_t lengths = head.count("content-length");
  const std::size_t codings = head.count("transfer-encoding");
  const auto length = number_in(head.get("content-length"));
  Content content;
  if (lengths + codings > 1 || (lengths == 1 && !length) ||
      (codings == 1 && head.get("transfer-encoding") != "chunked")) {
    content.ended = Ended::broken;
    content.why = "more than one framing, or a bad one";
    return content;
  }
  if (codings == 1) return read_chunked();
  if (lengths == 1) return read_length(*length);
  if (is_response) return read_to_end();
  return content;
}

Task<std::string> Wire::read_some(TimePoint deadline) {
  if (buffer_.empty() && co_await fill(deadline) != Ended::whole) co_return std::string();
  co_return take(buffer_.size());
}

std::string pattern(std::string_view text, std::size_t size) {
  std::uint64_t seed = 0xcbf29ce484222325;
  for (const char byte : text)
    seed = (seed ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  Random random(seed);
  std::string bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    std::uint64_t word = random.next();
    for (int i = 0; i < 8; ++i, word >>= 8)
      bytes += static_cast<char>(word & 0xff);
  }
  bytes.resize(size);
  return bytes;
}

std::string chunked(std::string_view body, std::string_view trailers, Random& dice) {
  std::string text;
  const std::size_t most = dice.one_in(4) ? 1 + body.size() / 20 : 1 + body.size();
  while (!body.empty()) {
    const std::size_t size = std::min<std::size_t>(body.size(), 1 + dice.below(most));
    char hex[17];
    const char* const end = std::to_chars(hex, hex + 16, size, 16).ptr;
    text.append(hex, static_cast<std::size_t>(end - hex))
        .append("\r\n")
        .append(body.substr(0, size))
        .append("\r\n");
    body.remove_prefix(size);
  }
  return text.append("0\r\n").append(trailers).append("\r\n");
}

}  // namespace sluice::sim
