#include "gateway/error_response.h"

#include <string>

#include "gateway/grpc.h"
#include "gateway/worker_state.h"
#include "http/text.h"
#include "telemetry/json.h"

namespace sluice {
namespace {

using http::HeaderId;

/// Quality values decide in theory; Kong takes the first type that it knows, and so do its clients
/// expect.
std::optional<ErrorFormat> format_named(std::string_view accept) {
  while (!accept.empty()) {
    const std::size_t comma = std::min(accept.find(','), accept.size());
    std::string_view type = accept.substr(0, comma);
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    type = http::trim(type.substr(0, type.find(';')));
    if (http::starts_ignoring_case(type, "application/grpc")) return ErrorFormat::none;
    if (http::equal_ignoring_case(type, "application/json")) return ErrorFormat::json;
    if (http::equal_ignoring_case(type, "text/html")) return ErrorFormat::html;
    if (http::equal_ignoring_case(type, "application/xml") ||
        http::equal_ignoring_case(type, "text/xml"))
      return ErrorFormat::xml;
    if (http::equal_ignoring_case(type, "text/plain")) return ErrorFormat::plain;
    if (type == "*/*" || http::equal_ignoring_case(type, "application/*")) return ErrorFormat::json;
  }
  return std::nullopt;
}

/// For markup: what a message may hold beside ordinary text.
std::string escaped_markup(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    switch (byte) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += byte;
    }
  }
  return result;
}

struct Rendered {
  std::string_view type;
  std::string body;
};

Rendered render(ErrorFormat format, std::string_view message, std::string_view request_id) {
  const std::string id(request_id);
  switch (format) {
    case ErrorFormat::json: {
      telemetry::JsonText body;
      body << "{\n  \"message\":";
      telemetry::JsonWriter(body).text(message);
      body << ",\n  \"request_id\":\"" << id << "\"\n}";
      return {"application/json; charset=utf-8", body.text()};
    }
    case ErrorFormat::xml:
      return {"application/xml; charset=utf-8",
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>" +
                  escaped_markup(message) + "</message>\n  <requestid>" + id +
                  "</requestid>\n</error>\n"};
    case ErrorFormat::html:
      return {"text/html; charset=utf-8",
              "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n"
              "    <title>Error</title>\n  </head>\n  <body>\n    <h1>Error</h1>\n    <p>" +
                  escaped_markup(message) + ".</p>\n    <p>request_id: " + id +
                  "</p>\n  </body>\n</html>\n"};
    default:
      return {"text/plain; charset=utf-8", std::string(message) + "\nrequest_id: " + id + "\n"};
  }
}

/// Kong answers these from its own code, whose default is JSON; the rest come from its core, whose
/// default is a setting.
bool defaults_to_json(ErrorCode code) {
  return code == ErrorCode::no_route || code == ErrorCode::no_service ||
         code == ErrorCode::no_target || code == ErrorCode::name_resolution_failed;
}

http::Response answer(std::uint16_t status, std::string_view message, const Exchange& exchange,
                      ErrorFormat fallback) {
  if (is_grpc(exchange.request)) return grpc_refusal(grpc_status(status), message);
  http::Response response;
  response.status = status;
  const auto accept = exchange.request.headers.get(HeaderId::accept);
  const ErrorFormat format = accept ? format_named(*accept).value_or(fallback) : fallback;
  if (format == ErrorFormat::none) return response;
  const auto [type, body] = render(format, message, exchange.record.request_id());
  response.headers.set(HeaderId::content_type, type);
  response.body = std::make_unique<http::TextBody>(Chunk::copy_of(body));
  return response;
}

}  // namespace

http::Response status_response(std::uint16_t status, std::string_view message,
                               const Exchange& exchange) {
  return answer(status, message, exchange, ErrorFormat::json);
}

http::Response error_response(const Error& error, const Exchange& exchange) {
  const ErrorKind& kind = kind_of(error.code);
  const ErrorFormat fallback =
      defaults_to_json(error.code) ? ErrorFormat::json : exchange.snapshot.settings().error_default;
  http::Response response = answer(kind.status, kind.message, exchange, fallback);
  // Who breaks the rules once is not listened to any further, also where the next request could be
  // found. Behind a refused CONNECT come bytes of a tunnel, not requests.
  if (error.code == ErrorCode::bad_request || error.code == ErrorCode::plain_http ||
      exchange.request.method == "CONNECT")
    response.ends_connection = true;
  if (error.code == ErrorCode::method_not_allowed)
    static_cast<void>(
        response.headers.set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
  return response;
}

}  // namespace sluice
