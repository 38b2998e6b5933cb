#pragma once
// Settings as data: what decoding, the JSON Schema and the reference page read. Made from
// declarations by fields.h.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/diagnostics.h"
#include "config/node.h"

namespace sluice::config {

/// What is said about a setting; a declaration with an empty or unfinished sentence does not
/// compile.
class Summary {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a sentence is written where a summary is meant
  consteval Summary(const char* sentence) : text_(sentence) {
    if (text_.empty() || text_.back() != '.') the_summary_is_not_a_sentence();
  }

  constexpr std::string_view text() const { return text_; }

 private:
  static void the_summary_is_not_a_sentence() {}

  std::string_view text_;
};

/// How a duration is written in the file: a plain number of these.
enum class Unit : std::uint8_t { none, milliseconds, seconds };

/// What a value must be beyond its type. For a list it holds for every element.
struct Constraint {
  enum class Kind : std::uint8_t { none, between, one_of, non_empty, starts_with, matches };

  Kind kind = Kind::none;
  Unit unit = Unit::none;
  double low = 0;  ///< in the unit of the file
  double high = 0;
  std::string_view word;        ///< a text that may stand for a number ...
  std::int64_t word_value = 0;  ///< ... and which one
  std::span<const std::string_view> words;
  std::span<const std::int64_t> numbers;
  std::string_view text;  ///< starts_with: the prefix; matches: "must <text>"
  bool (*accepts)(std::string_view) = nullptr;
  bool unique = false;  ///< a list without repetitions
  bool is_set = false;  ///< a list of which repetitions are dropped
  bool secret = false;  ///< a credential: in no message, page or log
};

enum class TypeKind : std::uint8_t {
  boolean,
  integer,
  number,
  text,
  duration,
  enumeration,
  uuid,
  reference,
  optional,
  list,
  map,
  object,
  raw,
};

struct Field;
class Given;

/// How to read and write values of one C++ type. Members that a kind does not need are null.
struct Type {
  TypeKind kind = TypeKind::raw;
  std::string_view name;  ///< object: what messages and pages call it
  double low = 0;         ///< integer: what the type can hold
  double high = 0;
  void (*set_integer)(void* value,
                      std::int64_t number) = nullptr;  ///< integer, enumeration (its index)
  std::int64_t (*get_integer)(const void* value) = nullptr;
  std::span<const std::string_view> names;  ///< enumeration
  bool accepts_numbers = false;             ///< enumeration of versions: 1.2 is as good as "1.2"
  const Type* (*element)() = nullptr;       ///< optional, list, map
  void* (*add)(void* container,
               std::string_view key) = nullptr;  ///< optional: emplaces; map: under the key
  void (*clear)(void* container) = nullptr;
  std::size_t (*count)(const void* container) = nullptr;
  const void* (*at)(const void* container, std::size_t index) = nullptr;
  std::string_view (*key)(const void* container, std::size_t index) = nullptr;  ///< map
  std::span<const Field> (*fields)() = nullptr;                                 ///< object
  void (*check)(void* object, const Given& given) = nullptr;
  bool checks_flawed = false;  ///< `check` runs on flawed ones too, and asks Given::knows()
  void (*set_place)(void* object, Place place) = nullptr;
  std::shared_ptr<void> (*make)() = nullptr;  ///< object: with its defaults
};

enum class Presence : std::uint8_t {
  required,
  optional,
  later,     ///< known, but not served yet: any value but null is refused as unsupported
  accepted,  ///< known and without effect here
};

/// One setting of an object.
struct Field {
  std::string_view name;
  std::string_view summary;
  Presence presence = Presence::optional;
  Constraint constraint;
  const Type* type = nullptr;  ///< null for later and accepted
  void* (*member)(void* object) = nullptr;
  std::string_view default_text;  ///< of a setting without a C++ member: plugins/setting.h
};

/// What the file gave for one object: for rules between fields.
class Given {
 public:
  Given(const Node& node, const Path& path, Diagnostics& diagnostics,
        std::span<const std::string_view> wrong = {}, bool is_flawed = false)
      : node_(node), path_(path), diagnostics_(diagnostics), wrong_(wrong), is_flawed_(is_flawed) {}

  /// Whether something about the object is wrong already: what it lacks may be what is misspelt.
  bool is_flawed() const noexcept { return is_flawed_; }

  /// Whether the value of the field is what the file says, or its default. The others keep their
  /// default, and a rule that looks at one says nothing that is sure.
  bool knows(std::string_view field) const noexcept;
  bool knows(std::initializer_list<std::string_view> fields) const noexcept;

  /// Written, and not null.
  bool has(std::string_view field) const noexcept;
  /// What is written for a field, or null.
  const Node* value(std::string_view field) const noexcept;

  Place place() const noexcept { return node_.place(); }

  /// Of the value of a field, of an element of a list; of the object where it is not written.
  Place place(std::string_view field) const noexcept;
  Place place(std::string_view field, std::size_t index) const noexcept;

  const Path& path() const noexcept { return path_; }

  Diagnostics& diagnostics() const noexcept { return diagnostics_; }

  /// About the object as a whole.
  void error(std::string message) const;
  /// At the value of a field; at the object where the field is not written.
  void error(std::string_view field, std::string message) const;
  void unsupported(std::string_view field, std::string message) const;
  void warning(std::string_view field, std::string message) const;
  /// At an element of a list.
  void error(std::string_view field, std::size_t index, std::string message) const;
  void unsupported(std::string_view field, std::size_t index, std::string message) const;
  void warning(std::string_view field, std::size_t index, std::string message) const;

 private:
  const Node& node_;
  const Path& path_;
  Diagnostics& diagnostics_;
  std::span<const std::string_view> wrong_;
  bool is_flawed_;
};

/// Reads a node into a value of that type; problems go to `diagnostics`, and what is wrong stays as
/// it was. True where nothing was wrong.
bool decode_into(const Type& type, const Node& node, void* value, Diagnostics& diagnostics,
                 const Path& path);

/// `a whole number between 1 and 65535`: what a value must be, for messages and pages.
std::string expectation(const Type& type, const Constraint& constraint);

/// A value as JSON, in the units of the file: defaults in schema and reference.
std::string to_json(const Type& type, const Constraint& constraint, const void* value);

/// The default of a field, as JSON; `defaults` is an object of its owner, or null where the owner
/// has no C++ type.
std::string default_json(const Field& field, void* defaults);

}  // namespace sluice::config
