#pragma once
// The language in which plugins are declared that are not served yet: settings as data, without
// C++ members to fill. Decoding checks what the file gives and drops it; schema and reference read
// the same tables. A default is written as JSON, that of a text without quotes.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "config/fields.h"
#include "config/plugins/known.h"

namespace sluice::config {

/// A text as template argument.
template <std::size_t Size>
struct Literal {
  char text[Size] = {};

  // NOLINTNEXTLINE(google-explicit-constructor): a text is written where one is meant
  consteval Literal(const char (&literal)[Size]) { std::copy_n(literal, Size, text); }

  constexpr std::string_view view() const { return {text, Size - 1}; }
};

namespace detail {

/// Where decoding may write a value that nobody reads; one for each thread and kind.
void* unread_value(TypeKind kind);

template <TypeKind Kind>
void* unread_member(void*) {
  return unread_value(Kind);
}

constexpr void clear_nothing(void*) {}

template <const Type& Element>
inline constexpr Type list_type = {
    .kind = TypeKind::list,
    .element = [] { return &Element; },
    .add = [](void*, std::string_view) { return unread_value(Element.kind); },
    .clear = clear_nothing};

inline constexpr Type map_type = {.kind = TypeKind::raw};

template <const auto& Fields>
constexpr Type object_type(std::string_view name) {
  return {.kind = TypeKind::object,
          .name = name,
          .fields = [] { return std::span<const Field>(Fields); },
          .check = [](void*, const Given&) {},
          .set_place = [](void*, Place) {}};
}

template <const auto& Fields>
inline constexpr Type unnamed_type = object_type<Fields>({});

template <const auto& Record>
constexpr const Type* record_type() {
  if constexpr (requires { Record.kind; })
    return &Record;
  else
    return &unnamed_type<Record>;
}

template <const auto& Fields, void (*Check)(const Given&)>
inline constexpr Type type_with_check = [] {
  Type type = object_type<Fields>({});
  type.check = [](void*, const Given& given) { Check(given); };
  return type;
}();

template <const auto& Fields, void (*Check)(const Given&)>
constexpr const Type* checked_type() {
  if constexpr (Check == nullptr)
    return &unnamed_type<Fields>;
  else
    return &type_with_check<Fields, Check>;
}

template <const auto& Record>
inline constexpr Type record_list_type = {
    .kind = TypeKind::list,
    .element = [] { return record_type<Record>(); },
    .add = [](void*, std::string_view) { return unread_value(TypeKind::object); },
    .clear = clear_nothing};

inline constexpr const Type& text_type = Describe<std::string>::type;
inline constexpr const Type& whole_type = Describe<std::int64_t>::type;
inline constexpr const Type& number_type = Describe<double>::type;
inline constexpr const Type& flag_type = Describe<bool>::type;

template <const Type& Of>
constexpr Field setting(std::string_view name, Constraint constraint, std::string_view standard) {
  return {.name = name,
          .constraint = constraint,
          .type = &Of,
          .member = unread_member<Of.kind>,
          .default_text = standard};
}

template <Literal... Words>
inline constexpr std::array<std::string_view, sizeof...(Words)> words = {Words.view()...};

template <std::int64_t... Numbers>
inline constexpr std::array<std::int64_t, sizeof...(Numbers)> numbers = {Numbers...};

}  // namespace detail

constexpr Field required(Field field) {
  field.presence = Presence::required;
  return field;
}

/// The old name of a setting, which Kong writes beside the new one.
constexpr Field deprecated(std::string_view name) {
  return {.name = name,
          .summary = "The old name of another setting; has no effect.",
          .presence = Presence::accepted};
}

constexpr Field confidential(Field field) {
  field.constraint.secret = true;
  return field;
}

constexpr Field text(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::text_type>(name, {}, standard);
}

constexpr Field texts(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::list_type<detail::text_type>>(name, {}, standard);
}

constexpr Field text_lists(std::string_view name) {
  return detail::setting<detail::list_type<detail::list_type<detail::text_type>>>(name, {}, {});
}

constexpr Field flag(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::flag_type>(name, {}, standard);
}

constexpr Field whole(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::whole_type>(name, {}, standard);
}

constexpr Field whole(std::string_view name, double low, double high,
                      std::string_view standard = {}) {
  return detail::setting<detail::whole_type>(name, between(low, high), standard);
}

constexpr Field wholes(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::list_type<detail::whole_type>>(name, {}, standard);
}

constexpr Field wholes(std::string_view name, double low, double high,
                       std::string_view standard = {}) {
  return detail::setting<detail::list_type<detail::whole_type>>(name, between(low, high), standard);
}

constexpr Field number(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::number_type>(name, {}, standard);
}

constexpr Field number(std::string_view name, double low, double high,
                       std::string_view standard = {}) {
  return detail::setting<detail::number_type>(name, between(low, high), standard);
}

constexpr Field numbers(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::list_type<detail::number_type>>(name, {}, standard);
}

/// One of some whole numbers.
template <std::int64_t... Numbers>
constexpr Field number_of(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::whole_type>(
      name, one_of(std::span<const std::int64_t>(detail::numbers<Numbers...>)), standard);
}

/// One of some words.
template <Literal... Words>
constexpr Field choice(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::text_type>(
      name, one_of(std::span<const std::string_view>(detail::words<Words...>)), standard);
}

template <Literal... Words>
constexpr Field choices(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::list_type<detail::text_type>>(
      name, one_of(std::span<const std::string_view>(detail::words<Words...>)), standard);
}

/// A map whose names are the user's.
constexpr Field map(std::string_view name) {
  return detail::setting<detail::map_type>(name, {}, {});
}

constexpr Field maps(std::string_view name) {
  return detail::setting<detail::list_type<detail::map_type>>(name, {}, {});
}

/// A record that several settings share: pages and schema name it once.
template <const auto& Fields>
constexpr Type object_of(std::string_view name) {
  return detail::object_type<Fields>(name);
}

/// `Record` is an array of fields, or what object_of made of one.
template <const auto& Record>
constexpr Field record(std::string_view name) {
  return {.name = name,
          .type = detail::record_type<Record>(),
          .member = detail::unread_member<TypeKind::object>};
}

template <const auto& Record>
constexpr Field records(std::string_view name, std::string_view standard = {}) {
  return detail::setting<detail::record_list_type<Record>>(name, {}, standard);
}

/// `Check` holds the rules between settings.
template <const auto& Fields, void (*Check)(const Given&) = nullptr>
constexpr KnownPlugin known(std::string_view name, AllowedScopes scopes, Summary summary) {
  return {name, scopes, summary.text(), detail::checked_type<Fields, Check>()};
}

}  // namespace sluice::config
