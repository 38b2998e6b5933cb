#pragma once
// Routes and services as a request meets them: compiled from the configuration, immutable, in a
// snapshot.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "gateway/pipeline.h"
#include "gateway/proxy_protocol.h"
#include "upstream/balancer.h"
#include "upstream/transport.h"

namespace sluice {

struct CompiledPlugins;

struct Service {
  std::string id;
  std::string name;
  std::string path;  ///< "" or begins with '/'
  std::uint32_t retries = 5;
  milliseconds connect_timeout{60'000};
  milliseconds write_timeout{60'000};
  milliseconds read_timeout{60'000};
  std::optional<milliseconds> request_timeout;
  upstream::TargetGroup targets;
  upstream::Transport transport;
  /// For `targets`, where they get to see another certificate.
  std::optional<upstream::Transport> targets_transport;
  ProxyVersion proxy_protocol = ProxyVersion::none;
  bool enabled = true;   ///< else its routes match nothing
  std::string log_json;  ///< the member "service" of an access log line

  /// Whether targets get to see the certificate of their upstream: the service has none (Kong).
  bool shows_certificate_of(const upstream::TargetGroup& group) const noexcept {
    return group.certificate.pair != nullptr && transport.tls != nullptr &&
           transport.tls->certificate == nullptr;
  }
};

struct Route {
  std::string id;
  std::string name;
  bool strip_path = true;
  bool preserve_host = false;
  bool http = true;   ///< `protocols` has http or grpc: it is also for clients without TLS
  bool grpc = false;  ///< `protocols` has grpc or grpcs
  std::uint16_t https_redirect_status_code = 426;
  std::optional<milliseconds> request_timeout;
  const Service* service = nullptr;
  Pipeline pipeline;
  std::shared_ptr<const CompiledPlugins>
      plugins;           ///< what of the pipeline is the route's own; null: the snapshot has it
  std::string log_json;  ///< the member "route" of an access log line
};

}  // namespace sluice
