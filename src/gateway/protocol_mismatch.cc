#include "gateway/protocol_mismatch.h"

#include <string>

#include "gateway/error_response.h"
#include "gateway/grpc.h"
#include "http/text.h"

namespace sluice {

using http::HeaderId;

bool came_by_https(const Exchange& exchange) noexcept {
  if (exchange.client->scheme == "https") return true;
  const http::Headers& headers = exchange.request.headers;
  if (!exchange.origin.trusted_peer || !headers.has(HeaderId::x_forwarded_proto)) return false;
  // Several lines: one of them may be the client's own, so that all of them have to say it.
  for (const http::Headers::Field& field : headers.fields())
    if (field.id == HeaderId::x_forwarded_proto && field.value() != "https") return false;
  return true;
}

namespace {

http::Response https_only(Exchange& exchange) {
  std::string_view host = exchange.origin.host;
  if (exchange.origin.trusted_peer)
    if (const auto told = exchange.request.headers.get(HeaderId::x_forwarded_host)) host = *told;
  const std::uint16_t status = exchange.route->https_redirect_status_code;
  // Without a host there is nowhere to send the client.
  if (status == 426 || host.empty()) {
    http::Response response = status_response(426, "Please use HTTPS protocol", exchange);
    response.protocol = "TLS/1.2, HTTP/1.1";
    return response;
  }
  const std::string_view target = exchange.request.target;
  http::Response response;
  response.status = status;
  response.headers.set(HeaderId::location, {"https://", host, target == "*" ? "/" : target});
  return response;
}

std::optional<http::Response> grpc_mismatch(Exchange& exchange) {
  const http::Request& request = exchange.request;
  // In Kong's order, and with its notion of a call: what only begins like gRPC's type passes.
  const auto type = request.headers.get(HeaderId::content_type);
  if (!type || !http::starts_ignoring_case(*type, "application/grpc"))
    return status_response(415, "Non-gRPC request matched gRPC route", exchange);
  if (request.http_major != 2) {
    http::Response response = status_response(426, "Please use HTTP2 protocol", exchange);
    response.protocol = "HTTP/2";
    return response;
  }
  if (exchange.route->http || came_by_https(exchange)) return std::nullopt;
  return grpc_refusal(1, "gRPC request matched gRPCs route");
}

}  // namespace

std::optional<http::Response> protocol_mismatch(Exchange& exchange) {
  const Route& route = *exchange.route;
  std::optional<http::Response> answer;
  if (route.grpc)
    answer = grpc_mismatch(exchange);
  else if (!route.http && !came_by_https(exchange))
    answer = https_only(exchange);
  if (answer) exchange.record.source = Source::plugin;
  return answer;
}

}  // namespace sluice
