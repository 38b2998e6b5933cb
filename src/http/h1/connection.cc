#include "http/h1/connection.h"

#include <algorithm>
#include <charconv>

namespace sluice::http::h1 {
namespace {

// Trailers are few; more than this many bytes of room is asked for only when they do not fit.
constexpr std::size_t small_head = 256;

}  // namespace

Task<Result<std::size_t>> Input::read_head(const Limits& limits, std::size_t wanted,
                                           TimePoint deadline) {
  HeadScanner scanner;
  for (;;) {
    if (!buffered_.empty()) {
      auto size = scanner.scan(buffered_.text(), limits);
      if (!size || *size > 0) co_return size;
    }
    auto chunk = co_await stream_->read(std::min(wanted, piece_max_), deadline);
    if (!chunk) co_return std::unexpected(std::move(chunk).error());
    if (chunk->empty())
      co_return fail(ErrorCode::closed, buffered_.empty() ? "" : "ended inside a head");
    if (buffered_.empty()) {
      buffered_ = *std::move(chunk);
      continue;
    }
    // A head in pieces: joined with room to spare, so that one-byte pieces do not copy it each
    // time.
    if (buffered_.room().size() < chunk->size()) {
      Chunk joined = Chunk::with_room(2 * (buffered_.size() + chunk->size()));
      joined.append(buffered_.text());
      buffered_ = std::move(joined);
    }
    buffered_.append(chunk->text());
  }
}

BodyReader::BodyReader(Framing framing, const Limits& limits)
    : framing_(framing), left_(framing.length) {
  finished_ = framing.kind == Framing::Kind::none ||
              (framing.kind == Framing::Kind::length && framing.length == 0);
  if (framing.kind == Framing::Kind::chunked) chunked_ = std::make_unique<ChunkedDecoder>(limits);
}

void BodyReader::become_tunnel() noexcept {
  framing_ = {Framing::Kind::until_close, 0};
  finished_ = false;
}

Task<Result<Chunk>> BodyReader::read(Input& input, TimePoint deadline) {
  if (finished_) return Result<Chunk>(Chunk());
  auto reading = input.read(deadline, left_);
  // Raw bytes need nobody between them and their stream.
  if (framing_.kind == Framing::Kind::until_close) return reading;
  if (!reading.await_ready()) return read_later(input, std::move(reading), deadline);
  auto bytes = reading.await_resume();
  if (!bytes) return bytes;
  auto data = take(*std::move(bytes), input);
  if (!data || !data->empty() || finished_) return data;
  return read_later(input, input.read(deadline, left_), deadline);
}

Task<Result<Chunk>> BodyReader::read_later(Input& input, Task<Result<Chunk>> reading,
                                           TimePoint deadline) {
  for (;;) {
    auto bytes = co_await std::move(reading);
    if (!bytes) co_return bytes;
    auto data = take(*std::move(bytes), input);
    if (!data || !data->empty() || finished_) co_return data;
    reading = input.read(deadline, left_);
  }
}

Task<Result<std::size_t>> BodyReader::read_into(Input& input, PipePtr& pipe, TimePoint deadline) {
  if (!can_read_into(input)) co_return 0uz;
  auto size = co_await input.stream().read_into(
      pipe, static_cast<std::size_t>(std::min<std::uint64_t>(left_, read_bytes_max)), deadline);
  if (size) {
    left_ -= *size;
    finished_ = left_ == 0;
  }
  co_return size;
}

/// The body's part of what was read; empty when there is none yet (chunk framing) or at the end.
Result<Chunk> BodyReader::take(Chunk bytes, Input& input) {
  if (bytes.empty()) {
    finished_ = true;
    return fail(ErrorCode::closed, "ended inside a body");
  }
  if (framing_.kind == Framing::Kind::length) {
    if (bytes.size() > left_) {
      input.put_back(bytes.slice(left_, bytes.size()));
      bytes.truncate(left_);
    }
    left_ -= bytes.size();
    finished_ = left_ == 0;
    return bytes;
  }
  auto step = chunked_->feed(bytes.text());
  if (!step) return std::unexpected(std::move(step).error());
  finished_ = step->finished;
  Chunk data = bytes.slice(step->data_from, step->data_size);
  bytes.remove_prefix(step->consumed);
  if (!bytes.empty()) input.put_back(std::move(bytes));
  return data;
}

Task<bool> pass_body(Loop& loop, Body& body, Stream& stream, milliseconds patience,
                     Passage& passage) {
  const std::uint64_t before = passage.left;
  while (passage.left > 0) {
    PipePtr pipe;
    auto size = co_await body.read_into(pipe);
    if (!size) {
      passage.unread = std::move(size).error();
      break;
    }
    if (*size == 0) break;
    passage.sent += *size;
    auto written = co_await stream.write_from(pipe, *size, after(loop.now(), patience));
    if (!written) {
      passage.unwritten = std::move(written).error();
      break;
    }
    passage.left -= *size;
  }
  co_return passage.left < before;
}

Chunks frame_chunk(Coding coding, Chunk bytes) {
  if (coding != Coding::chunked) return Chunks(std::move(bytes));
  Chunk size = Chunk::with_room(20);
  const auto room = size.room();
  char* end = std::to_chars(room.data(), room.data() + 16, bytes.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  size.extend(static_cast<std::size_t>(end - room.data()));
  Chunks framed(std::move(size));
  framed.push_back(std::move(bytes));
  framed.push_back(Chunk::of_static("\r\n"));
  return framed;
}

Chunks end_of_chunks(const Headers* trailers) {
  if (trailers == nullptr || trailers->empty()) return Chunks(Chunk::of_static("0\r\n\r\n"));
  HeadWriter writer(small_head);
  writer << "0\r\n";
  writer.fields(*trailers);
  writer << "\r\n";
  return Chunks(writer.take());
}

HeadWriter& HeadWriter::operator<<(std::uint64_t number) {
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return *this << std::string_view(text, static_cast<std::size_t>(end - text));
}

void HeadWriter::fields(const Headers& headers) {
  // Lines that stand behind each other in memory, as those of a head that came do, are copied at
  // once.
  std::string_view run;
  for (const Headers::Field& entry : headers.fields()) {
    if (entry.wire) {
      const std::string_view line = entry.line();
      if (run.data() + run.size() == line.data()) {
        run = {run.data(), run.size() + line.size()};
        continue;
      }
      *this << run;
      run = line;
      continue;
    }
    *this << run << entry.name() << ": " << entry.value() << "\r\n";
    run = {};
  }
  *this << run;
}

void HeadWriter::grow(std::size_t size) {
  const Chunk written = take();
  take_room(Chunk::with_room(2 * (written.footprint() + size)));
  *this << written.text();
}

// NOLINTNEXTLINE(readability-function-size): a table
std::string_view reason_phrase(std::uint16_t status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    case 511:
      return "Network Authentication Required";
    default:
      return "";
  }
}

}  // namespace sluice::http::h1
