#pragma once
// For tests: messages of DNS made by hand, and a name server in the simulated network that can be
// told to misbehave.

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/dns_message.h"
#include "runtime/engine/sim.h"
#include "runtime/listener.h"
#include "runtime/scope.h"
#include "runtime/socket_stream.h"

namespace sluice::testing {

struct DnsRecord {
  std::string name;
  std::uint16_t type = 1;
  std::uint32_t ttl = 60;
  std::string data;
};

inline std::string big_endian(std::uint64_t value, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = size; i > 0; --i, value >>= 8)
    bytes[i - 1] = static_cast<char>(value);
  return bytes;
}

inline std::string wire_name(std::string_view name) {
  std::string bytes;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    bytes += static_cast<char>(label.size());
    bytes += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return bytes + '\0';
}

inline DnsRecord address_record(std::string name, std::string_view ip, std::uint32_t ttl = 60) {
  const Address address = Address::from_ip(ip, 0).value();
  const bool is_ipv4 = address.family == Address::Family::ipv4;
  const std::string_view data(reinterpret_cast<const char*>(address.ip.data()), is_ipv4 ? 4 : 16);
  return {std::move(name), static_cast<std::uint16_t>(is_ipv4 ? 1 : 28), ttl, std::string(data)};
}

inline DnsRecord alias_record(std::string name, std::string_view target, std::uint32_t ttl = 60) {
  return {std::move(name), 5, ttl, wire_name(target)};
}

/// Priority, weight, port and target as a line of a zone file has them.
inline DnsRecord service_record(std::string name, std::array<std::uint16_t, 3> numbers,
                                std::string_view target, std::uint32_t ttl = 60) {
  std::string data;
  for (const std::uint16_t number : numbers)
    data += big_endian(number, 2);
  return {std::move(name), 33, ttl, data + wire_name(target)};
}

inline DnsRecord zone_record(std::string name, std::uint32_t minimum, std::uint32_t ttl = 3600) {
  std::string data = wire_name("ns." + name) + wire_name("admin." + name);
  for (const std::uint32_t number : {1u, 7200u, 600u, 86400u, minimum})
    data += big_endian(number, 4);
  return {std::move(name), 6, ttl, std::move(data)};
}

struct DnsReply {
  DnsRcode rcode = DnsRcode::no_error;
  std::vector<DnsRecord> answers;
  std::vector<DnsRecord> authorities;
  bool truncated = false;
};

/// The question section of a message, with what stands before it left out.
inline std::string question_section(std::string_view message) {
  std::size_t at = 12;
  while (at < message.size() && message[at] != 0)
    at += 1 + static_cast<std::size_t>(message[at]);
  return std::string(message.substr(12, at + 5 - 12));
}

inline std::string encode_reply(std::string_view question, const DnsReply& reply) {
  const std::uint64_t flags =
      0x8180u | (reply.truncated ? 0x0200u : 0u) | static_cast<unsigned>(reply.rcode);
  std::string bytes(question.substr(0, 2));
  bytes += big_endian(flags, 2) + big_endian(1, 2) + big_endian(reply.answers.size(), 2) +
           big_endian(reply.authorities.size(), 2) + big_endian(0, 2) + question_section(question);
  for (const auto* section : {&reply.answers, &reply.authorities})
    for (const DnsRecord& record : *section)
      bytes += wire_name(record.name) + big_endian(record.type, 2) + big_endian(1, 2) +
               big_endian(record.ttl, 4) + big_endian(record.data.size(), 2) + record.data;
  return bytes;
}

/// What the server does with one datagram.
enum class DnsManner : std::uint8_t {
  answers,
  silent,
  fails,          ///< SERVFAIL
  late,           ///< after three seconds
  garbage_first,  ///< then the answer; the same for the next three, whose first datagram lies
  wrong_id_first,
  wrong_source_first,
  wrong_question_first,
  malformed,           ///< right question, records cut off
  truncates,           ///< the answer is to be had over TCP
  knows_no_extension,  ///< FORMERR for EDNS
  floods,              ///< hundreds of guesses, and no answer
};

/// Datagrams and TCP at one address of a simulated network.
class FakeNameServer {
 public:
  FakeNameServer(Loop& loop, SimEngine& engine, const Address& at)
      : loop_(loop),
        socket_(engine.datagram_socket(Address::Family::ipv4).value()),
        other_(engine.datagram_socket(Address::Family::ipv4).value()),
        acceptor_(loop, engine.listen(at, {}).value()),
        scope_(loop, 10'000) {
    engine.bind(*socket_, at);
    static_cast<void>(scope_.spawn(serve_datagrams()));
    static_cast<void>(scope_.spawn(serve_streams()));
  }

  /// Adds a record to the answers for the question of its name and type.
  void add(const DnsRecord& record) { zone[{record.name, record.type}].answers.push_back(record); }

  std::map<std::pair<std::string, std::uint16_t>, DnsReply> zone;  ///< names in lower case
  DnsReply missing{.rcode = DnsRcode::no_such_name};               ///< for all other names
  DnsManner manner = DnsManner::answers;
  std::deque<DnsManner> first_manners;  ///< of the first datagrams
  std::uint16_t ignored_type = 0;       ///< no answer to questions for it
  std::string silent_about;             ///< no answer to questions about this name
  bool answers_streams = true;
  std::vector<std::string> asked;  ///< "name type", one a datagram
  int streams = 0;

 private:
  struct Arrival final : OpSink {
    explicit Arrival(Loop& of) : loop(of) {}

    void on_completion(Op&) noexcept override {
      done = true;
      waiting.wake_all(loop);
    }

    Loop& loop;
    bool done = false;
    WaitList waiting;
  };

  Task<Done> serve_datagrams() {
    Arrival arrival(loop_);
    OpHandle<AddressedOp> receive(loop_, Op::Kind::receive_from, socket_, arrival);
    for (;;) {
      arrival.done = receive.start();
      while (!arrival.done)
        co_await wait_for(loop_, arrival.waiting);
      if (receive->result < 0) co_return Done{};
      const Chunk question = receive->chunk;
      static_cast<void>(
          scope_.spawn(serve_datagram(receive->address, std::string(question.text()))));
    }
  }

  Task<Done> serve_datagram(Address client, std::string question) {
    DnsManner now = manner;
    if (!first_manners.empty()) {
      now = first_manners.front();
      first_manners.pop_front();
    }
    DnsReply reply = reply_to(question);
    asked.push_back(asked_name(question) + " " + std::to_string(asked_type(question)));
    if (asked_type(question) == ignored_type || asked_name(question) == silent_about)
      co_return Done{};
    DnsReply lie{.answers = {address_record(asked_name(question), "6.6.6.6")}};
    std::string wrong = encode_reply(question, lie);
    switch (now) {
      case DnsManner::answers:
        break;
      case DnsManner::silent:
        co_return Done{};
      case DnsManner::fails:
        reply = {.rcode = DnsRcode::server_failure};
        break;
      case DnsManner::late:
        co_await sleep_until(loop_, loop_.now() + seconds(3));
        break;
      case DnsManner::garbage_first:
        send(socket_, client, std::string(500, '\xff'));
        break;
      case DnsManner::wrong_id_first:
        wrong[0] = static_cast<char>(wrong[0] ^ 1);
        send(socket_, client, wrong);
        break;
      case DnsManner::wrong_source_first:
        send(other_, client, wrong);
        break;
      case DnsManner::wrong_question_first:
        wrong[13] = wrong[13] == 'x' ? 'y' : 'x';
        send(socket_, client, wrong);
        break;
      case DnsManner::malformed: {
        const std::string whole = encode_reply(question, lie);
        send(socket_, client, whole.substr(0, whole.size() - 2));
        co_return Done{};
      }
      case DnsManner::truncates:
        reply = {.truncated = true};
        break;
      case DnsManner::knows_no_extension:
        if (question[11] != 0) reply = {.rcode = DnsRcode::format_error};
        break;
      case DnsManner::floods:
        for (int i = 0; i < 300; ++i) {
          wrong[0] = static_cast<char>(question[0] ^ (i + 1));
          if (wrong[0] != question[0]) send(socket_, client, wrong);
        }
        co_return Done{};
    }
    // Datagrams may overtake each other; here the lie is first.
    if (now != DnsManner::answers) co_await sleep_until(loop_, loop_.now() + milliseconds(20));
    send(socket_, client, encode_reply(question, reply));
    co_return Done{};
  }

  Task<Done> serve_streams() {
    for (;;) {
      auto accepted = co_await acceptor_.accept();
      if (!accepted) co_return Done{};
      ++streams;
      if (answers_streams)
        static_cast<void>(
            scope_.spawn(serve_stream(std::make_unique<SocketStream>(loop_, accepted->socket))));
    }
  }

  Task<Done> serve_stream(std::unique_ptr<SocketStream> stream) {
    std::string got;
    while (got.size() < 2 || got.size() < 2 + static_cast<std::size_t>(got[0] * 256 + got[1])) {
      auto chunk = co_await stream->read(1000, never);
      if (!chunk || chunk->empty()) co_return Done{};
      got += chunk->text();
    }
    const std::string question = got.substr(2);
    const std::string reply = encode_reply(question, reply_to(question));
    const std::string bytes = big_endian(reply.size(), 2) + reply;
    static_cast<void>(co_await stream->write(Chunks(Chunk::copy_of(bytes)), Flush::now, never));
    static_cast<void>(co_await stream->read(1, never));
    co_return Done{};
  }

  void send(const SocketPtr& from, const Address& to, std::string_view bytes) {
    OpHandle<AddressedOp> op(loop_, Op::Kind::send_to, from, ignored_);
    op->address = to;
    op->chunk = Chunk::copy_of(bytes);
    op.start();
  }

  static std::string asked_name(std::string_view question) {
    std::string name;
    const std::string section = question_section(question);
    for (std::size_t at = 0; section[at] != 0; at += 1 + static_cast<std::size_t>(section[at]))
      name +=
          (name.empty() ? "" : ".") + section.substr(at + 1, static_cast<std::size_t>(section[at]));
    return name;
  }

  static std::uint16_t asked_type(std::string_view question) {
    const std::string section = question_section(question);
    return static_cast<std::uint8_t>(section[section.size() - 3]);
  }

  DnsReply reply_to(std::string_view question) const {
    const std::string name = asked_name(question);
    if (const auto found = zone.find({name, asked_type(question)}); found != zone.end())
      return found->second;
    const auto other = zone.lower_bound({name, 0});
    if (other == zone.end() || other->first.first != name) return missing;
    return {.authorities = missing.authorities};
  }

  Loop& loop_;
  SocketPtr socket_;
  SocketPtr other_;
  Acceptor acceptor_;
  Arrival ignored_{loop_};
  Scope scope_;
};

}  // namespace sluice::testing
