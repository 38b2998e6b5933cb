#include "gateway/client_connection.h"

#include "base/log.h"
#include "gateway/forward.h"
#include "gateway/proxy_protocol.h"
#include "http/h2/server.h"

namespace sluice {
namespace {

// The first byte of a TLS record that holds a ClientHello (RFC 8446 §5.1).
constexpr char handshake_record = 0x16;
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// A ClientHello, or a small request.
constexpr std::size_t first_bytes = 4096;

/// Takes the PROXY header off: from then on the client is who it names. Null when there is none:
/// a balancer that says nothing would make all clients one.
Task<StreamPtr> read_proxy_header(WorkerState& worker, StreamPtr stream,
                                  const ListenerOptions& options, ListenerClient& client) {
  const TimePoint deadline = after(worker.loop.now(), options.handshake_timeout);
  Chunk seen = Chunk::with_room(first_bytes);
  for (;;) {
    auto bytes = co_await stream->read(first_bytes, deadline);
    if (!bytes || bytes->empty()) co_return nullptr;
    if (seen.room().size() < bytes->size()) {
      Chunk larger = Chunk::with_room(seen.size() + bytes->size());
      larger.append(seen.text());
      seen = std::move(larger);
    }
    seen.append(bytes->text());
    const auto header = parse_proxy_header(seen.text());
    if (!header) {
      log::warn("from " + client.peer_text + ": " + header.error().detail.text());
      co_return nullptr;
    }
    if (!*header) continue;
    if ((*header)->source) {
      client.peer = *(*header)->source;
      client.peer_text = client.peer.ip_text();
      client.local = std::make_shared<const Address>(*(*header)->destination);
    }
    seen.remove_prefix((*header)->size);
    if (!seen.empty()) stream->unread(std::move(seen));
    co_return stream;
  }
}

/// What comes of a connection to a TLS listener: the stream for HTTP, or null when there is none.
Task<StreamPtr> secure(WorkerState& worker, StreamPtr lower, const ListenerOptions& options,
                       ListenerClient& client) {
  const TimePoint deadline = after(worker.loop.now(), options.handshake_timeout);
  auto first = co_await lower->read(first_bytes, deadline);
  if (!first || first->empty()) co_return nullptr;
  const bool speaks_tls = first->text().front() == handshake_record;
  lower->unread(*std::move(first));
  if (!speaks_tls) {
    // HTTP without TLS is told so; everything else is no HTTP either, and gets the same sentence.
    client.expects_tls = true;
    co_return lower;
  }
  auto stream = worker.tls.accept(std::move(lower), *options.tls,
                                  worker.pin->snapshot->client_verifications(client.listener));
  auto shaken = co_await stream->shake(deadline);
  if (!shaken) {
    client.life->metrics.tls_handshakes_failed.add();
    log::debug("TLS with " + client.peer_text + ": " + shaken.error().detail.text());
    co_return nullptr;
  }
  client.life->metrics.tls_handshakes.add();
  if (stream->resumed()) client.life->metrics.tls_handshakes_resumed.add();
  client.scheme = "https";
  const auto handshake = tls::ServerContext::take_handshake(*stream);
  client.handshake = std::make_unique<http::ClientTls>(
      http::ClientTls{.sni = *handshake->server_name,
                      .version = stream->version(),
                      .cipher = stream->cipher(),
                      .verification = handshake->verification,
                      .certificate_problem = handshake->problem,
                      .certificate_verified = handshake->verified});
  client.http2 = stream->alpn() == "h2";
  co_return stream;
}

/// Whether a connection without TLS begins with HTTP/2's preface (RFC 9113 §3.3), which no request
/// of HTTP/1.1 begins with. Null when the client left.
Task<StreamPtr> sniff(WorkerState& worker, StreamPtr stream, const ListenerOptions& options,
                      ListenerClient& client) {
  const TimePoint deadline = after(worker.loop.now(), options.handshake_timeout);
  Chunk seen;
  while (seen.size() < preface.size() && preface.starts_with(seen.text())) {
    auto bytes = co_await stream->read(request_bytes, deadline);
    if (!bytes || bytes->empty()) co_return nullptr;
    if (seen.empty()) {
      seen = *std::move(bytes);
      continue;
    }
    Chunk joined = Chunk::with_room(seen.size() + bytes->size());
    joined.append(seen.text());
    joined.append(bytes->text());
    seen = std::move(joined);
  }
  client.http2 = seen.text().starts_with(preface);
  stream->unread(std::move(seen));
  co_return stream;
}

/// Everything before HTTP: null where nothing comes of it.
Task<StreamPtr> begin(WorkerState& worker, StreamPtr stream, ListenerOptions options,
                      ListenerClient& client) {
  Event& closing = client.life->closing;
  if (options.proxy_protocol && is_trusted(worker.pin->snapshot->settings(), client.peer)) {
    auto read =
        co_await Until(read_proxy_header(worker, std::move(stream), options, client), closing);
    if (!read || *read == nullptr) co_return nullptr;
    stream = *std::move(read);
  }
  if (!options.tls && !options.h2c) co_return stream;
  auto ready = co_await Until(options.tls ? secure(worker, std::move(stream), options, client)
                                          : sniff(worker, std::move(stream), options, client),
                              closing);
  co_return ready ? *std::move(ready) : nullptr;
}

}  // namespace

ListenerClient::ListenerClient(std::shared_ptr<ListenerLife> its_listener)
    : life(std::move(its_listener)) {
  listener = life->address;
  life->metrics.connections_accepted.add();
  life->metrics.connections_active.add();
}

ListenerClient::~ListenerClient() {
  life->metrics.connections_active.subtract();
}

Task<Task<Done>> serve_client(WorkerState& worker, http::Handler& handler, StreamPtr stream,
                              ListenerOptions options, std::shared_ptr<ListenerClient> client) {
  stream = co_await begin(worker, std::move(stream), options, *client);
  if (stream == nullptr) co_return Done{};
  const auto serve = client->http2 ? http::h2::serve : http::serve;
  Event& closing = client->life->closing;
  co_return serve(worker.loop, std::move(stream), worker.server, handler, std::move(client),
                  closing);
}

}  // namespace sluice
