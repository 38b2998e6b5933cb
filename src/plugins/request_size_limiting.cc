// request-size-limiting: bodies up to a size (kong.md §7).

#include <array>
#include <cstdint>
#include <utility>

#include "gateway/answers.h"
#include "gateway/plugin_type.h"
#include "gateway/request_edit.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

enum class SizeUnit : std::uint8_t { megabytes, kilobytes, bytes };

constexpr auto names_of(SizeUnit) {
  return std::to_array<std::string_view>({"megabytes", "kilobytes", "bytes"});
}

struct RequestSizeLimitingConfig {
  std::int64_t allowed_payload_size = 128;
  SizeUnit size_unit = SizeUnit::megabytes;
  bool require_content_length = false;

  static constexpr std::string_view type_name = "request-size-limiting";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("allowed_payload_size", &RequestSizeLimitingConfig::allowed_payload_size,
                 between(0, 1'000'000'000'000), "The largest body, in `size_unit`."),
        optional("size_unit", &RequestSizeLimitingConfig::size_unit,
                 "A megabyte is 1048576 bytes, a kilobyte 1024."),
        optional("require_content_length", &RequestSizeLimitingConfig::require_content_length,
                 "Refuse requests without Content-Length, also those without a body."),
    };
  }
};

constexpr std::string_view too_large = "Request size limit exceeded";

/// Whether a body that says nothing about its size went over the limit.
struct Overrun {
  bool happened = false;
};

/// A body of unknown size that ends with an Error at its first byte too many.
class LimitedBody final : public http::Body {
 public:
  LimitedBody(http::BodyPtr inner, std::uint64_t limit, Overrun& overrun)
      : inner_(std::move(inner)), left_(limit), overrun_(overrun) {}

  Task<Result<Chunk>> read() override {
    CO_TRY(Chunk chunk, co_await inner_->read());
    if (chunk.size() > left_) {
      overrun_.happened = true;
      co_return fail(ErrorCode::payload_too_large, "request-size-limiting");
    }
    left_ -= chunk.size();
    co_return chunk;
  }

  const http::Headers* trailers() const override { return inner_->trailers(); }

 private:
  http::BodyPtr inner_;
  std::uint64_t left_;
  Overrun& overrun_;  ///< a note of the exchange, which outlives its request's body
};

class RequestSizeLimiting final : public Plugin {
 public:
  using Config = RequestSizeLimitingConfig;

  RequestSizeLimiting(Config config, const PluginDeps&)
      : limit_(static_cast<std::uint64_t>(config.allowed_payload_size) << shift(config.size_unit)),
        requires_length_(config.require_content_length) {}

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    const http::Request& request = exchange.request;
    const auto length = request.body == nullptr ? std::nullopt : request.body->length();
    if (length) {
      if (*length <= limit_) return next(exchange);
      return error_answer(exchange, request.expects_continue ? 417 : 413, too_large);
    }
    if (requires_length_)
      return error_answer(exchange, 411, "A valid Content-Length header is required");
    if (request.body == nullptr || !request.protocol.empty()) return next(exchange);
    return handle_unknown_size(exchange, next);
  }

 private:
  static constexpr unsigned shift(SizeUnit unit) {
    return unit == SizeUnit::megabytes ? 20 : unit == SizeUnit::kilobytes ? 10 : 0;
  }

  /// Kong reads all of it before the upstream hears of the request. So it is here for small limits;
  /// a large body flows, and the upstream sees it end too early.
  http::ResponseTask handle_unknown_size(Exchange& exchange, Next next) const {
    constexpr std::uint64_t read_ahead_max = 1024 * 1024;
    if (limit_ <= read_ahead_max) {
      const auto whole = co_await whole_body(exchange, limit_);
      if (whole) co_return co_await next(exchange);
      if (whole.error().code != ErrorCode::payload_too_large)
        co_return std::unexpected(whole.error());
      co_return error_answer(exchange, 413, too_large);
    }
    auto& overrun = exchange.note<Overrun>(*this);
    exchange.request.body =
        std::make_unique<LimitedBody>(std::move(exchange.request.body), limit_, overrun);
    auto response = co_await next(exchange);
    if (!response && overrun.happened) co_return error_answer(exchange, 413, too_large);
    co_return response;
  }

  const std::uint64_t limit_;
  const bool requires_length_;
};

}  // namespace

constinit const PluginType request_size_limiting = plugin_type<RequestSizeLimiting>(
    "request-size-limiting", 951, {.scopes = config::not_for_groups},
    "Refuses requests with too large a body.");

}  // namespace sluice::plugins
