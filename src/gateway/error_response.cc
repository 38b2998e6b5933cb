#include "gateway/error_response.h"

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/grpc.h"
#include "gateway/worker_state.h"
#include "http/text.h"
#include "telemetry/json.h"

namespace sluice {
namespace {

using http::HeaderId;

constexpr std::string_view grpc_type = "application/grpc";

/// The form that stands for a media type; JSON for those without one.
ErrorFormat format_of_type(std::string_view type) {
  struct Known {
    std::string_view type;
    ErrorFormat format;
  };

  static constexpr Known known[] = {
      {"text/html", ErrorFormat::html}, {"application/xml", ErrorFormat::xml},
      {"text/xml", ErrorFormat::xml},   {"text/plain", ErrorFormat::plain},
      {"text/*", ErrorFormat::plain},
  };
  if (http::starts_ignoring_case(type, grpc_type)) return ErrorFormat::none;
  for (const Known& each : known)
    if (http::equal_ignoring_case(type, each.type)) return each.format;
  return ErrorFormat::json;
}

/// `q=` of a media range in thousandths; 1000 where it is missing or malformed.
unsigned quality_of(std::string_view parameters) {
  constexpr unsigned whole = 1000;
  while (!parameters.empty()) {
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = http::trim(parameters.substr(0, end));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
    if (!http::starts_ignoring_case(parameter, "q=")) continue;
    const std::string_view value = parameter.substr(2);
    if (!value.starts_with('0') || (value.size() > 1 && value[1] != '.')) return whole;
    unsigned quality = 0;
    unsigned weight = 100;
    for (const char digit : value.substr(std::min<std::size_t>(2, value.size()))) {
      if (digit < '0' || digit > '9' || weight == 0) return whole;
      quality += static_cast<unsigned>(digit - '0') * weight;
      weight /= 10;
    }
    return quality;
  }
  return whole;
}

/// The best form over all lines of Accept: the first one of the highest quality, as Kong chooses.
class BestFormat {
 public:
  void look_at(std::string_view accept) {
    while (!accept.empty()) {
      const std::size_t comma = std::min(accept.find(','), accept.size());
      const std::string_view range = accept.substr(0, comma);
      accept.remove_prefix(std::min(comma + 1, accept.size()));
      const std::size_t mark = std::min(range.find(';'), range.size());
      const std::string_view type = http::trim(range.substr(0, mark));
      if (!type.contains('/')) continue;
      const unsigned quality = quality_of(range.substr(std::min(mark + 1, range.size())));
      if (quality <= quality_) continue;
      quality_ = quality;
      format_ = format_of_type(type);
    }
  }

  ErrorFormat format() const noexcept { return format_; }

 private:
  ErrorFormat format_ = ErrorFormat::json;
  unsigned quality_ = 0;
};

/// What the client wants to read; `fallback` where it says nothing. The gateway's core also looks
/// at what the request itself is made of.
ErrorFormat format_for(const http::Headers& headers, ErrorFormat fallback, bool by_core) {
  if (headers.has(HeaderId::accept)) {
    BestFormat best;
    for (const http::Headers::Field& field : headers.fields())
      if (field.id == HeaderId::accept) best.look_at(field.value());
    return best.format();
  }
  const auto type = headers.get(HeaderId::content_type);
  if (!type) return fallback;
  const ErrorFormat format = format_of_type(http::trim(type->substr(0, type->find(';'))));
  return by_core || format == ErrorFormat::none ? format : fallback;
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

/// What the handshake decided does not change: a client of HTTP/1.1 is to come again.
bool needs_other_connection(ErrorCode code) {
  return code == ErrorCode::client_certificate_invalid || code == ErrorCode::misdirected_request;
}

http::Response answer(std::uint16_t status, std::string_view message, const Exchange& exchange,
                      ErrorFormat fallback, bool by_core) {
  const bool calls = reads_grpc(exchange);
  const ErrorFormat format = format_for(exchange.request.headers, fallback, by_core);
  if (calls || format == ErrorFormat::none) {
    http::Response refusal = grpc_refusal(grpc_status(status), message);
    // Over HTTP/1.1 there is no call of gRPC; who only speaks of it gets Kong's answer.
    if (!calls) refusal.status = status;
    return refusal;
  }
  http::Response response;
  response.status = status;
  const auto [type, body] = render(format, message, exchange.record.request_id());
  response.headers.set(HeaderId::content_type, type);
  response.body = std::make_unique<http::TextBody>(Chunk::copy_of(body));
  return response;
}

}  // namespace

bool reads_grpc(const Exchange& exchange) {
  return is_grpc(exchange.request) || exchange.incoming.was_grpc_call();
}

http::Response status_response(std::uint16_t status, std::string_view message,
                               const Exchange& exchange) {
  return answer(status, message, exchange, ErrorFormat::json, false);
}

http::Response error_response(const Error& error, const Exchange& exchange) {
  const ErrorKind& kind = kind_of(error.code);
  const bool by_core = !defaults_to_json(error.code);
  const ErrorFormat fallback =
      by_core ? exchange.snapshot.settings().error_default : ErrorFormat::json;
  http::Response response = answer(kind.status, kind.message, exchange, fallback, by_core);
  // Who breaks the rules once is not listened to any further, also where the next request could be
  // found. Behind a refused CONNECT come bytes of a tunnel, not requests.
  if (error.code == ErrorCode::bad_request || error.code == ErrorCode::plain_http ||
      exchange.request.method == "CONNECT" || needs_other_connection(error.code))
    response.ends_connection = true;
  if (error.code == ErrorCode::method_not_allowed)
    static_cast<void>(
        response.headers.set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
  return response;
}

}  // namespace sluice
