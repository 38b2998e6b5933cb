#include "runtime/listener.h"

#include "runtime/socket_stream.h"

namespace sluice {

Task<Result<Accepted>> Acceptor::accept() {
  if (!loop_.may_go_on()) co_await yield(loop_);
  if (!op_.pending() && !completed_) completed_ = op_.start();
  while (!completed_)
    co_await wait_for(loop_, waiting_);
  completed_ = false;
  if (op_->result < 0)
    co_return std::unexpected(io_error(static_cast<int>(-op_->result), "accept"));
  co_return Accepted{std::move(op_->accepted), std::move(op_->address)};
}

std::optional<Accepted> Acceptor::try_accept() {
  if (!op_.pending() && !completed_) completed_ = op_.start();
  if (!std::exchange(completed_, false) || op_->result < 0) return std::nullopt;
  return Accepted{std::move(op_->accepted), std::move(op_->address)};
}

}  // namespace sluice
