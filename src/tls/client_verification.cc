#include "tls/client_verification.h"

#include <algorithm>

#include "tls/server_name.h"

namespace sluice::tls {
namespace {

void insert(std::vector<std::pair<std::string, ClientVerificationPtr>>& wildcards, std::string text,
            ClientVerificationPtr verification) {
  const auto longer = [&](const auto& other) { return other.first.size() >= text.size(); };
  const auto at = std::ranges::find_if_not(wildcards, longer);
  wildcards.emplace(at, std::move(text), std::move(verification));
}

}  // namespace

void ClientVerifications::add(std::string_view name, ClientVerificationPtr verification) {
  std::string text = normal_name(name);
  if (text.starts_with("*.")) return insert(suffixes_, text.substr(1), std::move(verification));
  if (text.ends_with(".*")) {
    text.pop_back();
    return insert(prefixes_, std::move(text), std::move(verification));
  }
  if (!text.empty()) {
    exact_.try_emplace(std::move(text), std::move(verification));
  } else if (!std::exchange(has_others_, true)) {
    others_ = std::move(verification);
  }
}

const ClientVerificationPtr& ClientVerifications::choose(std::string_view server_name) const {
  const std::string name = normal_name(server_name);
  if (const auto found = exact_.find(name); found != exact_.end()) return found->second;
  for (const auto& [suffix, verification] : suffixes_)
    if (name.size() > suffix.size() && name.ends_with(suffix)) return verification;
  for (const auto& [prefix, verification] : prefixes_)
    if (name.size() > prefix.size() && name.starts_with(prefix)) return verification;
  return others_;
}

}  // namespace sluice::tls
