#pragma once
// The declaration of plugins; apart, so that those who only use them compile none of it.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/plugin.h"

namespace sluice::config {

constexpr auto PluginPhases::fields() {
  return std::tuple{
      optional("access", &PluginPhases::access, unique(detail::name_rule), "Names of plugins."),
  };
}

constexpr auto PluginOrdering::fields() {
  return std::tuple{
      optional("before", &PluginOrdering::before, "Runs before these."),
      optional("after", &PluginOrdering::after, "Runs after these."),
  };
}

constexpr auto Plugin::fields() {
  return std::tuple{
      optional("id", &Plugin::id, detail::id_summary),
      required("name", &Plugin::name, detail::name_rule, "Which plugin."),
      optional("instance_name", &Plugin::instance_name, detail::name_rule,
               "Tells several uses of one plugin apart."),
      optional("config", &Plugin::config, "The settings of the plugin, by its own reference."),
      optional("enabled", &Plugin::enabled, "Whether it runs."),
      optional("protocols", &Plugin::protocols, unique(),
               "The protocols of requests that it runs for."),
      optional("service", &Plugin::service, "Only for this service."),
      optional("route", &Plugin::route, "Only for this route."),
      optional("consumer", &Plugin::consumer, "Only for this consumer."),
      optional("tags", &Plugin::tags, detail::tag_rule, detail::tags_summary),
      optional("consumer_group", &Plugin::consumer_group, "Only for the consumers of this group."),
      optional("ordering", &Plugin::ordering,
               "Runs before or after other plugins, whatever the priorities."),
      optional("_config", &Plugin::shared_config,
               "The entry of `_plugin_configs` that gives what `config` leaves out."),
      later("condition", "Runs only for requests for which the expression is true."),
      later("partials", "Settings shared between plugins."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
