#pragma once
// The entities of one kind while a file is resolved: what others call them, and what none of them
// may share.

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/diagnostics.h"
#include "config/uuid.h"

namespace sluice::config {

class Directory {
 public:
  /// `kind` is Kong's plural, from which ids are derived; `noun` is for messages. Both live as long
  /// as the process, `diagnostics` as long as this.
  Directory(std::string_view kind, std::string_view noun, Diagnostics& diagnostics)
      : space_(entity_space(kind)), noun_(noun), diagnostics_(diagnostics) {}

  Uuid derive(std::string_view key) const { return uuid_v5(space_, key); }

  std::string_view noun() const noexcept { return noun_; }

  void reserve(std::size_t count);

  /// What is added from here on belongs to the next entity.
  void enter(Place place) { places_.push_back(place); }

  /// Both places are in the message where the name is taken. An empty name adds nothing.
  void add_name(std::string_view what, const std::string& name, const Path& path);

  /// An id that the file gives. One that is derived is as unique as what it is derived from.
  void add_id(const Uuid& id, const Path& path);

  void add_derived_id(const Uuid& id) { ids_.emplace(id, last()); }

  /// A further unique text, by which nobody refers to the entity. `shown` stands for it in the
  /// message; nothing does where it is empty, as a credential's has to be.
  void add_unique(std::string_view what, const std::string& key, std::string_view shown,
                  const Path& path);

  /// By name, else by id.
  std::optional<std::uint32_t> find(const std::string& key) const;

  /// `, did you mean "orders"?`, or empty.
  std::string suggestion_for(std::string_view key) const;

 private:
  using Index = std::unordered_map<std::string, std::uint32_t>;

  struct HashOfId {
    // The bytes of a version 5 identifier are a hash already.
    std::size_t operator()(const Uuid& id) const noexcept {
      std::size_t hash = 0;
      std::memcpy(&hash, id.bytes.data(), sizeof hash);
      return hash;
    }
  };

  std::uint32_t last() const { return static_cast<std::uint32_t>(places_.size() - 1); }

  void add(Index& index, std::string_view what, const std::string& key, std::string_view shown,
           const Path& path);

  void report(std::string_view what, std::string_view shown, std::uint32_t taken,
              const Path& path) const;

  Uuid space_;
  std::string_view noun_;
  Diagnostics& diagnostics_;
  std::vector<Place> places_;
  Index names_;
  std::unordered_map<Uuid, std::uint32_t, HashOfId> ids_;
  Index unique_;
};

}  // namespace sluice::config
