#include "node/resolver_settings.h"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace sluice {
namespace {

DnsType type_of(config::DnsRecord record) {
  switch (record) {
    case config::DnsRecord::srv:
      return DnsType::srv;
    case config::DnsRecord::a:
      return DnsType::a;
    case config::DnsRecord::aaaa:
      return DnsType::aaaa;
  }
  std::unreachable();
}

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

ResolverSettings resolver_settings(const config::DnsSettings& dns) {
  ResolverSettings settings;
  read_resolv_conf(read_whole(dns.resolv_conf), settings);
  read_hosts_file(read_whole(dns.hosts_file), settings);
  if (!dns.nameservers.empty()) settings.nameservers.clear();
  for (const std::string& server : dns.nameservers)
    if (auto address = Address::parse(server)) settings.nameservers.push_back(*address);
  settings.order.clear();
  for (const config::DnsRecord record : dns.order)
    settings.order.push_back(type_of(record));
  settings.timeout = dns.timeout;
  settings.attempts = dns.attempts;
  settings.stale_ttl = dns.stale_ttl;
  settings.ttl_max = dns.max_ttl;
  settings.negative_ttl = dns.negative_ttl;
  return settings;
}

}  // namespace sluice
