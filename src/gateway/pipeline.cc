#include "gateway/pipeline.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/consumers.h"
#include "gateway/exchange.h"
#include "gateway/proxy.h"

namespace sluice {

std::string_view name_of(Specificity specificity) noexcept {
  // In the order of the enumeration.
  static constexpr std::array<std::string_view, 13> names = {"consumer, route and service",
                                                             "consumer group, route and service",
                                                             "consumer and route",
                                                             "consumer and service",
                                                             "consumer group and route",
                                                             "consumer group and service",
                                                             "route and service",
                                                             "consumer",
                                                             "consumer group",
                                                             "route",
                                                             "service",
                                                             "global",
                                                             "nothing"};
  return names[std::to_underlying(specificity)];
}

const ScopeTable::Entry* ScopeTable::find(const std::vector<Entry>& entries,
                                          std::uint32_t owner) const noexcept {
  // Several where a route has plugins both for all its services and for this one.
  const Entry* best = nullptr;
  for (const Entry& entry : std::ranges::equal_range(entries, owner, {}, &Entry::owner))
    if (best == nullptr || entry.specificity < best->specificity) best = &entry;
  return best;
}

const Plugin* choose(const Step& step, const Consumer* consumer) noexcept {
  if (step.overlay == nullptr || consumer == nullptr) return step.plugin;
  const Overlay& overlay = *step.overlay;
  Specificity best = overlay.base;
  const Plugin* plugin = step.plugin;
  const auto offer = [&](const ScopeTable::Entry* entry) {
    if (entry == nullptr || entry->specificity >= best) return;
    best = entry->specificity;
    plugin = entry->plugin;
  };
  for (const ScopeTable* table : overlay.tables) {
    if (table == nullptr) continue;
    offer(table->find(table->consumers, consumer->index));
    for (const std::uint32_t group : consumer->groups)
      offer(table->find(table->groups, group));
  }
  return plugin;
}

const Plugin* StepChoices::decide(const Step& step, const Consumer* consumer) {
  for (const Choice& choice : choices_)
    if (choice.step == &step) return choice.plugin;
  const Plugin* plugin = choose(step, consumer);
  choices_.push_back({&step, plugin});
  return plugin;
}

const Plugin* StepChoices::decided(const Step& step, const Consumer* consumer) const noexcept {
  for (const Choice& choice : choices_)
    if (choice.step == &step) return choice.plugin;
  return choose(step, consumer);
}

http::ResponseTask Next::operator()(Exchange& exchange) const {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const Step& step = rest[i];
    const Plugin* plugin =
        step.overlay == nullptr ? step.plugin : exchange.choices.decide(step, exchange.consumer);
    if (plugin != nullptr) return plugin->handle(exchange, Next{rest.subspan(i + 1)});
  }
  return proxy(exchange);
}

void Pipeline::dress(Exchange& exchange, http::Response& response) const {
  for (const Step& step : steps) {
    const Plugin* plugin =
        step.overlay == nullptr ? step.plugin : exchange.choices.decide(step, exchange.consumer);
    if (plugin != nullptr) plugin->on_response(exchange, response);
  }
}

void Pipeline::end(const Exchange& exchange) const noexcept {
  for (const Step& step : steps) {
    const Plugin* plugin =
        step.overlay == nullptr ? step.plugin : exchange.choices.decided(step, exchange.consumer);
    if (plugin != nullptr) plugin->on_end(exchange);
  }
}

}  // namespace sluice
