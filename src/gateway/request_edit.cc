#include "gateway/request_edit.h"

#include <utility>

#include "http/whole_body.h"

namespace sluice {
namespace {

/// A body that was read before. With trailers it goes on as it came, without a length.
class HeldBody final : public http::Body {
 public:
  HeldBody(Chunk text, http::BodyPtr read)
      : text_(std::move(text)), length_(text_.size()), read_(std::move(read)) {}

  Task<Result<Chunk>> read() override { return Result<Chunk>(std::exchange(text_, Chunk())); }

  std::optional<std::uint64_t> length() const override {
    return trailers() == nullptr ? std::optional(length_) : std::nullopt;
  }

  const http::Headers* trailers() const override { return read_->trailers(); }

 private:
  Chunk text_;
  std::uint64_t length_;
  http::BodyPtr read_;
};

}  // namespace

void set_query(Exchange& exchange, std::string_view query) {
  exchange.query = exchange.request.headers.keep(query);
  exchange.has_query = !query.empty();
}

void set_body(Exchange& exchange, std::string_view body) {
  exchange.request.body = std::make_unique<http::TextBody>(Chunk::copy_of(body));
}

Task<Result<Chunk>> whole_body(Exchange& exchange, std::size_t limit) {
  http::Request& request = exchange.request;
  if (request.body == nullptr || !request.protocol.empty()) co_return Chunk();
  CO_TRY(Chunk whole, co_await http::read_whole(*request.body, limit));
  request.body = std::make_unique<HeldBody>(whole, std::move(request.body));
  co_return whole;
}

}  // namespace sluice
