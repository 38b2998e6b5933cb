#pragma once
// The plugins of one route in order, and which configuration of each counts for whom (kong.md §6).

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gateway/plugin.h"

namespace sluice {

struct Consumer;

/// The configurations of one plugin name, in one scope of route and service, that are for some
/// consumers or groups only.
struct ScopeTable {
  struct Entry {
    std::uint32_t owner;  ///< index of the consumer, or of the group
    Specificity specificity;
    const Plugin* plugin;
  };

  std::vector<Entry> consumers;  ///< sorted by owner
  std::vector<Entry> groups;

  const Entry* find(const std::vector<Entry>& entries, std::uint32_t owner) const noexcept;
};

/// What a step may become once the consumer is known.
struct Overlay {
  std::array<const ScopeTable*, 3>
      tables{};                             ///< of the route, its service, everywhere; may be null
  Specificity base = Specificity::nothing;  ///< of Step::plugin
};

/// The plugin that a step is for this consumer, which may be null; null where there is none.
const Plugin* choose(const Step& step, const Consumer* consumer) noexcept;

/// The steps of one route in order, and the same without routes (404).
struct Pipeline {
  std::vector<Step> steps;
  /// Header fields and query arguments that hold credentials: never logged.
  std::vector<std::string> secret_names;

  /// Steps that no request reached are decided here, as Kong goes on collecting after an answer.
  void dress(Exchange& exchange, http::Response& response) const;
  void end(const Exchange& exchange) const noexcept;
};

/// What the steps with an overlay were when the exchange reached them: what a plugin began, the
/// same configuration of it ends, whoever the consumer is by then.
class StepChoices {
 public:
  const Plugin* decide(const Step& step, const Consumer* consumer);
  /// Without keeping it.
  const Plugin* decided(const Step& step, const Consumer* consumer) const noexcept;

 private:
  struct Choice {
    const Step* step;
    const Plugin* plugin;
  };

  std::vector<Choice> choices_;
};

}  // namespace sluice
