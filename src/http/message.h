#pragma once
// Requests, responses and bodies: where every protocol, on either side, meets. A plugin never knows
// which one it is.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/chunk.h"
#include "base/memory.h"
#include "base/time.h"
#include "http/headers.h"
#include "runtime/address.h"
#include "runtime/op.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

namespace sluice::tls {
struct ClientVerification;
}

namespace sluice::http {

/// Pulled: nobody reads, nothing flows. Owns all that feeds it (lease, request pump, child
/// exchange). Destroyed before the end: a response's sender is cancelled; a request's only stops,
/// the answer still leaves. A null BodyPtr is no body and nothing left to own: a response that
/// ended with its head while the upload runs has a body that reads empty.
class Body {
 public:
  virtual ~Body() = default;
  /// Empty at the end and only there: transforms loop. Destroying the Task loses no byte (C6).
  virtual Task<Result<Chunk>> read() = 0;

  /// Where the next bytes of a tunnel may be waited for without the frames of a read: after the
  /// wait read() is to be asked.
  struct Arrival {
    WaitList* list = nullptr;  ///< null when read() is to be asked at once
    TimePoint until = never;
    Event* broken = nullptr;  ///< ends the wait too, unless null

    /// After a wait that nothing ended: whether there is more time to wait, since bytes moved.
    bool extend(Body& body, Relay& relay) {
      const TimePoint before = std::exchange(*this, body.arrival(relay)).until;
      return until > before;
    }
  };

  /// What comes meanwhile may go through `relay`.
  virtual Arrival arrival(Relay&) { return {}; }

  /// As read(), but the bytes stay in the kernel, in a pipe: how many they are. 0 when read() must
  /// be asked. Only a body that comes as it is from a socket can; whoever changes or looks at bytes
  /// does not offer it.
  virtual Task<Result<std::size_t>> read_into(PipePtr&) { return Result<std::size_t>(0); }

  /// Whether read_into() has a chance now.
  virtual bool can_read_into() const { return false; }

  /// The only source of framing. A body that delivers another size than this is an error.
  virtual std::optional<std::uint64_t> length() const { return std::nullopt; }

  /// After the end; null when there are none. Transforms pass the inner body's on.
  virtual const Headers* trailers() const { return nullptr; }
};

using BodyPtr = std::unique_ptr<Body>;

/// A text as a body: error answers, fixed answers.
class TextBody final : public Body, public memory::Pooled {
 public:
  explicit TextBody(Chunk text) : text_(std::move(text)), length_(text_.size()) {}

  Task<Result<Chunk>> read() override { return Result<Chunk>(std::exchange(text_, Chunk())); }

  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  Chunk text_;
  std::uint64_t length_;
};

struct Request {
  // The texts are kept by headers, or static.
  std::string_view method;
  std::string_view scheme;  ///< "http" or "https"
  std::string_view
      authority;  ///< host[:port] as the client named it; "" for an HTTP/1.0 request without Host
  std::string_view target;    ///< origin-form: path?query, or "*"
  std::string_view protocol;  ///< of an upgrade that is asked for; once accepted, the bodies are
                              ///< the tunnel's two ways
  Headers headers;
  bool accepts_trailers = false;  ///< TE: trailers
  bool expects_continue = false;  ///< the client waits for 100 Continue before it sends its body
  std::uint8_t http_major = 1;
  std::uint8_t http_minor = 1;  ///< 0 for an HTTP/1.0 message, and for HTTP/2
  BodyPtr body;  ///< HTTP/1: the first read sends 100 Continue; tunnel: no byte before acceptance
};

struct Response {
  std::uint16_t status = 200;
  std::string_view protocol;  ///< with status 101: what both sides speak from now on
  Headers headers;
  BodyPtr body;
  bool ends_connection = false;  ///< the client's connection closes behind it
};

using ResponseTask = Task<Result<Response>>;

/// What the TLS handshake told of a client.
struct ClientTls {
  std::string sni;  ///< lower case; "" where the client named none
  std::string_view version;
  std::string_view cipher;
  /// What the handshake asked of the client; null: nothing.
  std::shared_ptr<const tls::ClientVerification> verification;
  std::string_view certificate_problem;  ///< why the client's certificate is not good; static text
  bool certificate_verified = false;     ///< the client has shown a good one
};

/// Of a connection without TLS.
inline const ClientTls no_tls;

/// What is known of a client's connection. Shared: logs and mirrors outlive the connection.
struct Client {
  Address peer;
  std::shared_ptr<const Address> local;  ///< the listener's
  std::string peer_text;                 ///< the peer's address without port
  std::uint64_t number = 0;              ///< of the connection, in its worker
  std::string_view scheme = "http";
  std::string_view listener;  ///< its address in the configuration; "" for none
  /// Null without TLS: few bytes for a plain connection that idles.
  std::unique_ptr<const ClientTls> handshake;
  bool http2 = false;
  bool expects_tls = false;  ///< the listener does, and the client spoke without
  /// Where its connection waits between requests, and is ended when the worker needs the place;
  /// null: nowhere. Outlives the connection.
  WaitList* idle = nullptr;

  const ClientTls& tls() const noexcept { return handshake ? *handshake : no_tls; }
};

using ClientPtr = std::shared_ptr<const Client>;

/// Bytes of one exchange on the client's side, heads included.
struct Traffic {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};

/// One exchange as the protocol sees it: HTTP/1 hands over one after another, HTTP/2 many at once,
/// tests directly. Destroyed before take() = refused; before send() ended = aborted.
class Incoming {
 public:
  virtual ~Incoming() = default;
  /// Once. Malformed heads come too, as an Error, to be answered, counted and logged.
  virtual Result<Request> take() = 0;
  /// A 1xx. False over the limit, or where the protocol has none.
  virtual bool inform(const Response& head) = 0;
  /// Also while the request body still flows; its frame is the pump. Ends when the last byte is the
  /// stream's, or cannot leave; the body is destroyed at its own end, and with it an upload still
  /// running.
  virtual Task<Result<Done>> send(Response response) = 0;
  virtual Traffic traffic() const = 0;
  /// When the first byte of the request was seen.
  virtual TimePoint received_at() const = 0;
  /// What came of a malformed head's request line, for the log; cut, may hold any byte.
  virtual std::string_view raw_line() const = 0;

  /// Bytes of an answer that are to be read in one piece: a connection that carries many exchanges
  /// has less for each.
  virtual std::size_t piece_max() const { return read_bytes_max; }

  /// Whether a malformed head was that of a call of gRPC.
  virtual bool was_grpc_call() const { return false; }
};

/// Who answers requests. Its task is destroyed when the client leaves.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<Done> respond(Incoming& incoming, const ClientPtr& client) = 0;
};

/// A place for one request at an upstream: all of an HTTP/1 connection, or one stream of HTTP/2.
class Lease {
 public:
  /// Gives back, resets the stream, or closes: it knows which.
  virtual ~Lease() = default;

  struct Attempt {
    TimePoint head_by = never;               ///< no wait for the head goes beyond
    milliseconds read_timeout{60'000};       ///< without a byte from the upstream
    milliseconds write_timeout{60'000};      ///< without a byte taken by the upstream
    Incoming* inform = nullptr;              ///< gets 1xx heads
    std::size_t piece_max = read_bytes_max;  ///< bytes of the answer in one read
    BodyPtr body;                            ///< taken at its first read
    bool unprocessed = false;  ///< after an Error: nobody acted on it; any method may go again
    bool turned_away =
        false;                ///< `unprocessed`, and by a connection that ends: another may take it
    bool reused = false;      ///< the connection had carried a request before
    bool head_begun = false;  ///< a byte of a response was seen
    TimePoint sent_at{};      ///< when the request's head left
  };

  /// Ends with the head, early ones too, even if writing failed; lease and pump move into the
  /// response's body. Again iff `unprocessed` (or the method allows) and the body is still here.
  virtual ResponseTask send(std::unique_ptr<Lease> self, const Request& head, Attempt& attempt) = 0;
};

using LeasePtr = std::unique_ptr<Lease>;

}  // namespace sluice::http
