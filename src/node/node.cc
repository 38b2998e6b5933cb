#include "node/node.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "base/memory.h"
#include "gateway/access_line.h"
#include "node/resolver_settings.h"
#include "runtime/engine/epoll.h"
#include "tls/certificates.h"

namespace sluice {
namespace {

// What signals ask for; the handler may only store and ring.
std::atomic<bool> reload_wanted = false;
std::atomic<int> stops_wanted = 0;
std::atomic<Loop*> control_loop = nullptr;

void on_signal(int number) {
  if (number == SIGHUP)
    reload_wanted.store(true);
  else
    stops_wanted.fetch_add(1);
  if (Loop* loop = control_loop.load()) loop->ring();
}

void heed(int number) {
  struct sigaction action{};
  action.sa_handler = on_signal;
  ::sigaction(number, &action, nullptr);
}

/// What one worker may hold. Beside clients a node needs descriptors for upstreams, as many as for
/// clients, and some for listeners, logs and pipes.
WorkerShare share_of(const config::Gateway& gateway, std::uint64_t descriptors,
                     std::size_t workers) {
  WorkerShare share;
  share.pipes = std::min<std::uint64_t>(64, descriptors / 16 / workers);
  const std::uint64_t others =
      std::min<std::uint64_t>(128, descriptors / 4) + 2 * share.pipes * workers;
  const std::uint64_t clients =
      gateway.limits.connections != 0 ? gateway.limits.connections : (descriptors - others) / 2;
  share.connections = std::max<std::uint64_t>(clients / workers, 1);
  return share;
}

log::Level level_of(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug:
      return log::Level::debug;
    case config::LogLevel::info:
      return log::Level::info;
    case config::LogLevel::warn:
      return log::Level::warn;
    default:
      return log::Level::error;
  }
}

}  // namespace

Node::Node(NodeOptions options) : options_(std::move(options)) {}

Node::~Node() {
  control_loop.store(nullptr);
  for (std::thread* const job : {&job_, &self_signing_})
    if (job->joinable()) job->join();
  workers_.clear();
  // What workers and jobs still sent us.
  if (loop_) loop_->turn(loop_->now());
  log::end_background();
}

bool Node::start() {
  fill_standard_streams();
  // A reload that is wanted meanwhile comes behind the start.
  heed(SIGHUP);
  Compiled compiled = compile(options_, nullptr);
  memory::trim();
  if (!compiled.problems.empty()) std::fputs(compiled.problems.c_str(), stderr);
  if (compiled.snapshot == nullptr) return false;
  gateway_ = std::move(compiled.gateway);
  started_ = gateway_;
  status_.warnings = std::move(compiled.warnings);
  std::string problem;
  if (!open_log(gateway_, problem)) {
    std::fprintf(stderr, "sluice: %s\n", problem.c_str());
    return false;
  }
  if (!open_engine() || !start_workers(gateway_)) return false;
  // Before any listener: a connection may bring a request in the turn that it is accepted.
  install(compiled.snapshot);
  if (!open_status(gateway_, problem) || !open_listeners(gateway_, problem)) {
    std::fprintf(stderr, "sluice: %s\n", problem.c_str());
    return false;
  }
  status_.ready = true;
  // What keeps a node from starting is said at once; from here on nobody waits for the log.
  log::begin_background();
  for (auto& worker : workers_)
    worker->start();

  offer_self_signed();

  static_cast<void>(background_->spawn(heed_signals()));
  static_cast<void>(background_->spawn(watch_file()));
  for (const std::string& address : listening_)
    log::info("listening on " + address);
  if (gateway_.status) log::info("status on http://" + gateway_.status->address + "/status");
  return true;
}

bool Node::open_log(const config::Gateway& gateway, std::string& problem) {
  const auto opened = log::open(gateway.log.path, level_of(gateway.log.level));
  if (!opened)
    problem = "cannot write the log " + gateway.log.path + ": " + opened.error().detail.text() +
              "; set gateway.log.path to a writable path";
  return opened.has_value();
}

bool Node::open_engine() {
  auto engine = make_epoll_engine();
  if (!engine) {
    std::fprintf(stderr, "sluice: cannot start: %s\n", engine.error().detail.text().c_str());
    return false;
  }
  engine_ = *std::move(engine);
  loop_ = std::make_unique<Loop>(*engine_);
  background_ = std::make_unique<Scope>(*loop_, 8);
  control_loop.store(loop_.get());
  heed(SIGTERM);
  heed(SIGINT);
  ::signal(SIGPIPE, SIG_IGN);
  return true;
}

bool Node::start_workers(const config::Gateway& gateway) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  const std::size_t count =
      gateway.workers != 0 ? gateway.workers : std::max(1u, std::thread::hardware_concurrency());
  if (gateway.access_log) {
    auto opened = telemetry::AccessLog::open(gateway.access_log->path, count, write_access_line,
                                             status_.log_lines_lost);
    if (!opened) {
      std::fprintf(stderr, "sluice: %s\n", opened.error().detail.text().c_str());
      return false;
    }
    access_log_ = *std::move(opened);
  }
  for (std::size_t i = 0; i < count; ++i) {
    auto worker =
        Worker::make(resolver_settings(gateway.dns), share_of(gateway, descriptors, count),
                     gateway.tcp.congestion_control.value_or(""));
    if (!worker) {
      std::fprintf(stderr, "sluice: cannot start worker %zu: %s\n", i,
                   worker.error().detail.text().c_str());
      return false;
    }
    WorkerState& state = (*worker)->state();
    state.give_back = [this](std::shared_ptr<const Snapshot> done) {
      loop_->post([kept = std::move(done)]() mutable {
        const bool last = kept.use_count() == 1;
        kept.reset();
        if (last) memory::trim();
      });
    };
    if (access_log_) state.access_log = &access_log_->sink(i);
    status_.workers.push_back(&(*worker)->metrics());
    workers_.push_back(*std::move(worker));
  }
  char id[37];
  const std::uint64_t high = loop_->random(), low = loop_->random();
  std::snprintf(id, sizeof id, "%08x-%04x-4%03x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xfff),
                static_cast<unsigned>(0x8000 | (low >> 50)),
                static_cast<unsigned long long>(low & 0xffffffffffff));
  status_.node_id = id;
  return true;
}

ListenerOptions listener_options(const config::Gateway& gateway,
                                 const config::ListenerSettings& listener) {
  ListenerOptions options;
  options.handshake_timeout = gateway.timeouts.tls_handshake;
  if (listener.tls)
    options.tls = {.min_version = listener.tls->min_version == config::TlsVersion::tls_1_3
                                      ? tls::Version::tls_1_3
                                      : tls::Version::tls_1_2,
                   .http2 = listener.tls->http2};
  options.h2c = listener.h2c;
  options.proxy_protocol = listener.proxy_protocol;
  return options;
}

/// Binds every new address for every worker before any of them accepts.
bool Node::open_listeners(const config::Gateway& gateway, std::string& problem) {
  ListenOptions options;
  options.congestion_control = gateway.tcp.congestion_control.value_or("");

  struct Opened {
    std::string address;
    std::vector<SocketPtr> sockets;
    ListenerOptions options;
  };

  std::vector<Opened> opened;
  for (const auto& listener : gateway.listeners) {
    if (std::ranges::find(listening_, listener.address) != listening_.end()) continue;
    const auto address = Address::parse(listener.address);
    if (!address) {
      problem = address.error().detail.text();
      return false;
    }
    Opened& entry =
        opened.emplace_back(Opened{listener.address, {}, listener_options(gateway, listener)});
    // A path has one socket: the first worker serves it.
    const bool shared = address->family != Address::Family::unix_path;
    for (std::size_t i = 0; i < (shared ? workers_.size() : 1); ++i) {
      options.alone = i == 0;
      auto socket = engine_->listen(*address, options);
      if (!socket) {
        problem = socket.error().detail.text();
        return false;
      }
      entry.sockets.push_back(*std::move(socket));
    }
  }
  for (Opened& entry : opened) {
    for (std::size_t i = 0; i < entry.sockets.size(); ++i) {
      Worker& worker = *workers_[i];
      worker.loop().post([&worker, address = entry.address, socket = std::move(entry.sockets[i]),
                          listener = entry.options]() mutable {
        worker.add_listener(address, std::move(socket), listener);
      });
    }
    listening_.push_back(std::move(entry.address));
  }
  return true;
}

bool Node::open_status(const config::Gateway& gateway, std::string& problem) {
  if (!gateway.status) {
    status_server_.reset();
    return true;
  }
  const auto address = Address::parse(gateway.status->address);
  if (!address) {
    problem = address.error().detail.text();
    return false;
  }
  ListenOptions options;
  options.reuse_port = false;
  auto socket = engine_->listen(*address, options);
  if (!socket) {
    problem = socket.error().detail.text() + " (gateway.status.address)";
    return false;
  }
  status_server_ = std::make_unique<StatusServer>(*loop_, status_, *std::move(socket));
  return true;
}

void Node::offer_self_signed() {
  const bool is_shown = snapshot_->certificates()->may_show_self_signed() &&
                        std::ranges::any_of(gateway_.listeners, [](const auto& listener) {
                          return listener.tls.has_value();
                        });
  if (is_shown && !self_signing_.joinable())
    self_signing_ = std::thread(tls::add_rsa_to_self_signed);
}

Task<Done> Node::heed_signals() {
  for (;;) {
    if (reload_wanted.exchange(false)) {
      if (access_log_) access_log_->reopen();
      std::string problem;
      if (!open_log(gateway_, problem)) log::error(problem);
      begin_reload("SIGHUP");
    }
    const int stops = stops_wanted.load();
    if (stops > 0 && !std::exchange(draining_, true))
      static_cast<void>(background_->spawn(drain()));
    if (stops > 1) {
      log::warn("stopped at once by a second signal; requests in flight are cut");
      cut_short_ = true;
      loop_->stop();
    }
    co_await wait_for(*loop_, loop_->rings());
  }
}

int Node::run() {
  loop_->run();
  const int code = cut_short_ ? 1 : 0;
  if (reloading_) leave_load_behind(code);
  return code;
}

/// A file that is large, or that a dead mount holds, must not keep a node from its end.
void Node::leave_load_behind(int code) {
  log::warn("the node ends while a configuration is being loaded");
  workers_.clear();
  access_log_.reset();
  log::end_background();
  std::_Exit(code);
}

}  // namespace sluice
