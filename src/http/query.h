#pragma once
// Query strings and application/x-www-form-urlencoded bodies: one reader for both (WHATWG URL §5).

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::http {

/// More pairs than this are refused, as far as a whole query or form is taken apart.
inline constexpr std::size_t query_parameters_max = 1000;

/// A pair as it stands in the text, still encoded.
struct QueryParameter {
  std::string_view name;
  std::string_view value;
  bool has_value = false;  ///< "a=" has one, "a" has none
};

/// Takes the next pair off `rest`, which is a query without its '?'; pairs without any byte are
/// passed over. Empty at the end.
std::optional<QueryParameter> next_query_parameter(std::string_view& rest) noexcept;

/// '+' is a space, triplets are bytes; a malformed triplet stays as it is. May hold any byte.
std::string decode_query(std::string_view encoded);

/// Whether decode_query(encoded) is `plain`, without making it.
bool query_decodes_to(std::string_view encoded, std::string_view plain) noexcept;

/// Appends `plain` so that decode_query() gives it back: every byte but RFC 3986's unreserved ones
/// as a triplet.
void append_query_encoded(std::string& out, std::string_view plain);

/// What a query says about one name.
struct QueryValue {
  std::size_t count = 0;  ///< how many pairs have the name
  bool has_value = false;
  std::string value;  ///< of the first one, decoded
};

QueryValue find_in_query(std::string_view query, std::string_view name);

/// `query` without the pairs of that name; the others stay byte for byte.
std::string without_parameter(std::string_view query, std::string_view name);

/// A query or form whose pairs are to change; what nobody touches stays byte for byte, in place.
class QueryEdit {
 public:
  /// Error(bad_request) for more than query_parameters_max pairs.
  static Result<QueryEdit> parse(std::string_view text);

  bool has(std::string_view name) const noexcept;
  /// The first value, decoded; empty where there is none.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  bool remove(std::string_view name);
  /// All values move; those that `to` had are gone.
  bool rename(std::string_view from, std::string_view to);
  /// One value instead of all, in the place of the first, or at the end.
  void set(std::string_view name, std::string_view value);
  void append(std::string_view name, std::string_view value);

  std::string text() const;

 private:
  struct Pair {
    std::string name;  ///< decoded
    std::string value;
    std::string encoded;
  };

  static Pair made(std::string_view name, std::string_view value);

  std::vector<Pair> pairs_;
};

}  // namespace sluice::http
