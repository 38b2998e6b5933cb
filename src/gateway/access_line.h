#pragma once
// One line of JSON for an exchange that is over: the fields of Kong's log object (kong.md §7).

#include <string_view>

#include "telemetry/json.h"

namespace sluice {

/// Appends the line of a record of put_access_record(). Any thread: a record is all that it needs.
void write_access_line(std::string_view record, telemetry::JsonText& line);

}  // namespace sluice
