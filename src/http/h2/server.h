#pragma once
// Serves HTTP/2 on a stream: every request is an exchange of its own, many at once.

#include "http/server.h"

namespace sluice::http::h2 {

/// As http::serve(); the stream begins with the client's preface (RFC 9113 §3.4).
Task<Done> serve(Loop& loop, StreamPtr stream, const ServerSettings& settings, Handler& handler,
                 ClientPtr client, Event& closing);

}  // namespace sluice::http::h2
