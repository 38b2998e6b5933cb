#pragma once
// Identifiers of entities (RFC 9562), and Kong's way to derive them from names so that every node
// has the same.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  bool is_nil() const noexcept { return *this == Uuid(); }

  /// 36 characters, lower case.
  std::string text() const;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// The usual form of 36 characters, in either case; nothing for any other text.
std::optional<Uuid> parse_uuid(std::string_view text) noexcept;

/// Version 5 (RFC 9562 section 5.5): the same name in the same space is the same identifier.
Uuid uuid_v5(const Uuid& space, std::string_view name);

/// The space of one kind of entity ("services"), in which Kong derives the ids that a file leaves
/// out.
Uuid entity_space(std::string_view kind);

/// The identifier that Kong gives an entity of a file without `id`: `kind` is the plural
/// ("services"), `key` what makes it unique among them.
Uuid entity_id(std::string_view kind, std::string_view key);

/// SHA-1 of both texts behind each other, as 40 digits: the form in which Kong keeps passwords.
std::string sha1_hex(std::string_view first, std::string_view second);

}  // namespace sluice::config
