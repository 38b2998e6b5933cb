#pragma once
// The members "service" and "route" of an access log line, in Kong's field names.

#include <string>

#include "config/entities.h"
#include "gateway/route.h"

namespace sluice {

std::string service_log(const config::Service& service);

/// `service`: null where the route has none.
std::string route_log(const config::Route& route, const Service* service);

}  // namespace sluice
