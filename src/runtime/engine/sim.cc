#include "runtime/engine/sim.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include "runtime/loop.h"

namespace sluice {

struct SimEngine::End {
  enum class Kind : std::uint8_t { stream, listener, datagram } kind = Kind::stream;
  Address address;
  Address remote;
  std::weak_ptr<End> peer;
  bool connected = false;
  bool open = true;

  std::string received;        ///< arrived, not read
  std::size_t on_the_way = 0;  ///< sent to us, not arrived
  TimePoint last_arrival{};    ///< bytes arrive in order
  bool ended = false;          ///< the peer's FIN arrived
  bool was_reset = false;
  bool write_closed = false;
  bool fin_sent = false;

  std::deque<std::pair<Address, EndPtr>> backlog;  ///< of a listener
  std::deque<std::pair<Address, std::string>> datagrams;

  Op* reading = nullptr;
  Op* writing = nullptr;
  Op* watching = nullptr;
  std::uint64_t read_turn = 0;  ///< which operation a late completion was meant for
  std::uint64_t write_turn = 0;
};

class SimEngine::SimSocket final : public Socket {
 public:
  SimSocket(SimEngine& of, EndPtr its_end) : engine(of), end(std::move(its_end)) {
    ++engine.open_sockets_;
  }

  ~SimSocket() override {
    --engine.open_sockets_;
    engine.close(end);
  }

  SimEngine& engine;
  EndPtr end;
};

class SimEngine::SimPipe final : public Socket {
 public:
  std::string bytes;
};

namespace {

bool is_sending(Op::Kind kind) noexcept {
  return kind == Op::Kind::send || kind == Op::Kind::drain;
}

}  // namespace

SimFaults SimFaults::of_seed(std::uint64_t seed) {
  Random random(seed ^ 0x5157);
  SimFaults faults;
  constexpr std::array<std::size_t, 5> pieces = {1, 50, 700, 16'000, 256'000};
  constexpr std::array<std::size_t, 3> buffers = {1'000, 9'000, 200'000};
  faults.piece_max = pieces[random.below(pieces.size())];
  faults.buffer_bytes = buffers[random.below(buffers.size())];
  faults.delay_max = microseconds(1 + random.below(5000));
  faults.late_completion = static_cast<unsigned>(1 + random.below(8));
  faults.no_buffers = random.one_in(3) ? 20 : 0;
  faults.wall_jumps = random.one_in(4) ? 50 : 0;
  return faults;
}

SimEngine::SimEngine(std::uint64_t seed, SimFaults faults) : faults_(faults), random_(seed) {}

SimEngine::~SimEngine() {
  // Sockets that only happenings still know would close into a half-destroyed engine.
  while (!happenings_.empty())
    happenings_.pop();
}

void SimEngine::schedule(TimePoint when, std::move_only_function<void()> action) {
  happenings_.push({when, order_++, std::move(action)});
}

TimePoint SimEngine::soon() {
  return now_ +
         microseconds(random_.below(static_cast<std::uint64_t>(faults_.delay_max.count()) + 1));
}

void SimEngine::finish(Op& op, std::int64_t result) {
  ++completions_;
  trace_ =
      (trace_ ^ static_cast<std::uint64_t>(result) ^ (static_cast<std::uint64_t>(op.kind) << 40) ^
       static_cast<std::uint64_t>(now_.time_since_epoch().count())) *
      0x100000001b3;
  loop_->complete(op, result);
}

void SimEngine::attempt_later(const EndPtr& end, Op::Kind kind) {
  const std::uint64_t turn = is_sending(kind) ? end->write_turn : end->read_turn;
  schedule(soon(), [this, end, kind, turn] {
    if (turn == (is_sending(kind) ? end->write_turn : end->read_turn)) attempt(end, kind);
  });
}

void SimEngine::submit(Op& op) {
  const EndPtr end = static_cast<SimSocket&>(*op.socket).end;
  op.pending = true;
  switch (op.kind) {
    case Op::Kind::receive:
    case Op::Kind::accept:
    case Op::Kind::receive_from:
    case Op::Kind::fill:
      end->reading = &op;
      ++end->read_turn;
      break;
    case Op::Kind::send:
    case Op::Kind::drain:
      end->writing = &op;
      ++end->write_turn;
      break;
    case Op::Kind::hang_up:
      end->watching = &op;
      if (end->ended || end->was_reset) attempt_later(end, Op::Kind::hang_up);
      return;
    case Op::Kind::connect:
      return start_connect(end, op);
    case Op::Kind::send_to:
      return start_datagram(end, op);
    case Op::Kind::shutdown:
      op.pending = false;
      op.result = 0;
      end->write_closed = true;
      if (const EndPtr peer = end->peer.lock(); peer && !std::exchange(end->fin_sent, true)) {
        peer->last_arrival = std::max(peer->last_arrival, soon());
        schedule(peer->last_arrival, [this, peer] {
          peer->ended = true;
          attempt(peer, Op::Kind::receive);
          attempt(peer, Op::Kind::hang_up);
        });
      }
      return;
  }
  // Never inline: every caller must stand a completion that comes in a later turn. epoll shows the
  // inline case.
  if (random_.one_in(faults_.late_completion))
    attempt_later(end, op.kind);
  else
    schedule(now_, [this, end, kind = op.kind,
                    turn = is_sending(op.kind) ? end->write_turn : end->read_turn] {
      if (turn == (is_sending(kind) ? end->write_turn : end->read_turn)) attempt(end, kind);
    });
}

void SimEngine::cancel(Op& op) {
  const EndPtr end = static_cast<SimSocket&>(*op.socket).end;
  if (end->reading == &op) end->reading = nullptr;
  if (end->writing == &op) end->writing = nullptr;
  if (end->watching == &op) end->watching = nullptr;
  // The kernel may have begun: bytes of a cancelled send can still leave, and the completion comes
  // late.
  if (op.kind == Op::Kind::send && random_.one_in(2) && end->connected && !end->was_reset) {
    const Chunk& first = static_cast<SendOp&>(op).bytes[0];
    std::string bytes(first.text().substr(0, random_.below(first.size() + 1)));
    if (const EndPtr peer = end->peer.lock(); peer && !bytes.empty())
      deliver(peer, std::move(bytes));
  }
  schedule(soon(), [this, end, &op] { finish(op, -ECANCELED); });
}

void SimEngine::attempt(const EndPtr& end, Op::Kind kind) {
  switch (kind) {
    case Op::Kind::receive:
    case Op::Kind::receive_from:
    case Op::Kind::accept:
    case Op::Kind::fill:
      if (end->reading == nullptr) return;
      return end->kind == End::Kind::listener ? attempt_accept(*end) : attempt_receive(*end);
    case Op::Kind::send:
    case Op::Kind::drain:
      if (end->writing != nullptr) attempt_send(end);
      return;
    case Op::Kind::hang_up:
      if (end->watching != nullptr && (end->ended || end->was_reset))
        finish(*std::exchange(end->watching, nullptr), 0);
      return;
    default:
      return;
  }
}

void SimEngine::attempt_receive(End& end) {
  Op& op = *end.reading;
  if (end.kind == End::Kind::datagram) {
    if (end.datagrams.empty()) return;
    static_cast<AddressedOp&>(op).address = end.datagrams.front().first;
    op.chunk = Chunk::copy_of(end.datagrams.front().second);
    end.datagrams.pop_front();
    end.reading = nullptr;
    finish(op, static_cast<std::int64_t>(op.chunk.size()));
    return;
  }
  if (end.was_reset) {
    end.reading = nullptr;
    finish(op, -ECONNRESET);
    return;
  }
  if (end.received.empty() && !end.ended) return;
  end.reading = nullptr;
  if (random_.one_in(faults_.no_buffers)) return finish(op, -ENOBUFS);
  if (end.received.empty()) return finish(op, 0);
  const std::size_t most =
      std::min({std::size_t{op.wanted}, end.received.size(), faults_.piece_max});
  const std::size_t size = random_.one_in(3) ? 1 + random_.below(most) : most;
  const std::string_view bytes = std::string_view(end.received).substr(0, size);
  if (op.kind == Op::Kind::fill) {
    PipePtr& pipe = static_cast<PipeOp&>(op).pipe;
    if (pipe) std::abort();  // a pipe is drained before the next is filled
    if (random_.one_in(8)) return finish(op, -EMFILE);
    auto* taken = new SimPipe;
    taken->bytes = bytes;
    pipe = PipePtr(taken);
  } else
    op.chunk = Chunk::copy_of(bytes);
  end.received.erase(0, size);
  const EndPtr peer = end.peer.lock();
  finish(op, static_cast<std::int64_t>(size));
  if (peer && peer->writing != nullptr) attempt_later(peer, Op::Kind::send);
}

void SimEngine::attempt_send(const EndPtr& end) {
  Op& op = *end->writing;
  const EndPtr peer = end->peer.lock();
  if (end->was_reset || !peer || !peer->open || end->write_closed) {
    end->writing = nullptr;
    if (!end->was_reset && peer && !peer->open)
      reset(end);  // what the closed peer's kernel answers
    return finish(op, end->was_reset ? -ECONNRESET : -EPIPE);
  }
  if (random_.one_in(faults_.no_buffers)) {
    end->writing = nullptr;
    return finish(op, -ENOBUFS);
  }
  const std::size_t used = peer->received.size() + peer->on_the_way;
  if (used >= faults_.buffer_bytes) return;
  std::size_t room =
      std::min(faults_.buffer_bytes - used, std::max<std::size_t>(faults_.piece_max, 1));
  if (random_.one_in(3)) room = 1 + random_.below(room);
  std::string bytes;
  if (op.kind == Op::Kind::drain) {
    std::string& waiting = static_cast<SimPipe&>(*static_cast<PipeOp&>(op).pipe).bytes;
    if (waiting.empty()) std::abort();  // nobody drains what was not filled
    bytes = waiting.substr(0, std::min<std::size_t>(room, op.wanted));
    waiting.erase(0, bytes.size());
  } else {
    for (const Chunk& chunk : static_cast<SendOp&>(op).bytes) {
      bytes.append(chunk.text().substr(0, room - bytes.size()));
      if (bytes.size() == room) break;
    }
  }
  const auto size = static_cast<std::int64_t>(bytes.size());
  deliver(peer, std::move(bytes));
  end->writing = nullptr;
  finish(op, size);
}

void SimEngine::deliver(const EndPtr& to, std::string bytes) {
  to->on_the_way += bytes.size();
  to->last_arrival = std::max(to->last_arrival, soon());
  schedule(to->last_arrival, [this, to, bytes = std::move(bytes)] {
    to->on_the_way -= bytes.size();
    to->received += bytes;
    if (!to->open) {
      // Data for a closed socket: its kernel answers with a reset.
      if (const EndPtr sender = to->peer.lock()) reset(sender);
      return;
    }
    attempt(to, Op::Kind::receive);
  });
}

void SimEngine::attempt_accept(End& end) {
  if (end.backlog.empty()) return;
  auto& op = static_cast<AddressedOp&>(*std::exchange(end.reading, nullptr));
  auto [address, connection] = std::move(end.backlog.front());
  end.backlog.pop_front();
  op.address = address;
  op.accepted = SocketPtr(new SimSocket(*this, std::move(connection)));
  finish(op, 0);
}

void SimEngine::start_connect(const EndPtr& end, Op& op) {
  end->writing = &op;
  ++end->write_turn;
  if (random_.one_in(faults_.connect_hangs)) return;
  const Address to = static_cast<AddressedOp&>(op).address;
  schedule(soon(), [this, end, to, turn = end->write_turn] {
    if (end->write_turn != turn || end->writing == nullptr) return;
    Op& connecting = *std::exchange(end->writing, nullptr);
    const auto found = listeners_.find(to.text());
    const EndPtr listener = found == listeners_.end() ? nullptr : found->second.lock();
    if (!listener || !listener->open || random_.one_in(faults_.connect_fails))
      return finish(connecting, -ECONNREFUSED);
    auto other = std::make_shared<End>();
    end->address = Address::from_ip("10.1.0.1", next_port_++).value();
    if (next_port_ == 0) next_port_ = 40'000;
    end->remote = other->address = to;
    other->remote = end->address;
    other->peer = end;
    end->peer = other;
    other->connected = end->connected = true;
    listener->backlog.emplace_back(end->address, other);
    finish(connecting, 0);
    attempt(listener, Op::Kind::accept);
    if (random_.one_in(faults_.connection_resets))
      schedule(now_ + microseconds(
                          random_.below(static_cast<std::uint64_t>(faults_.reset_within.count()))),
               [this, end, other] {
                 reset(end);
                 reset(other);
               });
  });
}

void SimEngine::start_datagram(const EndPtr& end, Op& op) {
  op.pending = false;
  op.result = static_cast<std::int64_t>(op.chunk.size());
  if (random_.one_in(faults_.datagram_lost)) return;
  schedule(soon(), [this, from = end->address, to = static_cast<AddressedOp&>(op).address.text(),
                    bytes = std::string(op.chunk.text())] {
    const auto found = datagram_ends_.find(to);
    if (found == datagram_ends_.end()) return;
    const EndPtr target = found->second.lock();
    if (!target) return;
    target->datagrams.emplace_back(from, bytes);
    attempt(target, Op::Kind::receive_from);
  });
}

void SimEngine::reset(const EndPtr& end) {
  if (std::exchange(end->was_reset, true)) return;
  attempt(end, Op::Kind::receive);
  attempt(end, Op::Kind::send);
  attempt(end, Op::Kind::hang_up);
}

void SimEngine::close(const EndPtr& end) {
  end->open = false;
  for (auto& [address, connection] : end->backlog)
    if (const EndPtr client = connection->peer.lock())
      schedule(soon(), [this, client] { reset(client); });
  const EndPtr peer = end->peer.lock();
  if (!peer) return;
  if (!end->received.empty() || end->on_the_way > 0) {
    // Unread bytes at close: a reset, which may overtake what we sent (RFC 1122 §4.2.2.13).
    schedule(soon(), [this, peer] { reset(peer); });
    return;
  }
  peer->last_arrival = std::max(peer->last_arrival, soon());
  schedule(peer->last_arrival, [this, peer] {
    peer->ended = true;
    attempt(peer, Op::Kind::receive);
    attempt(peer, Op::Kind::send);
    attempt(peer, Op::Kind::hang_up);
  });
}

void SimEngine::wait(TimePoint until) {
  stalled_ = false;
  completions_ = 0;
  if (random_.one_in(faults_.wall_jumps))
    wall_offset_ += seconds(random_.below(7200)) - seconds(3600);
  while (!std::exchange(woken_, false) && completions_ == 0) {
    if (happenings_.empty() || happenings_.top().when > until) {
      if (until == never)
        stalled_ = true;
      else
        now_ = std::max(now_, until);
      return loop_->read_clock();
    }
    // Everything of one instant happens before anybody hears of it.
    now_ = std::max(now_, happenings_.top().when);
    loop_->read_clock();
    while (!happenings_.empty() && happenings_.top().when <= now_) {
      auto action = std::move(const_cast<Happening&>(happenings_.top()).action);
      happenings_.pop();
      action();
    }
  }
}

Result<SocketPtr> SimEngine::listen(const Address& address, const ListenOptions&) {
  auto end = std::make_shared<End>();
  end->kind = End::Kind::listener;
  end->address = address;
  if (end->address.port == 0) end->address.port = next_port_++;
  if (const auto found = listeners_.find(end->address.text()); found != listeners_.end())
    if (const EndPtr other = found->second.lock(); other && other->open)
      return fail(ErrorCode::io_failed, "address in use: " + end->address.text());
  listeners_[end->address.text()] = end;
  return SocketPtr(new SimSocket(*this, std::move(end)));
}

Result<SocketPtr> SimEngine::stream_socket(Address::Family) {
  return SocketPtr(new SimSocket(*this, std::make_shared<End>()));
}

Result<SocketPtr> SimEngine::datagram_socket(Address::Family) {
  SocketPtr socket(new SimSocket(*this, std::make_shared<End>()));
  static_cast<SimSocket&>(*socket).end->kind = End::Kind::datagram;
  bind(*socket, Address::from_ip("10.1.0.1", next_port_++).value());
  return socket;
}

void SimEngine::bind(Socket& socket, const Address& address) {
  const EndPtr& end = static_cast<SimSocket&>(socket).end;
  end->address = address;
  datagram_ends_[address.text()] = end;
}

Address SimEngine::local_address(Socket& socket) {
  return static_cast<SimSocket&>(socket).end->address;
}

}  // namespace sluice
