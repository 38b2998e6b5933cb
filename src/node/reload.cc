// A new configuration: compiled beside the traffic, swapped in whole, or refused whole.

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

#include "base/log.h"
#include "base/memory.h"
#include "gateway/access_line.h"
#include "gateway/plugin_check.h"
#include "node/node.h"

namespace sluice {

Node::Compiled Node::compile(const NodeOptions& options, const Snapshot* previous) {
  Compiled compiled;
  config::LoadResult loaded = config::load_file(options.file, {options.allow_unsupported});
  if (loaded.file) {
    compiled.snapshot =
        Snapshot::compile(*loaded.file, options.catalog, loaded.diagnostics, previous);
    compiled.gateway = std::move(loaded.file->gateway);
    if (loaded.diagnostics.has_errors()) compiled.snapshot = nullptr;
  }
  check_flawed(loaded, options.catalog);
  compiled.problems = loaded.diagnostics.render();
  compiled.warnings = loaded.diagnostics.warnings();
  return compiled;
}

/// A pipe that `run` could read may never have another writer.
Node::Compiled Node::recompile(const NodeOptions& options, const Snapshot* previous) {
  std::error_code problem;
  if (!std::filesystem::exists(options.file, problem) ||
      std::filesystem::is_regular_file(options.file, problem))
    return compile(options, previous);
  Compiled refused;
  refused.problems = options.file + ": is no regular file, and so is not read again\n";
  return refused;
}

void Node::begin_reload(std::string_view reason) {
  if (draining_) return;
  if (reloading_) {
    reload_again_ = true;
    return;
  }
  reloading_ = true;
  log::info("loading " + options_.file + " (" + std::string(reason) + ")");
  if (job_.joinable()) job_.join();
  job_ = std::thread([this, previous = snapshot_] {
    Compiled compiled = recompile(options_, previous.get());
    loop_->post(
        [this, compiled = std::move(compiled)]() mutable { finish_reload(std::move(compiled)); });
    memory::trim();  // a large file leaves several times its size behind
  });
}

void Node::finish_reload(Compiled compiled) {
  reloading_ = false;
  if (draining_) {
    log::info("the node stops: the new configuration is not looked at any more");
    return;
  }
  std::string problem = compiled.problems;
  bool applied = false;
  AccessLogChange access_log;
  if (compiled.snapshot != nullptr) {
    // Addresses and files first: if one cannot be had, nothing has changed.
    problem.clear();
    if (!compiled.problems.empty()) log::warn(compiled.problems);
    const bool status_moves =
        compiled.gateway.status.has_value() != gateway_.status.has_value() ||
        (gateway_.status && compiled.gateway.status->address != gateway_.status->address);
    applied = open_listeners(compiled.gateway, problem) &&
              open_access_log(compiled.gateway, access_log, problem) &&
              open_log(compiled.gateway, problem) &&
              (!status_moves || open_status(compiled.gateway, problem));
  }
  if (applied) {
    for (std::string& waiting : waiting_for_restart(compiled.gateway)) {
      log::warn(waiting);
      compiled.warnings.push_back(std::move(waiting));
    }
    use_access_log(std::move(access_log));
    install(compiled.snapshot);
    apply_listeners(compiled.gateway);
    gateway_ = std::move(compiled.gateway);
    offer_self_signed();
    ++status_.reloads;
    status_.last_problem.clear();
    status_.warnings = std::move(compiled.warnings);
    log::info("loaded: " + std::to_string(status_.services) + " services, " +
              std::to_string(status_.routes) + " routes");
  } else {
    ++status_.reloads_failed;
    status_.last_problem = problem;
    // What was bound and opened for the refused configuration is let go again.
    apply_listeners(gateway_);
    if (std::string lost; !open_log(gateway_, lost)) log::error(lost);
    log::error("the configuration is not loaded, the old one stays in force:\n" + problem);
  }
  if (std::exchange(reload_again_, false)) begin_reload("changed again");
}

/// What the new configuration asks for and a running node cannot give.
std::vector<std::string> Node::waiting_for_restart(const config::Gateway& wanted) const {
  const std::pair<std::string_view, bool> settings[] = {
      {"workers", wanted.workers != started_.workers},
      {"engine", wanted.engine != started_.engine},
      {"limits.connections", wanted.limits.connections != started_.limits.connections},
      {"dns", wanted.dns != started_.dns},
      {"tcp", wanted.tcp != started_.tcp},
  };
  std::vector<std::string> waiting;
  for (const auto& [name, changed] : settings)
    if (changed) waiting.push_back("gateway." + std::string(name) + " changes with a restart");
  return waiting;
}

void Node::apply_listeners(const config::Gateway& gateway) {
  std::erase_if(listening_, [&](const std::string& address) {
    if (std::ranges::find(gateway.listeners, address, &config::ListenerSettings::address) !=
        gateway.listeners.end())
      return false;
    for (auto& worker : workers_)
      worker->loop().post([&worker = *worker, address] { worker.remove_listener(address); });
    log::info("no longer listening on " + address);
    return true;
  });
  for (const config::ListenerSettings& listener : gateway.listeners)
    for (auto& worker : workers_)
      worker->loop().post([&worker = *worker, address = listener.address,
                           options = listener_options(gateway, listener)] {
        worker.set_listener_options(address, options);
      });
}

void Node::install(const std::shared_ptr<const Snapshot>& snapshot) {
  status_.services = snapshot->service_count();
  status_.routes = snapshot->route_count();
  status_.certificates = snapshot->certificates();
  snapshot_ = snapshot;
  for (auto& worker : workers_)
    worker->loop().post([&worker = *worker, snapshot] { worker.state().install(snapshot); });
}

bool Node::open_access_log(const config::Gateway& gateway, AccessLogChange& change,
                           std::string& problem) {
  const std::string wanted = gateway.access_log ? gateway.access_log->path : "";
  change.wanted = wanted != (access_log_ ? access_log_->path() : "");
  if (!change.wanted || wanted.empty()) return true;
  auto opened = telemetry::AccessLog::open(wanted, workers_.size(), write_access_line,
                                           status_.log_lines_lost);
  if (opened)
    change.next = *std::move(opened);
  else
    problem = opened.error().detail.text();
  return opened.has_value();
}

void Node::use_access_log(AccessLogChange change) {
  if (!change.wanted) return;
  // Workers let go of the old log first; the last of them sends it back to be closed here.
  std::shared_ptr<telemetry::AccessLog> old(std::move(access_log_));
  access_log_ = std::move(change.next);
  for (std::size_t i = 0; i < workers_.size(); ++i)
    workers_[i]->loop().post(
        [this, &worker = *workers_[i], log = access_log_.get(), i, old]() mutable {
          worker.state().access_log = log != nullptr ? &log->sink(i) : nullptr;
          loop_->post([kept = std::move(old)] {});
        });
}

Task<Done> Node::watch_file() {
  const auto stamp = [this] {
    struct stat status{};
    if (::stat(options_.file.c_str(), &status) != 0) return std::string();
    return std::to_string(status.st_ino) + "." + std::to_string(status.st_size) + "." +
           std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
  };
  std::string loaded = stamp();
  std::string previous = loaded;
  for (;;) {
    co_await sleep_until(*loop_, loop_->now() + milliseconds(50));
    if (!gateway_.watch) continue;
    const std::string present = stamp();
    // Two equal looks: an editor that still writes is waited for.
    const bool settled = !present.empty() && present == std::exchange(previous, present);
    if (!settled || present == loaded) continue;
    loaded = present;
    begin_reload("the file changed");
  }
}

}  // namespace sluice
