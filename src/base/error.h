#pragma once
// What can go wrong, as codes that are a contract: metric label, log field and documentation page
// use the same name.

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// In the order of the table in error.cc, which gives each its name, status, fault and meaning.
enum class ErrorCode : std::uint8_t {
  bad_request,
  plain_http,
  uri_too_long,
  header_too_large,
  payload_too_large,
  length_required,
  expectation_failed,
  transfer_encoding_unknown,
  version_not_supported,
  method_not_allowed,
  client_certificate_invalid,
  misdirected_request,
  request_timeout,
  client_gone,
  no_route,
  no_service,
  name_resolution_failed,
  no_target,
  connect_failed,
  connect_timeout,
  tls_failed,
  upstream_write_timeout,
  upstream_read_timeout,
  upstream_closed,
  invalid_response,
  upgrade_refused,
  deadline_exceeded,
  overloaded,
  invalid_header,
  closed,
  timed_out,
  io_failed,
  invalid_configuration,
  internal,
  count_,
};

enum class Fault : std::uint8_t { client, upstream, gateway };

struct ErrorKind {
  ErrorCode code;
  std::string_view name;  ///< stable, snake_case: metrics, logs, documentation
  std::uint16_t status;   ///< HTTP status of the answer; 499 = the client left, nothing is sent
  Fault fault;
  bool retry_may_help;       ///< another attempt of the same request may succeed
  std::string_view message;  ///< what the client reads (Kong's wording where Kong has one)
  std::string_view meaning;  ///< one sentence for the reference
};

const ErrorKind& kind_of(ErrorCode code) noexcept;

/// A sentence for logs; never holds a credential. Behind a pointer: results travel through every
/// frame of a request, and nearly none of them is an error.
class Detail {
 public:
  Detail() noexcept = default;

  Detail(std::string text)
      : text_(text.empty() ? nullptr : std::make_unique<std::string>(std::move(text))) {}

  Detail(const char* text) : Detail(std::string(text)) {}

  Detail(const Detail& other) : Detail(other.text()) {}

  Detail(Detail&&) noexcept = default;

  Detail& operator=(Detail other) noexcept {
    text_ = std::move(other.text_);
    return *this;
  }

  ~Detail() = default;

  bool empty() const noexcept { return text_ == nullptr; }

  std::string text() const { return empty() ? std::string() : *text_; }

 private:
  std::unique_ptr<std::string> text_;
};

/// A failure to do the job.
struct Error {
  ErrorCode code = ErrorCode::internal;
  Detail detail;
};

template <class T>
using Result = std::expected<T, Error>;

/// Success without a value: Result<Done>, Task<Done>.
struct Done {};

inline std::unexpected<Error> fail(ErrorCode code, Detail detail = {}) {
  return std::unexpected(Error{code, std::move(detail)});
}

}  // namespace sluice

/// Binds `name` to the value of a Result, or returns its Error: TRY(auto port, parse_port(text));
#define SLUICE_TRY_JOIN2(a, b) a##b
#define SLUICE_TRY_JOIN(a, b) SLUICE_TRY_JOIN2(a, b)
#define SLUICE_TRY_AS(result, name, return_, ...)       \
  auto result = __VA_ARGS__;                            \
  if (!result) [[unlikely]]                             \
    return_ std::unexpected(std::move(result).error()); \
  name = *std::move(result)
#define TRY(name, ...) SLUICE_TRY_AS(SLUICE_TRY_JOIN(try_, __LINE__), name, return, __VA_ARGS__)
#define CO_TRY(name, ...) \
  SLUICE_TRY_AS(SLUICE_TRY_JOIN(try_, __LINE__), name, co_return, __VA_ARGS__)
