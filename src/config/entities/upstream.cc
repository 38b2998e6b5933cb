// Rules between the fields of an upstream, and what of it is not served yet.

#include "config/entities/upstream.h"

#include <fmt/format.h>

#include "config/entities/upstream_fields.h"

namespace sluice::config {

void Target::check(Target& target, const Given&) {
  if (auto split = split_host_port(target.target)) {
    target.host = std::move(split->host);
    target.port = split->port.value_or(8000);
    const bool is_v6 = target.host.find(':') != std::string::npos;
    target.target =
        fmt::format("{}{}{}:{}", is_v6 ? "[" : "", target.host, is_v6 ? "]" : "", target.port);
  }
}

void Upstream::check(Upstream& upstream, const Given& given) {
  if (upstream.algorithm != Algorithm::round_robin)
    given.unsupported("algorithm", fmt::format("algorithm \"{}\" is not supported yet",
                                               name_of(upstream.algorithm)));
  for (const std::string_view field : {"hash_on", "hash_fallback"}) {
    const HashInput input = field == "hash_on" ? upstream.hash_on : upstream.hash_fallback;
    if (input != HashInput::none)
      given.unsupported(field,
                        fmt::format("{} \"{}\" is not supported yet", field, name_of(input)));
  }
  if (upstream.use_srv_name) given.unsupported("use_srv_name", "use_srv_name is not supported yet");
  if (given.has("healthchecks"))
    given.unsupported("healthchecks", "health checks are not supported yet");
}

}  // namespace sluice::config
