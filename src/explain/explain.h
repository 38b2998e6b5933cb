#pragma once
// `sluice explain`: one request through the gateway's own code, without a network. Everything runs
// as in a node (parsing, routing, plugins, the upstream's request, error answers) but the last
// step, which writes down what it would send.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/effective.h"
#include "config/load.h"
#include "gateway/record.h"
#include "gateway/snapshot.h"
#include "gateway/trace.h"

namespace sluice::explain {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A request as a person describes it.
struct RequestSpec {
  std::string method = "GET";
  std::string scheme = "http";
  std::string authority;
  std::string target = "/";
  Fields fields;     ///< beside Host, which overrides the authority where it is given
  std::string body;  ///< empty: none
  std::string sni;   ///< of the TLS handshake; only with https
  std::string from = "127.0.0.1";
  std::string listener;  ///< the address of one of gateway.listeners; empty: the nearest
};

/// `[scheme://host[:port]]/path[?query]`; an Error says what to write.
Result<RequestSpec> parse_url(std::string_view url);

/// Where something stands in the file; line 0: nowhere.
struct Named {
  std::string name;
  std::string id;
  config::Place place;
};

struct ExplainedCandidate {
  Named route;
  std::size_t rank = 0;  ///< from 1
  std::vector<Misfit> misfits;
};

struct ExplainedRoute {
  Named route;
  Named service;  ///< without name and id: none
  std::size_t rank = 0;
  std::string matched;  ///< the part of the path that strip_path removes
  bool strips_path = false;
  Fields captures;  ///< of its regular expression; a number for a group without a name
};

/// Another configuration of a plugin, that is less specific.
struct ShadowedPlugin {
  Named plugin;
  Specificity scope{};
};

struct ExplainedPlugin {
  std::string_view name;
  std::string instance_name;
  Named plugin;
  Specificity scope = Specificity::nothing;  ///< of a plugin for other consumers only
  TracedStep::Outcome outcome{};
  std::vector<config::EffectiveSetting> settings;
  std::vector<ShadowedPlugin> shadowed;
};

struct Explanation {
  std::string method;
  std::string url;
  std::string client_ip;
  std::string listener;        ///< the address at which the request comes in
  bool listener_fits = false;  ///< it speaks TLS as the URL says
  /// What its handshake asks of the client: "required" or "optional"; empty: nothing. The rest is
  /// as for one that shows a good certificate.
  std::string client_certificate;
  std::string path;  ///< as routes see it
  std::size_t candidate_count = 0;
  std::optional<ExplainedRoute> route;
  std::vector<ExplainedCandidate> rejected;  ///< those nearest to a match, in order of evaluation
  std::size_t rejected_count = 0;
  std::vector<ExplainedPlugin> plugins;
  std::string consumer;  ///< empty: nobody is known
  std::optional<TracedForward> forward;
  std::size_t target_count = 0;
  std::uint16_t status = 0;  ///< of the answer; 0: the upstream decides
  Source answered_by = Source::gateway;
  std::string error;  ///< its name; empty: none
  Fields answer;      ///< fields of the answer's head that the gateway and its plugins make
  std::string body;   ///< of an answer without the upstream

  /// Whether the request would get to its upstream, or to an answer that is no refusal.
  bool succeeds() const noexcept { return route && status < 400; }
};

struct Options {
  std::size_t rejected_max = 20;
  WallTime now;  ///< for what expires
};

/// The listener at which a request comes in: the one that is named, else of those that speak TLS
/// where the URL says so one with the URL's port, or the first; null where the named one is none.
const config::ListenerSettings* listener_for(const RequestSpec& request,
                                             const config::Gateway& gateway);

/// Nothing in the result is a credential. The listener that the request names is one.
Explanation explain(const config::LoadedFile& file, PluginCatalog catalog,
                    const std::shared_ptr<const Snapshot>& snapshot, const RequestSpec& request,
                    const Options& options);

}  // namespace sluice::explain
