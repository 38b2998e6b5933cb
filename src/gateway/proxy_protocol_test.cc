// PROXY headers of both versions: right, begun, malformed, and composed.

#include "gateway/proxy_protocol.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string binary(char command, char family, std::string_view rest) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += command;
  bytes += family;
  bytes += static_cast<char>(rest.size() >> 8);
  bytes += static_cast<char>(rest.size() & 255);
  return bytes.append(rest);
}

const std::string ipv4("\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbb", 12);

struct Good {
  std::string bytes;
  std::string source;  ///< "" for none
  std::string destination;
};

TEST(ProxyProtocol, HeadersOfBothVersionsAreRead) {
  const Good cases[] = {
      {"PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\n", "1.2.3.4:80", "5.6.7.8:443"},
      {"PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", "[2001:db8::1]:65535", "[::1]:0"},
      {"PROXY UNKNOWN\r\n", "", ""},
      {"PROXY UNKNOWN whatever 1 2 3\r\n", "", ""},
      {binary('\x21', '\x11', ipv4), "1.2.3.4:80", "5.6.7.8:443"},
      {binary('\x21', '\x11', ipv4 + std::string("\x04\x00\x01x", 4)), "1.2.3.4:80", "5.6.7.8:443"},
      {binary('\x20', '\x11', ipv4), "", ""},
      {binary('\x20', '\0', ""), "", ""},
      {binary('\x21', '\x12', ipv4), "", ""},
      {binary('\x21', '\x31', std::string(216, 'p')), "", ""},
  };
  for (const Good& good : cases) {
    const auto header = parse_proxy_header(good.bytes + "GET / HTTP/1.1");
    ASSERT_TRUE(header && *header) << good.bytes;
    EXPECT_EQ((*header)->size, good.bytes.size());
    EXPECT_EQ((*header)->source ? (*header)->source->text() : "", good.source);
    EXPECT_EQ((*header)->destination ? (*header)->destination->text() : "", good.destination);
  }
}

TEST(ProxyProtocol, BeginningsAskForMore) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\n"), binary('\x21', '\x11', ipv4)})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto header = parse_proxy_header(whole.substr(0, size));
      ASSERT_TRUE(header) << size;
      EXPECT_FALSE(*header) << size;
    }
}

TEST(ProxyProtocol, WhatIsNoHeaderIsRefused) {
  const std::string cases[] = {
      "GET / HTTP/1.1\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 80\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 80 65536\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 80 443 x\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 080 443\r\n",
      "PROXY TCP4 ::1 ::1 80 443\r\n",
      "PROXY TCP6 1.2.3.4 5.6.7.8 80 443\r\n",
      "PROXY TCP5 1.2.3.4 5.6.7.8 80 443\r\n",
      "PROXY  TCP4 1.2.3.4 5.6.7.8 80 443\r\n",
      "PROXY " + std::string(120, 'x'),
      binary('\x31', '\x11', ipv4),
      binary('\x22', '\x11', ipv4),
      binary('\x21', '\x41', ipv4),
      binary('\x21', '\x11', ipv4.substr(0, 11)),
      binary('\x21', '\x11', std::string(5000, 'x')),
  };
  for (const std::string& bytes : cases)
    EXPECT_FALSE(parse_proxy_header(bytes)) << bytes;
}

TEST(ProxyProtocol, WhatIsComposedIsRead) {
  const Address source = *Address::parse("1.2.3.4:80"),
                destination = *Address::parse("5.6.7.8:443");
  const Address six = *Address::parse("[2001:db8::1]:1"), path = *Address::parse("unix:/tmp/x");
  for (const ProxyVersion version : {ProxyVersion::v1, ProxyVersion::v2}) {
    const auto plain = parse_proxy_header(compose_proxy_header(version, source, destination));
    ASSERT_TRUE(plain && *plain);
    EXPECT_EQ((*plain)->source, source);
    EXPECT_EQ((*plain)->destination, destination);
    const auto ipv6 = parse_proxy_header(compose_proxy_header(version, six, six));
    ASSERT_TRUE(ipv6 && *ipv6);
    EXPECT_EQ((*ipv6)->source, six);
    for (const auto& other :
         {compose_proxy_header(version, source, six), compose_proxy_header(version, path, path)}) {
      const auto unknown = parse_proxy_header(other);
      ASSERT_TRUE(unknown && *unknown);
      EXPECT_FALSE((*unknown)->source);
    }
  }
  EXPECT_EQ(compose_proxy_header(ProxyVersion::v1, source, destination),
            "PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\n");
}

}  // namespace
}  // namespace sluice
