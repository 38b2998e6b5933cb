#include "gateway/answers.h"

#include "gateway/error_response.h"
#include "gateway/grpc.h"
#include "http/json_object.h"

namespace sluice {

Result<http::Response> error_answer(Exchange& exchange, std::uint16_t status,
                                    std::string_view message) {
  exchange.record.source = Source::plugin;
  return status_response(status, message, exchange);
}

Result<http::Response> message_answer(Exchange& exchange, std::uint16_t status,
                                      std::string_view message) {
  exchange.record.source = Source::plugin;
  if (reads_grpc(exchange)) return grpc_refusal(grpc_status(status), message);
  http::Response response;
  response.status = status;
  response.headers.set(http::HeaderId::content_type, "application/json; charset=utf-8");
  response.body = std::make_unique<http::TextBody>(
      Chunk::copy_of("{\"message\":" + http::json_string(message) + "}"));
  return response;
}

Result<http::Response> text_answer(Exchange& exchange, std::uint16_t status,
                                   std::string_view content_type, std::string_view body) {
  exchange.record.source = Source::plugin;
  if (reads_grpc(exchange)) {
    constexpr std::size_t message_bytes_max = 1024;  // a field, which clients bound too
    return grpc_refusal(grpc_status(status), body.substr(0, message_bytes_max));
  }
  http::Response response;
  response.status = status;
  if (!content_type.empty()) {
    TRY(Done set, response.headers.set("Content-Type", content_type));
    static_cast<void>(set);
  }
  response.body = std::make_unique<http::TextBody>(Chunk::copy_of(body));
  return response;
}

}  // namespace sluice
