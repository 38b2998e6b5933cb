#include "runtime/dns_query.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/socket_stream.h"

namespace sluice {
namespace {

// More datagrams than this that answer another question are an attempt to guess ours: the next
// attempt has a new id and port.
constexpr int foreign_datagrams_max = 64;

std::unexpected<Error> failed(std::string reason) {
  return fail(ErrorCode::name_resolution_failed, std::move(reason));
}

/// The scope is left out: the kernel may name an interface where the configuration does not.
bool is_same_end(const Address& one, const Address& other) noexcept {
  return one.family == other.family && one.port == other.port && one.ip == other.ip;
}

/// A socket for one question to one server, hence a port of the kernel's choice for each.
class DatagramExchange final : private OpSink {
 public:
  DatagramExchange(Loop& loop, const SocketPtr& socket)
      : loop_(loop),
        receive_(loop, Op::Kind::receive_from, socket, *this),
        send_(loop, Op::Kind::send_to, socket, *this) {}

  /// The first datagram that answers `question`.
  Task<Result<Chunk>> ask(const Address& server, const Chunk& question, TimePoint deadline) {
    send_->address = server;
    send_->chunk = question;
    if (send_.start()) send_result_ = send_->result;
    for (int i = 0; i < foreign_datagrams_max; ++i) {
      received_ = receive_.start();
      while (!received_ && send_result_ >= 0) {
        if (!co_await wait_for(loop_, waiting_, deadline) && !received_)
          co_return failed("no answer in time");
      }
      if (send_result_ < 0) co_return failed(std::strerror(static_cast<int>(-send_result_)));
      if (receive_->result < 0)
        co_return failed(std::strerror(static_cast<int>(-receive_->result)));
      Chunk message = std::move(receive_->chunk);
      if (is_same_end(receive_->address, server) && is_answer_to(message.text(), question.text()))
        co_return message;
    }
    co_return failed("too many datagrams that answer something else");
  }

 private:
  void on_completion(Op& op) noexcept override {
    if (op.kind == Op::Kind::send_to)
      send_result_ = op.result;
    else
      received_ = true;
    waiting_.wake_all(loop_);
  }

  Loop& loop_;
  OpHandle<AddressedOp> receive_;
  OpHandle<AddressedOp> send_;
  bool received_ = false;
  std::int64_t send_result_ = 0;
  WaitList waiting_;
};

Task<Result<Chunk>> ask_by_datagram(Loop& loop, const Address& server, const Chunk& question,
                                    TimePoint deadline) {
  CO_TRY(const SocketPtr socket, loop.engine().datagram_socket(server.family));
  DatagramExchange exchange(loop, socket);
  co_return co_await exchange.ask(server, question, deadline);
}

/// Each message behind its length in two bytes (RFC 1035 §4.2.2).
Task<Result<std::string>> ask_by_stream(Loop& loop, const Address& server, const Chunk& question,
                                        TimePoint deadline) {
  CO_TRY(const StreamPtr stream, co_await connect_stream(loop, server, deadline));
  const std::array<char, 2> length = {static_cast<char>(question.size() >> 8),
                                      static_cast<char>(question.size())};
  Chunks bytes(Chunk::copy_of({length.data(), length.size()}));
  bytes.push_back(question);
  CO_TRY([[maybe_unused]] Done written,
         co_await stream->write(std::move(bytes), Flush::now, deadline));

  std::string message;
  std::size_t expected = 2;
  while (message.size() < expected) {
    CO_TRY(const Chunk chunk, co_await stream->read(expected - message.size(), deadline));
    if (chunk.empty()) co_return failed("the connection ended within the answer");
    message += chunk.text();
    if (expected == 2 && message.size() >= 2)
      expected +=
          static_cast<std::uint8_t>(message[0]) * 256u + static_cast<std::uint8_t>(message[1]);
  }
  message.resize(expected);
  message.erase(0, 2);
  if (!is_answer_to(message, question.text()))
    co_return failed("the answer over TCP is to another question");
  co_return message;
}

struct Question {
  std::string name;
  DnsType type;
};

Task<Result<DnsAnswer>> ask_server(Loop& loop, const Address& server, const Question& question,
                                   DnsExtension extension, milliseconds timeout) {
  const auto id = static_cast<std::uint16_t>(loop.engine().secret());
  CO_TRY(const Chunk bytes, encode_question(question.name, question.type, id, extension));
  CO_TRY(const Chunk message,
         co_await ask_by_datagram(loop, server, bytes, after(loop.now(), timeout)));
  CO_TRY(DnsAnswer answer, decode_answer(message.text(), question.type));
  if (!answer.truncated) co_return answer;
  CO_TRY(const std::string whole,
         co_await ask_by_stream(loop, server, bytes, after(loop.now(), timeout)));
  CO_TRY(DnsAnswer second, decode_answer(whole, question.type));
  if (second.truncated) co_return failed("the answer is cut off, over TCP too");
  co_return second;
}

std::string_view text_of(DnsRcode rcode) noexcept {
  switch (rcode) {
    case DnsRcode::format_error:
      return "the server does not understand the question";
    case DnsRcode::server_failure:
      return "the server failed (SERVFAIL)";
    case DnsRcode::not_implemented:
      return "the server cannot answer such questions";
    case DnsRcode::refused:
      return "the server refused";
    default:
      return "the server answered with an unknown error";
  }
}

}  // namespace

Task<Result<DnsAnswer>> ask_servers(Loop& loop, const ResolverSettings& settings, std::string name,
                                    DnsType type, const Event& enough) {
  const Question question{std::move(name), type};
  const unsigned attempts = std::max(1u, settings.attempts);
  Error error{ErrorCode::timed_out, ""};
  for (unsigned attempt = 0; attempt < attempts && !(attempt > 1 && enough.is_set()); ++attempt) {
    const Address& server = settings.nameservers[attempt % settings.nameservers.size()];
    auto answer =
        co_await ask_server(loop, server, question, DnsExtension::offered, settings.timeout);
    // RFC 6891 §7: servers from before EDNS answer so; the plain question follows.
    if (answer &&
        (answer->rcode == DnsRcode::format_error || answer->rcode == DnsRcode::not_implemented))
      answer = co_await ask_server(loop, server, question, DnsExtension::none, settings.timeout);
    if (answer && (answer->rcode == DnsRcode::no_error || answer->rcode == DnsRcode::no_such_name))
      co_return answer;
    if (answer) error.code = ErrorCode::name_resolution_failed;
    error.detail = server.text() + ": " +
                   (answer ? std::string(text_of(answer->rcode)) : answer.error().detail.text());
  }
  co_return std::unexpected(std::move(error));
}

}  // namespace sluice
