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

int strictness_of(const ClientVerificationPtr& verification) noexcept {
  if (verification == nullptr) return 0;
  return verification->required ? 2 : 1;
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
  const ClientVerificationPtr& chosen = choose_by_labels(name);
  if (!server_name.ends_with('.')) return chosen;
  const auto is_whole = [&](const auto& prefix) {
    return prefix.first.size() == name.size() + 1 && prefix.first.starts_with(name);
  };
  const auto whole = std::ranges::find_if(prefixes_, is_whole);
  if (whole == prefixes_.end() || strictness_of(whole->second) < strictness_of(chosen))
    return chosen;
  return whole->second;
}

const ClientVerificationPtr& ClientVerifications::choose_by_labels(const std::string& name) const {
  if (const auto found = exact_.find(name); found != exact_.end()) return found->second;
  for (const auto& [suffix, verification] : suffixes_)
    if (name.size() > suffix.size() && name.ends_with(suffix)) return verification;
  for (const auto& [prefix, verification] : prefixes_)
    if (name.size() > prefix.size() && name.starts_with(prefix)) return verification;
  return others_;
}

}  // namespace sluice::tls
