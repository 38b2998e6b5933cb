#pragma once
// Rules and summaries that the declarations of several entities share.

#include <array>
#include <cstdint>
#include <span>

#include "config/entities/common.h"
#include "config/fields.h"
#include "config/matchers.h"

namespace sluice::config {

namespace detail {

inline constexpr std::array<std::int64_t, 5> redirect_codes = {426, 301, 302, 307, 308};

inline constexpr Constraint name_rule = matches(is_entity_name, name_form);
inline constexpr Constraint tag_rule = set_of(matches(is_tag, tag_form));
inline constexpr Constraint path_rule = matches(is_plain_path, plain_path_form);
inline constexpr Constraint header_rule = matches(is_header_name, "be the name of a header field");
inline constexpr Constraint timeout_rule = milliseconds_between(1, milliseconds_max);

inline constexpr Summary id_summary =
    "Identifies the entity; derived from what makes it unique where it is not given.";
inline constexpr Summary tags_summary = "Words to find the entity by.";
inline constexpr Summary time_summary =
    "Accepted for files that were dumped from Kong; has no effect.";

}  // namespace detail

}  // namespace sluice::config
