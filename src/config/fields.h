#pragma once
// The language in which settings are declared. One declaration drives parsing, defaults, checks,
// error text, the JSON Schema and the reference:
//
//   struct Limit {
//     std::uint32_t burst = 1;
//     static constexpr std::string_view type_name = "limit";
//     static constexpr auto fields() {
//       return std::tuple{optional("burst", &Limit::burst, between(1, 1000), "Requests at once.")};
//     }
//     static void check(Limit& limit, const Given& given);   // rules between fields; may be left
//     out
//   };
//
// A member named `place` is set to where the object begins in the file.

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/types.h"
#include "config/uuid.h"

namespace sluice::config {

/// Names and the values under each, in the order of the file: the type of Kong's `headers`.
template <class Value>
using Named = std::vector<std::pair<std::string, Value>>;

/// Another entity by its name or id, as written; the loader resolves it.
struct Reference {
  std::string key;
  Place place;

  bool empty() const noexcept { return key.empty(); }
};

// ---- constraints

/// A whole number, a number, or each element of a list of them.
constexpr Constraint between(double low, double high) {
  return {.kind = Constraint::Kind::between, .low = low, .high = high};
}

/// A duration that the file gives as a whole number of milliseconds.
constexpr Constraint milliseconds_between(double low, double high) {
  return {.kind = Constraint::Kind::between, .unit = Unit::milliseconds, .low = low, .high = high};
}

/// A duration that the file gives as a number of seconds, fractions allowed.
constexpr Constraint seconds_between(double low, double high) {
  return {.kind = Constraint::Kind::between, .unit = Unit::seconds, .low = low, .high = high};
}

/// The range, or a word that stands for a number outside it: workers: auto.
constexpr Constraint word_or(std::string_view word, std::int64_t value, Constraint constraint) {
  constraint.word = word;
  constraint.word_value = value;
  return constraint;
}

/// `words` lives as long as the process.
constexpr Constraint one_of(std::span<const std::string_view> words) {
  return {.kind = Constraint::Kind::one_of, .words = words};
}

constexpr Constraint one_of(std::span<const std::int64_t> numbers) {
  return {.kind = Constraint::Kind::one_of, .numbers = numbers};
}

constexpr Constraint non_empty() {
  return {.kind = Constraint::Kind::non_empty};
}

constexpr Constraint starts_with(std::string_view prefix) {
  return {.kind = Constraint::Kind::starts_with, .text = prefix};
}

/// Any rule on a text; `expected` continues "must": "be a host name".
constexpr Constraint matches(bool (*accepts)(std::string_view), std::string_view expected) {
  return {.kind = Constraint::Kind::matches, .text = expected, .accepts = accepts};
}

/// A list in which no element comes twice.
constexpr Constraint unique(Constraint constraint = {}) {
  constraint.unique = true;
  return constraint;
}

/// A list of which repetitions are dropped, as of Kong's sets.
constexpr Constraint set_of(Constraint constraint) {
  constraint.is_set = true;
  return constraint;
}

/// A credential: what the file gives for it is never shown.
constexpr Constraint confidential(Constraint constraint = {}) {
  constraint.secret = true;
  return constraint;
}

// ---- declarations

template <class Owner, class Member>
struct Declared {
  std::string_view name;
  Member Owner::* member;
  Constraint constraint;
  std::string_view summary;
  Presence presence;
};

struct Undeclared {
  std::string_view name;
  std::string_view summary;
  Presence presence;
};

template <class Owner, class Member>
constexpr auto required(std::string_view name, Member Owner::* member, Summary summary) {
  return Declared<Owner, Member>{name, member, {}, summary.text(), Presence::required};
}

template <class Owner, class Member>
constexpr auto required(std::string_view name, Member Owner::* member, Constraint constraint,
                        Summary summary) {
  return Declared<Owner, Member>{name, member, constraint, summary.text(), Presence::required};
}

template <class Owner, class Member>
constexpr auto optional(std::string_view name, Member Owner::* member, Summary summary) {
  return Declared<Owner, Member>{name, member, {}, summary.text(), Presence::optional};
}

template <class Owner, class Member>
constexpr auto optional(std::string_view name, Member Owner::* member, Constraint constraint,
                        Summary summary) {
  return Declared<Owner, Member>{name, member, constraint, summary.text(), Presence::optional};
}

/// A setting that is known and not served yet: refused with a message that says so.
constexpr Undeclared later(std::string_view name, Summary summary) {
  return {name, summary.text(), Presence::later};
}

/// A setting that has no effect here, so that files which hold it load.
constexpr Undeclared accepted(std::string_view name, Summary summary) {
  return {name, summary.text(), Presence::accepted};
}

// ---- from C++ types to Type

namespace detail {

template <class T>
concept Settings = requires { T::fields(); };

/// Settings whose check() runs on flawed objects too, and asks Given::knows().
template <typename T>
concept ChecksFlawed = requires { T::checks_flawed; };

template <class T>
struct Describe;

template <class T>
const Type* type_of() {
  return &Describe<T>::type;
}

template <class T>
void set_integer(void* value, std::int64_t number) {
  *static_cast<T*>(value) = static_cast<T>(number);
}

template <class T>
std::int64_t get_integer(const void* value) {
  return static_cast<std::int64_t>(*static_cast<const T*>(value));
}

template <>
struct Describe<bool> {
  static constexpr Type type = {.kind = TypeKind::boolean};
};

template <>
struct Describe<double> {
  static constexpr Type type = {.kind = TypeKind::number};
};

template <>
struct Describe<std::string> {
  static constexpr Type type = {.kind = TypeKind::text};
};

template <>
struct Describe<std::chrono::milliseconds> {
  static constexpr Type type = {.kind = TypeKind::duration};
};

template <>
struct Describe<Uuid> {
  static constexpr Type type = {.kind = TypeKind::uuid};
};

template <>
struct Describe<Reference> {
  static constexpr Type type = {.kind = TypeKind::reference};
};

template <>
struct Describe<const Node*> {
  static constexpr Type type = {.kind = TypeKind::raw};
};

template <std::integral T>
struct Describe<T> {
  static constexpr Type type = {.kind = TypeKind::integer,
                                .low = static_cast<double>(std::numeric_limits<T>::min()),
                                .high = static_cast<double>(std::numeric_limits<T>::max()),
                                .set_integer = set_integer<T>,
                                .get_integer = get_integer<T>};
};

/// An enumeration has its names, in the order of its values from 0, in `names_of(T)` beside it.
template <class T>
  requires std::is_enum_v<T>
struct Describe<T> {
  static constexpr auto names = names_of(T{});
  static constexpr Type type = {.kind = TypeKind::enumeration,
                                .set_integer = set_integer<T>,
                                .get_integer = get_integer<T>,
                                .names = names,
                                .accepts_numbers = requires {accepts_numbers(T{});
}
};  // namespace detail
};  // namespace sluice::config

template <class T>
struct Describe<std::optional<T>> {
  static void* add(void* value, std::string_view) {
    return &static_cast<std::optional<T>*>(value)->emplace();
  }

  static void clear(void* value) { static_cast<std::optional<T>*>(value)->reset(); }

  static std::size_t count(const void* value) {
    return static_cast<const std::optional<T>*>(value)->has_value() ? 1 : 0;
  }

  static const void* at(const void* value, std::size_t) {
    return std::to_address(static_cast<const std::optional<T>*>(value)->operator->());
  }

  static constexpr Type type = {.kind = TypeKind::optional,
                                .element = type_of<T>,
                                .add = add,
                                .clear = clear,
                                .count = count,
                                .at = at};
};

template <class T>
struct Describe<std::vector<T>> {
  static_assert(!std::is_same_v<T, bool>, "a list of booleans has no addressable elements");

  static void* add(void* value, std::string_view) {
    return &static_cast<std::vector<T>*>(value)->emplace_back();
  }

  static void clear(void* value) { static_cast<std::vector<T>*>(value)->clear(); }

  static std::size_t count(const void* value) {
    return static_cast<const std::vector<T>*>(value)->size();
  }

  static const void* at(const void* value, std::size_t index) {
    return &(*static_cast<const std::vector<T>*>(value))[index];
  }

  static constexpr Type type = {.kind = TypeKind::list,
                                .element = type_of<T>,
                                .add = add,
                                .clear = clear,
                                .count = count,
                                .at = at};
};

template <class T>
struct Describe<std::vector<std::pair<std::string, T>>> {
  using Container = std::vector<std::pair<std::string, T>>;

  static void* add(void* value, std::string_view key) {
    return static_cast<void*>(&static_cast<Container*>(value)->emplace_back(key, T{}).second);
  }

  static void clear(void* value) { static_cast<Container*>(value)->clear(); }

  static std::size_t count(const void* value) {
    return static_cast<const Container*>(value)->size();
  }

  static const void* at(const void* value, std::size_t index) {
    return static_cast<const void*>(&(*static_cast<const Container*>(value))[index].second);
  }

  static std::string_view key(const void* value, std::size_t index) {
    return (*static_cast<const Container*>(value))[index].first;
  }

  static constexpr Type type = {.kind = TypeKind::map,
                                .element = type_of<T>,
                                .add = add,
                                .clear = clear,
                                .count = count,
                                .at = at,
                                .key = key};
};

template <class T, std::size_t Index>
void* member_of(void* object) {
  constexpr auto declared = std::get<Index>(T::fields());
  return static_cast<void*>(&(static_cast<T*>(object)->*declared.member));
}

/// Whether a duration has its unit, looking through optional and list.
template <class T>
constexpr bool is_duration = std::is_same_v<T, std::chrono::milliseconds>;
template <class T>
constexpr bool is_duration<std::optional<T>> = is_duration<T>;
template <class T>
constexpr bool is_duration<std::vector<T>> = is_duration<T>;

template <class T, std::size_t Index, class Owner, class Member>
constexpr Field erase(const Declared<Owner, Member>& declared) {
  static_assert(std::is_base_of_v<Owner, T>);
  static_assert(is_duration<Member> == (std::get<Index>(T::fields()).constraint.unit != Unit::none),
                "a duration, and nothing else, declares the unit in which the file gives it");
  return {declared.name,       declared.summary,        declared.presence,
          declared.constraint, &Describe<Member>::type, member_of<T, Index>};
}

template <class T, std::size_t Index>
constexpr Field erase(const Undeclared& declared) {
  return {declared.name, declared.summary, declared.presence, {}, nullptr, nullptr};
}

template <class T>
inline constexpr auto field_table = []<std::size_t... Index>(std::index_sequence<Index...>) {
  return std::array<Field, sizeof...(Index)>{erase<T, Index>(std::get<Index>(T::fields()))...};
}(std::make_index_sequence<std::tuple_size_v<decltype(T::fields())>>());

template <Settings T>
struct Describe<T> {
  static std::span<const Field> fields() { return field_table<T>; }

  static std::shared_ptr<void> make() { return std::make_shared<T>(); }

  static void check(void* object, const Given& given) {
    if constexpr (requires(T& value) { T::check(value, given); })
      T::check(*static_cast<T*>(object), given);
  }

  static void set_place(void* object, Place place) {
    if constexpr (requires(T& value) { value.place = place; })
      static_cast<T*>(object)->place = place;
  }

  static constexpr Type type = {.kind = TypeKind::object,
                                .name = T::type_name,
                                .fields = fields,
                                .check = check,
                                .checks_flawed = ChecksFlawed<T>,
                                .set_place = set_place,
                                .make = make};
};

}  // namespace detail

/// The description of a settings type, for schema and reference.
template <class T>
const Type& type_of() {
  return *detail::type_of<T>();
}

/// A settings struct from what the file said; what is wrong is in `diagnostics` and keeps its
/// default.
template <class T>
T decode(const Node& node, Diagnostics& diagnostics, const Path& path = {}) {
  T value{};
  decode_into(type_of<T>(), node, &value, diagnostics, path);
  return value;
}

}  // namespace sluice::config
