#include "runtime/dns_message.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <tuple>

#include <ares.h>
#include <arpa/nameser.h>

#include "runtime/dns_name.h"

namespace sluice {
namespace {

constexpr std::size_t header_bytes = 12;
// Fits one packet on every path with the minimum MTU of IPv6, 1,280 bytes.
constexpr int datagram_bytes_max = 1232;
constexpr std::size_t records_max = 64;

/// Reads numbers and skips names; once out of the message it stays failed, and reads zeros.
class MessageReader {
 public:
  MessageReader(std::string_view message, std::size_t at) : message_(message), at_(at) {}

  bool failed() const noexcept { return failed_; }

  std::size_t at() const noexcept { return at_; }

  void skip(std::size_t size) noexcept {
    if (size > message_.size() - at_)
      failed_ = true;
    else
      at_ += size;
  }

  std::uint32_t number(std::size_t size) noexcept {
    const std::size_t from = at_;
    skip(size);
    std::uint32_t value = 0;
    for (std::size_t i = from; i < at_; ++i)
      value = value << 8 | static_cast<std::uint8_t>(message_[i]);
    return value;
  }

  /// A name ends with its empty label or with a pointer, which need not be followed (RFC 1035
  /// §4.1.4).
  void skip_name() noexcept {
    while (!failed_) {
      const std::uint32_t length = number(1);
      if (length == 0) return;
      if (length >= 0xc0) return skip(1);
      if (length >= 0x40) failed_ = true;
      skip(length);
    }
  }

 private:
  std::string_view message_;
  std::size_t at_;
  bool failed_ = false;
};

struct Header {
  std::uint16_t id, flags, questions, answers, authorities;

  bool is_response() const noexcept { return (flags & 0x8000) != 0 && (flags & 0x7800) == 0; }

  bool truncated() const noexcept { return (flags & 0x0200) != 0; }

  DnsRcode rcode() const noexcept { return static_cast<DnsRcode>(flags & 0x000f); }
};

/// Precondition: the message has header_bytes.
Header header_of(std::string_view message) noexcept {
  MessageReader reader(message, 0);
  const auto next = [&] { return static_cast<std::uint16_t>(reader.number(2)); };
  Header header{};
  header.id = next();
  header.flags = next();
  header.questions = next();
  header.answers = next();
  header.authorities = next();
  return header;
}

/// Behind the question section, whose name is followed by type and class.
MessageReader behind_questions(std::string_view message, unsigned questions) noexcept {
  MessageReader reader(message, header_bytes);
  for (unsigned i = 0; i < questions && !reader.failed(); ++i) {
    reader.skip_name();
    reader.skip(4);
  }
  return reader;
}

/// A time with its highest bit set counts as 0 (RFC 2181 §8).
seconds ttl_of(std::uint32_t number) noexcept {
  return seconds(number > 0x7fff'ffff ? 0 : number);
}

/// The least TTL of the answer section; when that is empty or `negative`, what the SOA record of
/// the authority section allows.
enum class TtlOf : std::uint8_t { records, absence };

Result<std::optional<seconds>> read_ttl(std::string_view message, const Header& header,
                                        TtlOf what) {
  MessageReader reader = behind_questions(message, header.questions);
  std::optional<seconds> least;
  const auto take = [&](std::uint32_t number) {
    least = std::min(least.value_or(seconds::max()), ttl_of(number));
  };
  const unsigned count = header.answers + (what == TtlOf::absence ? header.authorities : 0u);
  for (unsigned i = 0; i < count && !reader.failed(); ++i) {
    reader.skip_name();
    const std::uint32_t type = reader.number(2);
    reader.skip(2);
    const std::uint32_t ttl = reader.number(4);
    const std::uint32_t size = reader.number(2);
    if (what == TtlOf::records) take(ttl);
    constexpr std::uint32_t soa = 6;
    if (what == TtlOf::absence && i >= header.answers && type == soa && size >= 4) {
      // Its last number is the minimum; both it and the record's own TTL bound the time (RFC 2308
      // §5).
      reader.skip(size - 4);
      take(ttl);
      take(reader.number(4));
    } else {
      reader.skip(size);
    }
  }
  if (reader.failed())
    return fail(ErrorCode::name_resolution_failed, "the answer's records are cut off");
  return least;
}

const unsigned char* bytes_of(std::string_view message) noexcept {
  return reinterpret_cast<const unsigned char*>(message.data());
}

Result<Done> checked(int status) {
  if (status == ARES_SUCCESS || status == ARES_ENODATA) return Done{};
  return fail(ErrorCode::name_resolution_failed,
              std::string("the answer is malformed: ") + ares_strerror(status));
}

template <class Record>
Result<Done> read_addresses(std::string_view message, std::vector<Address>& addresses) {
  std::array<Record, records_max> records;
  int count = records_max;
  constexpr bool is_ipv4 = std::is_same_v<Record, ares_addrttl>;
  const auto parse = [&] {
    const int size = static_cast<int>(message.size());
    if constexpr (is_ipv4)
      return ares_parse_a_reply(bytes_of(message), size, nullptr, records.data(), &count);
    else
      return ares_parse_aaaa_reply(bytes_of(message), size, nullptr, records.data(), &count);
  };
  const int status = parse();
  TRY([[maybe_unused]] Done done, checked(status));
  if (status != ARES_SUCCESS) return Done{};
  for (int i = 0; i < count; ++i) {
    Address& address = addresses.emplace_back();
    address.family = is_ipv4 ? Address::Family::ipv4 : Address::Family::ipv6;
    std::memcpy(address.ip.data(), &records[static_cast<std::size_t>(i)], is_ipv4 ? 4 : 16);
  }
  return Done{};
}

struct ReplyDelete {
  void operator()(ares_srv_reply* reply) const noexcept { ares_free_data(reply); }
};

Result<Done> read_services(std::string_view message, std::vector<DnsService>& services) {
  ares_srv_reply* first = nullptr;
  const int status =
      ares_parse_srv_reply(bytes_of(message), static_cast<int>(message.size()), &first);
  const std::unique_ptr<ares_srv_reply, ReplyDelete> owner(first);
  TRY([[maybe_unused]] Done done, checked(status));
  for (const ares_srv_reply* reply = first; reply != nullptr; reply = reply->next)
    services.push_back({reply->host, reply->port, reply->priority, reply->weight});
  std::ranges::sort(services, {}, [](const DnsService& each) {
    return std::tie(each.priority, each.target, each.port, each.weight);
  });
  if (services.size() > records_max) services.resize(records_max);
  return Done{};
}

}  // namespace

Result<Chunk> encode_question(std::string_view name, DnsType type, std::uint16_t id,
                              DnsExtension extension) {
  unsigned char* bytes = nullptr;
  int size = 0;
  const int status =
      ares_create_query(std::string(name).c_str(), ns_c_in, static_cast<int>(type), id, /*rd=*/1,
                        &bytes, &size, extension == DnsExtension::offered ? datagram_bytes_max : 0);
  if (status != ARES_SUCCESS) return fail(ErrorCode::name_resolution_failed, ares_strerror(status));
  Chunk question =
      Chunk::copy_of({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  ares_free_string(bytes);
  return question;
}

bool is_answer_to(std::string_view message, std::string_view question) noexcept {
  if (message.size() < header_bytes || question.size() < header_bytes) return false;
  const Header header = header_of(message);
  if (!header.is_response() || header.id != header_of(question).id) return false;
  // Who cannot read the question cannot repeat it.
  if (header.questions == 0)
    return header.rcode() == DnsRcode::format_error || header.rcode() == DnsRcode::not_implemented;
  const MessageReader asked = behind_questions(question, 1);
  if (header.questions != 1 || asked.failed() || message.size() < asked.at()) return false;
  // Lengths are below 64, where no letter is; type and class have no case.
  const std::size_t name_end = asked.at() - 4;
  const auto name_of = [&](std::string_view bytes) {
    return bytes.substr(header_bytes, name_end - header_bytes);
  };
  return std::ranges::equal(
             name_of(message), name_of(question), {}, [](char c) { return lower_case(c); },
             [](char c) { return lower_case(c); }) &&
         message.substr(name_end, 4) == question.substr(name_end, 4);
}

Result<DnsAnswer> decode_answer(std::string_view message, DnsType type) {
  // 65,535 is what the two length bytes of TCP can say, and a datagram hold.
  if (message.size() < header_bytes || message.size() > 0xffff)
    return fail(ErrorCode::name_resolution_failed, "the answer has no header");
  const Header header = header_of(message);
  DnsAnswer answer;
  answer.rcode = header.rcode();
  answer.truncated = header.truncated();
  if (answer.truncated) return answer;
  if (answer.rcode == DnsRcode::no_error) {
    switch (type) {
      case DnsType::a: {
        TRY([[maybe_unused]] Done done, read_addresses<ares_addrttl>(message, answer.addresses));
        break;
      }
      case DnsType::aaaa: {
        TRY([[maybe_unused]] Done done, read_addresses<ares_addr6ttl>(message, answer.addresses));
        break;
      }
      case DnsType::srv: {
        TRY([[maybe_unused]] Done done, read_services(message, answer.services));
        break;
      }
    }
  } else if (answer.rcode != DnsRcode::no_such_name) {
    return answer;
  }
  const bool has_records = !answer.addresses.empty() || !answer.services.empty();
  TRY(answer.ttl, read_ttl(message, header, has_records ? TtlOf::records : TtlOf::absence));
  return answer;
}

}  // namespace sluice
