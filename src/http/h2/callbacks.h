#pragma once
// What nghttp2 tells a session. Every function stores and wakes; none submits or ends a frame.

#include <nghttp2/nghttp2.h>

#include "http/h2/session.h"

namespace sluice::http::h2 {

struct SessionCallbacks {
  /// Made once a process.
  static const nghttp2_session_callbacks* all();
  /// Made once a process.
  static const nghttp2_option* options();
  /// Where the data of a stream comes from.
  static nghttp2_data_provider data_of(StreamState& state);

 private:
  static StreamState* state_of(nghttp2_session* ng, std::int32_t id);
  static int on_begin_headers(nghttp2_session* ng, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session* ng, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* user);
  static int on_frame_received(nghttp2_session* ng, const nghttp2_frame* frame, void* user);
  static void on_headers(Session& session, StreamState& state, const nghttp2_frame& frame);
  static int on_data(nghttp2_session* ng, std::uint8_t flags, std::int32_t id,
                     const std::uint8_t* data, std::size_t size, void* user);
  static int on_invalid_frame(nghttp2_session* ng, const nghttp2_frame* frame, int error,
                              void* user);
  static int on_frame_sent(nghttp2_session* ng, const nghttp2_frame* frame, void* user);
  static int on_stream_close(nghttp2_session* ng, std::int32_t id, std::uint32_t error_code,
                             void* user);
  static ssize_t read_data(nghttp2_session* ng, std::int32_t id, std::uint8_t* buffer,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                           void* user);
  static int send_data(nghttp2_session* ng, nghttp2_frame* frame, const std::uint8_t* head,
                       std::size_t size, nghttp2_data_source* source, void* user);
};

}  // namespace sluice::http::h2
