#pragma once
// Keys for signing and encryption, and sets of them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"

namespace sluice::config {

/// A pair in PEM; one of the two may be missing.
struct KeyPem {
  std::optional<std::string> public_key;
  std::optional<std::string> private_key;

  static constexpr std::string_view type_name = "key_pem";
  static constexpr auto fields();
  static void check(KeyPem& pem, const Given& given);
};

struct Key {
  Uuid id;
  std::string kid;  ///< unique in its set
  std::optional<std::string> name;
  Reference set;
  std::optional<std::string> jwk;  ///< JSON (RFC 7517); either it or `pem` is given
  std::optional<KeyPem> pem;
  std::optional<std::string> x5t;
  std::vector<std::string> tags;

  std::optional<std::uint32_t> set_index;  ///< in LoadedFile::key_sets
  Place place;

  static constexpr std::string_view type_name = "key";
  static constexpr auto fields();
  static void check(Key& key, const Given& given);
};

struct KeySet {
  Uuid id;
  std::optional<std::string> name;
  std::vector<Key> keys;  ///< empty after loading: LoadedFile::keys has them
  std::vector<std::string> tags;
  Place place;

  static constexpr std::string_view type_name = "key_set";
  static constexpr auto fields();
};

}  // namespace sluice::config
