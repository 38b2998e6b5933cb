#pragma once
// Answers that plugins make themselves, in Kong's two forms. For calls of gRPC all of them are its
// status and message.

#include <string_view>

#include "gateway/exchange.h"

namespace sluice {

/// kong.response.error: the body's format follows the request's Accept, and names the request.
Result<http::Response> error_answer(Exchange& exchange, std::uint16_t status,
                                    std::string_view message);

/// kong.response.exit with a table: {"message":"..."}.
Result<http::Response> message_answer(Exchange& exchange, std::uint16_t status,
                                      std::string_view message);

/// kong.response.exit with a text; without Content-Type where `content_type` is empty. An Error
/// where it cannot stand in a field.
Result<http::Response> text_answer(Exchange& exchange, std::uint16_t status,
                                   std::string_view content_type, std::string_view body);

}  // namespace sluice
