// Rules between the fields of a consumer.

#include "config/entities/consumer.h"

#include <fmt/format.h>

#include "config/entities/consumer_fields.h"

namespace sluice::config {

void Consumer::check(Consumer& consumer, const Given& given) {
  if (!consumer.username && !consumer.custom_id)
    given.error("field \"username\" or \"custom_id\" is required");
}

}  // namespace sluice::config
