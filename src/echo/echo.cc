#include "echo/echo.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "http/uri.h"
#include "telemetry/json.h"

namespace sluice::echo {
namespace {

using http::HeaderId;
using telemetry::JsonText;
using telemetry::JsonWriter;

// What is shown of a request body; the rest is counted.
constexpr std::size_t shown_body_max = 64 * 1024;
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::uint64_t bytes_max = 1ULL << 32;
constexpr std::uint64_t delay_max = 600'000;
constexpr std::uint64_t pieces_max = 100'000;
constexpr milliseconds stream_interval{100};

/// The number behind `prefix`, which must be all the rest of the path.
std::optional<std::uint64_t> number_behind(std::string_view path, std::string_view prefix,
                                           std::uint64_t max) {
  if (!path.starts_with(prefix)) return std::nullopt;
  const std::string_view digits = path.substr(prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number > max)
    return std::nullopt;
  return number;
}

/// N bytes of a pattern that tells a lost or doubled piece.
class PatternBody final : public http::Body {
 public:
  explicit PatternBody(std::uint64_t size) : left_(size), size_(size) {}

  Task<Result<Chunk>> read() override {
    static const std::string pattern = [] {
      std::string text(piece_bytes, '\0');
      for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>('a' + i % 26);
      return text;
    }();
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(left_, pattern.size()));
    left_ -= piece;
    return Result<Chunk>(Chunk::of_static(pattern).slice(0, piece));
  }

  std::optional<std::uint64_t> length() const override { return size_; }

 private:
  std::uint64_t left_;
  std::uint64_t size_;
};

/// A line each tenth of a second: for streaming through proxies.
class LinesBody final : public http::Body {
 public:
  LinesBody(Loop& loop, std::uint64_t lines) : loop_(loop), lines_(lines) {}

  Task<Result<Chunk>> read() override {
    if (sent_ == lines_) co_return Chunk();
    if (sent_ > 0) co_await sleep_until(loop_, loop_.now() + stream_interval);
    co_return Chunk::copy_of("{\"line\":" + std::to_string(++sent_) + "}\n");
  }

 private:
  Loop& loop_;
  std::uint64_t lines_;
  std::uint64_t sent_ = 0;
};

std::string describe(const http::Request& request, const http::Client& client,
                     std::string_view body, std::uint64_t body_size) {
  JsonText text;
  JsonWriter json(text);
  json.begin_object();
  json.key("method").text(request.method);
  json.key("path").text(http::path_of(request.target));
  const std::string_view query = http::query_of(request.target);
  json.key("query").text(query.empty() ? query : query.substr(1));
  json.key("version").text(request.http_major == 2   ? "HTTP/2.0"
                           : request.http_minor == 0 ? "HTTP/1.0"
                                                     : "HTTP/1.1");
  json.key("host").text(request.authority);
  json.key("client").text(client.peer_text);
  json.key("headers").begin_object();
  const auto fields = request.headers.fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto same = [&](const auto& other) { return other.name() == fields[i].name(); };
    if (std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(i), same))
      continue;
    json.foreign_key(fields[i].name());
    const bool several = std::ranges::count_if(fields, same) > 1;
    if (several) json.begin_list();
    for (const auto& field : fields)
      if (same(field)) json.text(field.value());
    if (several) json.end_list();
  }
  json.end_object();
  json.key("body_size").number(static_cast<std::int64_t>(body_size));
  json.key("body").text(body);
  json.end_object();
  text << '\n';
  return text.text();
}

http::Response text_response(std::uint16_t status, std::string_view type, std::string_view text) {
  http::Response response;
  response.status = status;
  response.headers.set(HeaderId::content_type, type);
  response.headers.set(HeaderId::server, "sluice-echo");
  response.body = std::make_unique<http::TextBody>(Chunk::copy_of(text));
  return response;
}

}  // namespace

Task<Done> Echo::respond(http::Incoming& incoming, const http::ClientPtr& client) {
  auto request = incoming.take();
  if (!request) {
    const ErrorKind& kind = kind_of(request.error().code);
    co_await incoming.send(
        text_response(kind.status, "text/plain", std::string(kind.message) + "\n"));
    co_return Done{};
  }
  auto response = co_await answer(*std::move(request), *client);
  if (!response) {
    const ErrorKind& kind = kind_of(response.error().code);
    if (kind.status == 499) co_return Done{};
    response = text_response(kind.status, "text/plain", std::string(kind.message) + "\n");
  }
  co_await incoming.send(*std::move(response));
  co_return Done{};
}

http::ResponseTask Echo::answer(http::Request request, const http::Client& client) {
  if (request.protocol == "echo") {
    http::Response response;
    response.status = 101;
    response.protocol = "echo";
    response.body = std::move(request.body);
    co_return response;
  }
  const std::string_view path = http::path_of(request.target);
  if (const auto delay = number_behind(path, "/delay/", delay_max))
    co_await sleep_until(loop_, loop_.now() + milliseconds(*delay));

  std::string shown;
  std::uint64_t size = 0;
  while (request.body != nullptr) {
    auto chunk = co_await request.body->read();
    if (!chunk) co_return std::unexpected(std::move(chunk).error());
    if (chunk->empty()) break;
    size += chunk->size();
    shown += chunk->text().substr(0, shown_body_max - std::min(shown_body_max, shown.size()));
  }
  if (const auto bytes = number_behind(path, "/bytes/", bytes_max)) {
    http::Response response = text_response(200, "application/octet-stream", "");
    response.body = std::make_unique<PatternBody>(*bytes);
    co_return response;
  }
  if (const auto lines = number_behind(path, "/stream/", pieces_max)) {
    http::Response response = text_response(200, "application/x-ndjson", "");
    response.body = std::make_unique<LinesBody>(loop_, *lines);
    co_return response;
  }
  std::uint16_t status = 200;
  if (const auto wanted = number_behind(path, "/status/", 599); wanted && *wanted >= 200)
    status = static_cast<std::uint16_t>(*wanted);
  co_return text_response(status, "application/json", describe(request, client, shown, size));
}

}  // namespace sluice::echo
