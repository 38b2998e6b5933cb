#include "gateway/consumers.h"

#include <algorithm>

#include "config/load.h"
#include "gateway/exchange.h"
#include "http/text.h"

namespace sluice {

Consumers::Consumers(const config::LoadedFile& file) : keys_(file.keyauth_credentials.size()) {
  consumers_.reserve(file.consumers.size());
  for (const config::Consumer& from : file.consumers) {
    const auto index = static_cast<std::uint32_t>(consumers_.size());
    consumers_.push_back({index, from.id.text(), from.username.value_or(""),
                          from.custom_id.value_or(""), from.group_indices});
  }
  for (const Consumer& consumer : consumers_)
    if (!consumer.username.empty()) by_name_.try_emplace(consumer.username, consumer.index);
  for (const Consumer& consumer : consumers_)
    by_name_.insert_or_assign(consumer.id, consumer.index);
  for (const config::KeyAuthCredential& from : file.keyauth_credentials)
    keys_.add(from.key, {from.id, from.consumer_index, from.ttl.value_or(KeyCredential::for_ever)});
}

const Consumer* Consumers::find(std::string_view id_or_username) const {
  const auto found = by_name_.find(id_or_username);
  return found == by_name_.end() ? nullptr : &consumers_[found->second];
}

namespace {

bool is_identity(const http::Headers::Field& field) noexcept {
  // All of them begin so, and few others do.
  if (field.id != http::HeaderId::other || http::lower(field.name_data[0]) != 'x') return false;
  const std::string_view name = field.name();
  return http::starts_ignoring_case(name, "x-consumer-") ||
         http::starts_ignoring_case(name, "x-credential-") ||
         http::starts_ignoring_case(name, "x-authenticated-") ||
         http::equal_ignoring_case(name, "x-anonymous-consumer");
}

}  // namespace

void remove_identity(http::Headers& headers) {
  for (;;) {
    const auto fields = headers.fields();
    const auto found = std::ranges::find_if(fields, is_identity);
    if (found == fields.end()) return;
    headers.remove(found->name());
  }
}

Result<Done> set_consumer(Exchange& exchange, const Consumer& consumer,
                          std::string_view credential_id) {
  http::Headers& headers = exchange.request.headers;
  remove_identity(headers);
  const auto set = [&](std::string_view name, std::string_view value) -> Result<Done> {
    if (value.empty()) return Done{};
    return headers.set(name, value);
  };
  TRY(Done id, set("X-Consumer-ID", consumer.id));
  TRY(Done custom_id, set("X-Consumer-Custom-ID", consumer.custom_id));
  TRY(Done username, set("X-Consumer-Username", consumer.username));
  TRY(Done credential, set("X-Credential-Identifier", credential_id));
  TRY(Done anonymous, set("X-Anonymous-Consumer", credential_id.empty() ? "true" : ""));
  static_cast<void>(id), static_cast<void>(custom_id), static_cast<void>(username),
      static_cast<void>(credential), static_cast<void>(anonymous);
  exchange.consumer = &consumer;
  exchange.credential_id = headers.keep(credential_id);
  return Done{};
}

}  // namespace sluice
