#include "gateway/request_edit.h"

#include "http/whole_body.h"

namespace sluice {

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
  request.body = std::make_unique<http::TextBody>(whole);
  co_return whole;
}

}  // namespace sluice
