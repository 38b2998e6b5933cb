#pragma once
// Texts with $(...) in them, which a request fills in: what Kong writes in Lua, without Lua.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gateway/exchange.h"

namespace sluice {

/// A text such as `/users/$(uri_captures.id)?$(query_params["a"] or "none")`. In the brackets
/// stands a value: headers.NAME, query_params.NAME, uri_captures.NAME, uri_captures[N] or
/// shared.NAME, each also as NAME["..."]; several with `or` between them are the first one that is
/// there, and a text in quotation marks always is. What is nowhere is the empty text.
class Template {
 public:
  /// Error(invalid_configuration), its detail says what is wrong.
  static Result<Template> parse(std::string_view text);

  /// Whether it is the same for all requests.
  bool is_constant() const noexcept { return pieces_.empty(); }

  /// Whether it asks for shared.NAME, which no plugin writes: it is never there.
  bool asks_for_shared() const noexcept;

  /// May hold any byte that a client can send. `encode`: for what a request fills in.
  std::string fill(const Exchange& exchange,
                   std::string (*encode)(std::string_view) = nullptr) const;

  /// Cuts off what stands behind the first `byte` that the text itself has, outside of $(...), and
  /// that byte; empty where there is none.
  std::optional<Template> split_off(char byte);

 private:
  enum class Source : std::uint8_t { literal, header, query, capture, shared };

  struct Term {
    Source source = Source::literal;
    std::string name;  ///< or the text itself
    std::size_t number = 0;
    bool is_number = false;
  };

  struct Piece {
    std::string before;
    std::vector<Term> terms;  ///< the first one that is there
  };

  friend class TemplateReader;

  static bool read(const Term& term, const Exchange& exchange, std::string& value);

  std::vector<Piece> pieces_;
  std::string rest_;
};

}  // namespace sluice
