#include "gateway/worker_state.h"

namespace sluice {
namespace {

void hand_back(WorkerState& worker, std::unique_ptr<Pin> pin) {
  if (worker.give_back) worker.give_back(std::move(pin->snapshot));
}

}  // namespace

void WorkerState::install(std::shared_ptr<const Snapshot> snapshot) {
  snapshot->begin(loop.wall());
  server = snapshot->settings().server;
  client = snapshot->settings().client;
  pool = snapshot->settings().pool;
  tls.use(snapshot->certificates());
  auto previous = std::exchange(pin, std::make_unique<Pin>(std::move(snapshot)));
  balancers.forget([&](std::string_view group) { return pin->snapshot->balances(group); });
  if (previous == nullptr) return;
  if (previous->exchanges == 0) return hand_back(*this, std::move(previous));
  previous.release()->retired = true;  // its last PinRef takes it
}

PinRef::~PinRef() {
  if (--pin_->exchanges == 0 && pin_->retired) hand_back(worker_, std::unique_ptr<Pin>(pin_));
}

}  // namespace sluice
