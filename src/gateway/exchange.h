#pragma once
// One request, its response, and all that is known about them. Owned by the frame of
// Gateway::respond.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/consumers.h"
#include "gateway/plugin.h"
#include "gateway/record.h"
#include "gateway/route.h"
#include "gateway/router/captures.h"
#include "gateway/router/question.h"
#include "gateway/trace.h"
#include "http/message.h"

namespace sluice {

struct WorkerState;
class PinRef;
class Snapshot;

/// Who sent the request, as far as the node trusts what it is told (kong.md §3).
struct Origin {
  bool trusted_peer = false;   ///< the connection's other end is in gateway.trusted_ips
  std::string_view client_ip;  ///< after real_ip_header; the peer's own address otherwise
  std::string_view proto;      ///< X-Forwarded-Proto of a trusted peer, else the listener's scheme
  std::string_view host;       ///< without port, as the client named it or a trusted peer says
  std::string_view port;       ///< of the listener, or a trusted peer's X-Forwarded-Port
};

struct Exchange {
  Exchange(WorkerState& its_worker, const Snapshot& its_snapshot, http::Incoming& from,
           const http::ClientPtr& by)
      : worker(its_worker), snapshot(its_snapshot), incoming(from), client(by) {}

  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  WorkerState& worker;
  const Snapshot&
      snapshot;  ///< of the moment the request came; pinned by whoever owns the exchange
  http::Incoming& incoming;
  const http::ClientPtr& client;
  http::Request request;
  Origin origin;
  std::string_view path;       ///< normalised, without query; what routing and authorisation see
  std::string_view query;      ///< without '?'
  bool has_query = false;      ///< an empty query is kept
  bool received_mark = false;  ///< the target had a '?'
  std::string_view received_query;  ///< as the client sent it
  PathMatch matched_path;           ///< the part of `path` that the route's path matched
  std::string_view
      upstream_path;  ///< instead of what service and route make of `path`; "" for that
  std::string_view upstream_host;  ///< instead of the Host that service and route choose
  const upstream::TargetGroup* targets = nullptr;  ///< instead of the service's; null for those
  const Route* route = nullptr;                    ///< null: global plugins only, ending in 404
  const Pipeline* pipeline = nullptr;
  const Consumer* consumer = nullptr;  ///< null until authentication said who calls
  std::string_view credential_id;      ///< what proved it; "" for the anonymous consumer
  StepChoices choices;
  TimePoint received_at{};
  TimePoint head_by = never;  ///< nothing waits longer for a response's head
  TimePoint call_by = never;  ///< nor for the end of a call of gRPC that said how long it waits
  Record record;
  std::unique_ptr<Trace> trace;  ///< of a request that asked for one; its pipeline runs then

  std::string_view matched_prefix() const noexcept { return path.substr(0, matched_path.size); }

  /// What the groups of the route's regular expression captured; worked out in the call.
  UriCaptures uri_captures() const { return UriCaptures(matched_path.regex, path); }

  /// A plugin's own state between its hooks, default-constructed at first use.
  template <class T>
  T& note(const Plugin& owner) {
    for (auto& [plugin, value] : notes_)
      if (plugin == &owner) return static_cast<Note<T>&>(*value).value;
    notes_.emplace_back(&owner, std::make_unique<Note<T>>());
    return static_cast<Note<T>&>(*notes_.back().second).value;
  }

 private:
  struct AnyNote {
    virtual ~AnyNote() = default;
  };

  template <class T>
  struct Note final : AnyNote {
    T value{};
  };

  std::vector<std::pair<const Plugin*, std::unique_ptr<AnyNote>>> notes_;
};

}  // namespace sluice
