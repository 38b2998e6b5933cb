#pragma once
// What everybody in a simulated world saw, and the rules that must hold between the accounts
// (security invariants I1 and I7).

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::sim {

/// A request as an upstream saw it.
struct Sight {
  std::string upstream;
  std::size_t connection = 0;
  std::uint64_t from = 0, to = 0;  ///< which bytes of the connection; `to` is 0 until it came whole
  std::string id;                  ///< X-Kong-Request-Id
  std::string token;
  std::string method;
  bool whole = false;
};

/// A final response as a client got it, whole.
struct Receipt {
  std::string token;
  std::string id;
  int status = 0;
  std::uint64_t request_bytes = 0;   ///< 0: not known
  std::uint64_t response_bytes = 0;  ///< 0: not known; with the 1xx before it
};

/// A line of the access log.
struct Entry {
  std::string id;
  int status = 0;
  std::string error;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::size_t tries = 0;
};

struct Ledger {
  std::vector<Sight> sights;
  std::vector<Receipt> receipts;
  std::vector<Entry> entries;
  std::set<std::string> last_ones;   ///< by id: answers that were made during a drain
  std::map<std::string, int> begun;  ///< by id: handle() of the witness plugin
  std::map<std::string, int> ended;  ///< by id: its on_end()

  std::map<std::string, std::string> expected_errors;  ///< by token: what the log must say

  /// Reads one line; what is wrong with it, or "".
  std::string add_line(std::string_view line);
  /// What does not fit together. `attempts_max` bounds the attempts of an idempotent request.
  std::vector<std::string> check(std::size_t attempts_max) const;

  std::size_t sights_of(std::string_view token) const;
  const Entry* entry_of(std::string_view id) const;
  /// The id under which an upstream saw the token; "" when it never did.
  std::string id_of(std::string_view token) const;
};

}  // namespace sluice::sim
