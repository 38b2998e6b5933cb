// Instructions for one head: callgrind over many, divided by their number. What runs is named by
// the first argument (scan, request, response, both, none, path), how often by the second.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "http/h1/head.h"
#include "http/uri.h"

namespace {

constexpr std::string_view request =
    "GET /api/v1/orders/4711/items?limit=20 HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef0123\r\n\r\n";
constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Tue, 15 Nov 2024 08:12:31 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 1024\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"\r\n"
    "Cache-Control: private, max-age=0, must-revalidate\r\n"
    "X-Request-Trace: 4bf92f3577b34da6a3ce929d0e0e4736\r\n\r\n";

}  // namespace

int main(int count, char** arguments) {
  using namespace sluice::http;
  const std::string_view what = count > 1 ? arguments[1] : "both";
  long rounds = 10'000;
  if (count > 2) std::from_chars(arguments[2], arguments[2] + std::strlen(arguments[2]), rounds);
  std::printf("request %zu bytes, response %zu bytes\n", request.size(), response.size());
  const h1::Limits limits;
  std::size_t seen = 0;
  for (long i = 0; i < rounds; ++i) {
    if (what == "scan") {
      h1::HeadScanner scanner;
      seen += *scanner.scan(request, limits);
    }
    if (what == "request" || what == "both") {
      h1::HeadScanner scanner;
      const auto head =
          h1::parse_request(request.substr(0, *scanner.scan(request, limits)), limits);
      seen += head->headers.fields().size();
    }
    if (what == "response" || what == "both") {
      h1::HeadScanner scanner;
      const auto head =
          h1::parse_response(response.substr(0, *scanner.scan(response, limits)), "GET", limits);
      seen += head->headers.fields().size();
    }
    if (what == "path") {
      Headers keeper;
      seen += escape_path(*normalize_path("/api/v1/orders/4711/items", keeper), keeper).size();
    }
  }
  std::printf("%zu\n", seen);
}
