#pragma once
// Field lists of HTTP/2 as heads of HTTP/1.1: one parser, and so one set of rules, decides for
// both. Pure: no sockets, no clocks.

#include <string>
#include <string_view>

#include "http/h1/connection.h"
#include "http/h1/head.h"

namespace sluice::http::h2 {

/// Collects one header or trailer section as HPACK decodes it. What it holds is bounded by
/// `limits`, counted in decoded bytes: an index of one byte that stands for four thousand costs
/// four thousand.
class HeadText {
 public:
  /// A field, pseudo fields first (RFC 9113 §8.3). After an error, and beyond the limits, nothing
  /// is kept.
  void add(std::string_view name, std::string_view value, const h1::Limits& limits);

  /// A request's head. `protocol` of an extended CONNECT (RFC 8441 §4) is in upgrade, with method
  /// GET: what HTTP/1.1 calls it. Each Error has the status of the refusal.
  Result<h1::RequestHead> request(const h1::Limits& limits);
  /// All Errors are invalid_response.
  Result<h1::ResponseHead> response(std::string_view method, const h1::Limits& limits);
  /// Fields that may be trailers; the others are dropped (RFC 9110 §6.5.1).
  Headers trailers();

  /// TE: trailers, which is all that it may say (RFC 9113 §8.2.2).
  bool accepts_trailers() const noexcept { return accepts_trailers_; }

  bool expects_continue() const noexcept { return expects_continue_; }

  /// Larger than the limits allow; what is added is counted, and dropped.
  bool is_too_large() const noexcept { return too_large_; }

  /// A response's head that another one follows.
  bool is_informational() const noexcept { return status_.starts_with('1'); }

  /// Has :protocol (RFC 8441 §4), whatever it names.
  bool is_extended_connect() const noexcept { return !protocol_.empty(); }

  /// Whether its content type is gRPC's; also of a head that is refused.
  bool is_grpc_call() const noexcept { return is_grpc_call_; }

  /// Of a request, for the log; as it came.
  std::string_view path() const noexcept { return path_; }

 private:
  void refuse(const char* why, ErrorCode code = ErrorCode::bad_request) noexcept;
  void add_pseudo(std::string_view name, std::string_view value);
  void add_cookie(std::string_view value);
  Chunk compose(std::string_view first_line);
  Result<std::string_view> request_target() const;

  Headers keeper_;  ///< of the texts below
  h1::HeadWriter fields_{512 - 64};
  std::string_view method_;
  std::string_view scheme_;
  std::string_view authority_;
  std::string_view path_;
  std::string_view protocol_;
  std::string_view status_;
  std::string_view host_;
  std::string cookie_;
  const char* why_ = nullptr;  ///< the first thing wrong
  ErrorCode code_ = ErrorCode::bad_request;
  std::size_t bytes_ = 0;
  std::uint32_t count_ = 0;
  bool too_large_ = false;
  bool has_host_ = false;
  bool has_cookie_ = false;
  bool has_length_ = false;
  bool regular_ = false;  ///< a field that is no pseudo field was seen
  bool accepts_trailers_ = false;
  bool expects_continue_ = false;
  bool is_grpc_call_ = false;
};

}  // namespace sluice::http::h2
