#pragma once
// Values that a file takes from the environment: decK's ${{ env "DECK_X" }} in its text, and
// Kong's {vault://env/x} in its values. What they stand for is never shown.

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/node.h"

namespace sluice::config {

/// decK's expressions are not YAML, so each is replaced by a word of the same length before the
/// text is read, and by its value in the tree.
class DeckExpressions {
 public:
  /// Replaces the expressions in `text`; one without a value is an error.
  DeckExpressions(std::string& text, Diagnostics& diagnostics);

  bool empty() const noexcept { return values_.empty(); }

  /// Whether one of them has no value.
  bool has_problem() const noexcept { return has_problem_; }

  /// `text` with the values in the place of their words.
  std::string expanded(std::string_view text) const;

 private:
  std::vector<std::string> values_;
  bool has_problem_ = false;
};

/// Puts values in the place of words of `expressions` and of references to vaults, in the whole
/// tree. A reference that has no value is an error.
void resolve_references(Document& document, const DeckExpressions& expressions,
                        Diagnostics& diagnostics);

}  // namespace sluice::config
