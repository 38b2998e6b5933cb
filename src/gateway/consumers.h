#pragma once
// Who may call, compiled: consumers, and what proves that a request is one's.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/key_table.h"
#include "http/headers.h"

namespace sluice {

namespace config {
struct LoadedFile;
}

struct Exchange;

struct Consumer {
  std::uint32_t index = 0;  ///< in the configuration
  std::string id;
  std::string username;
  std::string custom_id;
  std::vector<std::uint32_t> groups;  ///< by name of the group: the first one counts
};

/// Immutable, in the snapshot.
class Consumers {
 public:
  Consumers() = default;
  explicit Consumers(const config::LoadedFile& file);

  const Consumer& at(std::uint32_t index) const noexcept { return consumers_[index]; }

  /// By id, else by username; null where nobody has it. For compiling.
  const Consumer* find(std::string_view id_or_username) const;

  const KeyTable& keys() const noexcept { return keys_; }

 private:
  std::vector<Consumer> consumers_;
  std::map<std::string_view, std::uint32_t> by_name_;
  KeyTable keys_;
};

/// Says to all that follows, and to the upstream, who is calling (kong.md §3). Without a credential
/// the consumer is the anonymous one. What the client said about itself is gone. An Error where the
/// configuration holds a name that no header field can carry.
Result<Done> set_consumer(Exchange& exchange, const Consumer& consumer,
                          std::string_view credential_id);

/// Removes every field that only the gateway may set: plugins do, and upstreams believe them.
void remove_identity(http::Headers& headers);

}  // namespace sluice
