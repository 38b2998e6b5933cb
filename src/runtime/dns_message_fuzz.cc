// Any bytes as an answer of a name server: nothing breaks, and the limits hold.

#include <cstdlib>

#include "runtime/dns_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  static const Chunk question =
      *encode_question("www.example.com", DnsType::a, 0x1234, DnsExtension::offered);
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  static_cast<void>(is_answer_to(message, question.text()));
  static_cast<void>(is_answer_to(question.text(), message));
  for (const DnsType type : {DnsType::a, DnsType::aaaa, DnsType::srv}) {
    const auto answer = decode_answer(message, type);
    if (!answer) continue;
    if (answer->addresses.size() > 64 || answer->services.size() > 64) std::abort();
    if (answer->ttl && (*answer->ttl < seconds(0) || *answer->ttl > seconds(0x7fff'ffff)))
      std::abort();
  }
  return 0;
}
