#pragma once
// HTTP/1.1 on a raw stream, written for the simulation alone and from the RFC alone: it shares no
// code with the gateway's codec, so that each checks the other. Strict: what is doubtful is broken.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/random.h"
#include "runtime/stream.h"

namespace sluice::sim {

/// How a message, or a part of it, ended.
enum class Ended : std::uint8_t {
  whole,
  before,  ///< the stream ended, cleanly, before the first byte
  cut,     ///< the stream ended or broke inside
  late,    ///< the deadline came first
  broken,  ///< the bytes break the rules
};

struct Field {
  std::string name;
  std::string value;
};

struct Head {
  Ended ended = Ended::whole;
  std::string why;  ///< of broken
  std::string start;
  std::vector<Field> fields;

  /// The first of that name, ignoring case; "" when there is none.
  std::string get(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  /// Of a response; 0 when the line is none.
  int status() const;
};

struct Content {
  Ended ended = Ended::whole;
  std::string why;
  std::string bytes;
  std::vector<Field> trailers;
};

class Wire {
 public:
  explicit Wire(StreamPtr stream) : stream_(std::move(stream)) {}

  Stream& stream() noexcept { return *stream_; }

  Task<Head> read_head(TimePoint deadline = never);
  Task<Content> read_length(std::size_t size);
  Task<Content> read_chunked();
  Task<Content> read_to_end();
  /// By the fields of `head`; without any framing a response goes to the end, a request has no
  /// body.
  Task<Content> read_body(const Head& head, bool is_response);
  /// The next bytes, whatever they are; empty at the end, after an error and at the deadline.
  Task<std::string> read_some(TimePoint deadline = never);

  /// Bytes that were read and belong to no message yet.
  std::size_t ahead() const noexcept { return buffer_.size(); }

  /// Bytes that messages took so far.
  std::uint64_t taken() const noexcept { return taken_; }

 private:
  Task<Ended> fill(TimePoint deadline);
  std::string take(std::size_t size);
  Task<std::optional<std::string>> read_line(Content& into);
  Task<bool> read_trailers(Content& into);

  StreamPtr stream_;
  std::string buffer_;
  std::uint64_t taken_ = 0;
};

bool same_name(std::string_view left, std::string_view right) noexcept;
/// Digits only; empty for anything else.
std::optional<std::uint64_t> number_in(std::string_view text, int base = 10);
/// Bytes of every value that depend on the text and the place: no two texts give the same.
std::string pattern(std::string_view text, std::size_t size);
/// In chunks of random sizes; `trailers` is whole lines.
std::string chunked(std::string_view body, std::string_view trailers, Random& dice);

}  // namespace sluice::sim
