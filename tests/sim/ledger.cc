// Compares what clients, upstreams, plugins and the access log say of each request.

#include "sim/ledger.h"

#include <algorithm>

#include "sim/json_check.h"
#include "sim/wire.h"

namespace sluice::sim {

std::string Ledger::add_line(std::string_view line) {
  if (!line.ends_with('\n')) return "an access-log line without an end";
  line.remove_suffix(1);
  auto values = read_json(line);
  if (!values) return "an access-log line that is not JSON: " + std::string(line);
  for (const char* const name : {"request.id", "request.size", "response.status", "response.size",
                                 "client_ip", "started_at", "latencies.request", "source", "tries"})
    if (!values->contains(name))
      return std::string("an access-log line without ") + name + ": " + std::string(line);
  const auto number = [&](const char* name) {
    return number_in((*values)[name]).value_or(UINT64_MAX);
  };
  std::size_t tries = 0;
  for (std::size_t at = 0;
       (at = (*values)["tries"].find("balancer_start", at)) != std::string::npos; ++at)
    ++tries;
  entries.push_back({(*values)["request.id"], static_cast<int>(number("response.status")),
                     (*values)["error"], number("request.size"), number("response.size"), tries});
  return {};
}

std::size_t Ledger::sights_of(std::string_view token) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sights, [&](const Sight& sight) { return sight.token == token; }));
}

const Entry* Ledger::entry_of(std::string_view id) const {
  const auto found = std::ranges::find(entries, id, &Entry::id);
  return found == entries.end() ? nullptr : &*found;
}

std::string Ledger::id_of(std::string_view token) const {
  const auto found = std::ranges::find(sights, token, &Sight::token);
  return found == sights.end() ? "" : found->id;
}

std::vector<std::string> Ledger::check(std::size_t attempts_max) const {
  std::vector<std::string> wrong;
  std::map<std::string, int> logged;
  for (const Entry& entry : entries)
    ++logged[entry.id];

  // I7: one line and one on_end for each exchange, and none for anything else.
  for (const auto& [id, times] : logged)
    if (times != 1)
      wrong.push_back("request " + id + " has " + std::to_string(times) + " access-log lines");
  for (const auto& [id, times] : ended) {
    if (times != 1)
      wrong.push_back("on_end came " + std::to_string(times) + " times for request " + id);
    if (!logged.contains(id)) wrong.push_back("request " + id + " has no access-log line");
  }
  for (const auto& [id, times] : logged)
    if (!ended.contains(id)) wrong.push_back("on_end never came for request " + id);
  for (const auto& [id, times] : begun)
    if (times != 1 || !ended.contains(id))
      wrong.push_back("request " + id + " began, and did not end just once");

  // I1: what upstreams saw is what the gateway says it had.
  std::map<std::string, std::pair<std::string, int>> attempts;  // by token: id, count
  for (const Sight& sight : sights) {
    if (!logged.contains(sight.id))
      wrong.push_back("an upstream saw request " + sight.id + ", the log did not");
    if (sight.token.empty()) continue;
    auto& [id, count] = attempts[sight.token];
    if (count > 0 && id != sight.id) wrong.push_back("two requests with the token " + sight.token);
    id = sight.id;
    const bool idempotent = sight.method != "POST" && sight.method != "PATCH";
    if (++count > static_cast<int>(idempotent ? attempts_max : 1))
      wrong.push_back(sight.method + " " + sight.token + " was sent " + std::to_string(count) +
                      " times");
  }

  for (const auto& [token, error] : expected_errors) {
    const Entry* entry = entry_of(id_of(token));
    if (entry == nullptr || entry->error != error)
      wrong.push_back("the log says \"" + (entry == nullptr ? "" : entry->error) + "\" of " +
                      token + ", not " + error);
  }

  std::set<std::string> answered;
  for (const Receipt& receipt : receipts) {
    const Entry* entry = entry_of(receipt.id);
    const std::string whose = "the answer to " + receipt.token + " (request " + receipt.id + ") ";
    if (!answered.insert(receipt.id).second) wrong.push_back(whose + "came twice");
    if (entry == nullptr) {
      wrong.push_back(whose + "is not in the log");
      continue;
    }
    if (entry->status != receipt.status)
      wrong.push_back(whose + "was " + std::to_string(receipt.status) + ", the log says " +
                      std::to_string(entry->status));
    if (receipt.request_bytes != 0 && entry->request_bytes != receipt.request_bytes)
      wrong.push_back(whose + "was for a request of " + std::to_string(receipt.request_bytes) +
                      " bytes, the log says " + std::to_string(entry->request_bytes));
    if (receipt.response_bytes != 0 && entry->response_bytes != receipt.response_bytes)
      wrong.push_back(whose + "had " + std::to_string(receipt.response_bytes) +
                      " bytes, the log says " + std::to_string(entry->response_bytes));
    const auto seen = attempts.find(receipt.token);
    if (seen != attempts.end() && seen->second.first != receipt.id)
      wrong.push_back(whose + "went to an upstream as request " + seen->second.first);
  }
  return wrong;
}

}  // namespace sluice::sim
