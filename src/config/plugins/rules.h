#pragma once
// Rules between the settings of plugins that are declared and not served yet.

#include "config/types.h"

namespace sluice::config {

/// One of `allow` and `deny`.
void check_acl(const Given& given);
/// At least one period, and a longer one never allows less.
void check_rate_limiting(const Given& given);
/// As many limits as windows.
void check_rate_limiting_advanced(const Given& given);
/// At least one grant.
void check_oauth2(const Given& given);
/// A body schema or parameters.
void check_request_validator(const Given& given);

}  // namespace sluice::config
