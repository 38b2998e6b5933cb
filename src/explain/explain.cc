#include "explain/explain.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "explain/world.h"
#include "gateway/plugin_check.h"
#include "gateway/proxy.h"
#include "gateway/secrets.h"
#include "http/text.h"

namespace sluice::explain {
namespace {

Named named(const config::Route& route) {
  return {route.name.value_or(""), route.id.text(), route.place};
}

Named named(const config::Service& service) {
  return {service.name.value_or(""), service.id.text(), service.place};
}

/// The entities that compiled ones were made from.
class Origins {
 public:
  explicit Origins(const config::LoadedFile& file) : file_(file) {
    for (const config::Route& route : file.routes)
      routes_.emplace(route.id.text(), &route);
  }

  const config::Route* route(std::string_view id) const {
    const auto found = routes_.find(id);
    return found == routes_.end() ? nullptr : found->second;
  }

  const config::Service* service_of(const config::Route& route) const {
    return route.service_index ? &file_.services[*route.service_index] : nullptr;
  }

  const config::Plugin* plugin(std::string_view id) const {
    const auto found = std::ranges::find_if(
        file_.plugins, [&](const config::Plugin& plugin) { return plugin.id.text() == id; });
    return found == file_.plugins.end() ? nullptr : &*found;
  }

  const config::LoadedFile& file() const noexcept { return file_; }

 private:
  const config::LoadedFile& file_;
  std::map<std::string, const config::Route*, std::less<>> routes_;
};

/// Whether a plugin entity reaches a request of that route and consumer.
bool reaches(const config::Plugin& plugin, const config::Route* route,
             const config::LoadedFile& file, const Consumer* consumer) {
  if (plugin.route_index && (route == nullptr || &file.routes[*plugin.route_index] != route))
    return false;
  if (plugin.service_index && (route == nullptr || plugin.service_index != route->service_index))
    return false;
  if (plugin.consumer_index && (consumer == nullptr || consumer->index != *plugin.consumer_index))
    return false;
  if (plugin.consumer_group_index &&
      (consumer == nullptr ||
       std::ranges::find(consumer->groups, *plugin.consumer_group_index) == consumer->groups.end()))
    return false;
  return runs_for_http(plugin);
}

/// The configuration that a step ran, or would run; null where it has some for other consumers
/// only.
const Plugin* shown_plugin(const TracedStep& step) {
  return step.plugin != nullptr ? step.plugin : step.step->plugin;
}

/// Any configuration of a step without one of its own: all have the same name.
const Plugin* any_plugin(const Step& step) {
  if (step.overlay == nullptr) return nullptr;
  for (const ScopeTable* table : step.overlay->tables) {
    if (table == nullptr) continue;
    for (const auto* entries : {&table->consumers, &table->groups})
      if (!entries->empty()) return entries->front().plugin;
  }
  return nullptr;
}

/// What of a message may be shown.
class Curtain {
 public:
  Curtain(const config::LoadedFile& file, SecretNames secrets) : secrets_(secrets) {
    for (const config::Plugin& plugin : file.plugins)
      if (plugin.config != nullptr) config::collect_concealed(*plugin.config, concealed_);
    // Transformers take `name:value`, of which the value goes on alone.
    for (std::size_t i = concealed_.size(); i-- > 0;)
      if (const std::size_t colon = concealed_[i].find(':'); colon + 1 < concealed_[i].size())
        concealed_.push_back(concealed_[i].substr(colon + 1));
  }

  std::string value(std::string_view name, std::string_view text) const {
    if (is_secret_field(name, secrets_) || config::is_credential_name(name))
      return std::string(redacted_value);
    return http::equal_ignoring_case(name, "location") ? target(text)
                                                       : this->text(std::string(text));
  }

  /// Without what the file takes from the environment.
  std::string text(std::string shown) const {
    for (const std::string& concealed : concealed_)
      for (std::size_t at = shown.find(concealed); at != std::string::npos;
           at = shown.find(concealed, at + redacted_value.size()))
        shown.replace(at, concealed.size(), redacted_value);
    return shown;
  }

  std::string target(std::string_view target) const {
    return text(target_without_secrets(target, secrets_));
  }

 private:
  SecretNames secrets_;
  std::vector<std::string> concealed_;
};

/// Writes down what the gateway's code did with the request.
class Recorder final : public ExchangeObserver {
 public:
  Recorder(Explanation& to, const Origins& origins, PluginCatalog catalog, const Snapshot& snapshot,
           const Curtain& curtain, std::size_t rejected_max)
      : to_(to),
        origins_(origins),
        catalog_(catalog),
        snapshot_(snapshot),
        curtain_(curtain),
        rejected_max_(rejected_max) {}

  void begun(Exchange& exchange) override {
    to_.path = exchange.path;
    to_.client_ip = exchange.origin.client_ip;
    record_verdicts(exchange.trace->verdicts);
    if (exchange.route != nullptr) record_route(exchange);
  }

  void answered(const Exchange& exchange, const http::Response& response) override {
    to_.answered_by = exchange.record.source;
    to_.status = response.status;
    if (exchange.record.error) to_.error = kind_of(*exchange.record.error).name;
    if (exchange.consumer != nullptr) {
      const Consumer& consumer = *exchange.consumer;
      to_.consumer = !consumer.username.empty()    ? consumer.username
                     : !consumer.custom_id.empty() ? consumer.custom_id
                                                   : consumer.id;
    }
    for (const TracedStep& step : exchange.trace->steps())
      record_step(exchange, step);
    record_forward(exchange);
  }

 private:
  void record_verdicts(const std::vector<Verdict>& verdicts) {
    const Router& router = snapshot_.router();
    to_.candidate_count = router.candidates().size();
    to_.rejected_count = verdicts.size();
    if (!verdicts.empty() && verdicts.back().misfits.empty()) --to_.rejected_count;
    for (const Verdict* verdict : closest(verdicts, rejected_max_)) {
      const Candidate& candidate = router.candidates()[verdict->candidate];
      const config::Route* route = origins_.route(router.routes()[candidate.route].route->id);
      to_.rejected.push_back(
          {route == nullptr ? Named() : named(*route), verdict->rank + 1, verdict->misfits});
    }
  }

  void record_route(const Exchange& exchange) {
    const config::Route* route = origins_.route(exchange.route->id);
    if (route == nullptr) return;
    ExplainedRoute& explained = to_.route.emplace();
    explained.route = named(*route);
    if (const config::Service* service = origins_.service_of(*route))
      explained.service = named(*service);
    explained.rank = to_.rejected_count + 1;
    explained.matched = exchange.matched_prefix();
    explained.strips_path = exchange.route->strip_path;
    const UriCaptures captures = exchange.uri_captures();
    const std::vector<std::string> names = captures.names();
    for (std::size_t i = 1; i <= captures.size(); ++i)
      explained.captures.emplace_back(names[i - 1].empty() ? std::to_string(i) : names[i - 1],
                                      captures.at(i));
  }

  void record_step(const Exchange& exchange, const TracedStep& step) {
    const Plugin* plugin = shown_plugin(step);
    ExplainedPlugin explained;
    explained.outcome = step.outcome;
    if (plugin == nullptr) {
      if (const Plugin* other = any_plugin(*step.step)) explained.name = other->origin().name;
    } else {
      const PluginOrigin& origin = plugin->origin();
      explained.name = origin.name;
      explained.instance_name = origin.instance_name;
      explained.plugin = {origin.instance_name, origin.id, origin.place};
      explained.scope = origin.scope;
      const config::Plugin* entity = origins_.plugin(origin.id);
      const auto type = std::ranges::find(catalog_, origin.name, &PluginType::name);
      if (type != catalog_.end())
        explained.settings = config::effective_settings(
            *(*type)->settings(), entity == nullptr ? nullptr : entity->config);
      record_shadowed(exchange, *plugin, explained);
    }
    to_.plugins.push_back(std::move(explained));
  }

  /// What would count if `plugin` were not there.
  void record_shadowed(const Exchange& exchange, const Plugin& plugin, ExplainedPlugin& explained) {
    const config::Route* route =
        exchange.route == nullptr ? nullptr : origins_.route(exchange.route->id);
    for (const config::Plugin& other : origins_.file().plugins) {
      if (!other.enabled || other.name != plugin.origin().name ||
          other.id.text() == plugin.origin().id ||
          !reaches(other, route, origins_.file(), exchange.consumer))
        continue;
      explained.shadowed.push_back(
          {{other.instance_name.value_or(""), other.id.text(), other.place},
           specificity_of(other)});
    }
    std::ranges::sort(explained.shadowed, {}, [](const ShadowedPlugin& shadowed) {
      return std::pair(shadowed.scope, shadowed.plugin.place.line);
    });
  }

  void record_forward(const Exchange& exchange) {
    if (exchange.trace->forward() == nullptr) return;
    to_.status = 0;
    to_.target_count = target_group(exchange).targets.size();
    TracedForward& forward = to_.forward.emplace(*exchange.trace->forward());
    forward.target = curtain_.target(forward.target);
    record_head(forward);
  }

  /// The fields as they leave, framing and Connection too, without credentials.
  void record_head(TracedForward& forward) const {
    forward.fields.clear();
    std::string_view rest = forward.head;
    rest.remove_prefix(std::min(rest.find("\r\n") + 2, rest.size()));
    while (!rest.starts_with("\r\n") && !rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(std::min(line.size() + 2, rest.size()));
      const std::string_view name = line.substr(0, line.find(':'));
      const std::string_view value =
          http::trim(line.substr(std::min(name.size() + 1, line.size())));
      forward.fields.emplace_back(name, curtain_.value(name, value));
    }
    forward.head.clear();
  }

  Explanation& to_;
  const Origins& origins_;
  PluginCatalog catalog_;
  const Snapshot& snapshot_;
  const Curtain& curtain_;
  std::size_t rejected_max_;
};

/// That a URL names, or its scheme has.
std::uint16_t port_of(const RequestSpec& request) {
  const std::uint16_t usual = request.scheme == "https" ? 443 : 80;
  const std::size_t colon = request.authority.rfind(':');
  if (colon == std::string::npos || request.authority.ends_with(']')) return usual;
  std::uint16_t port = 0;
  const std::string_view text = std::string_view(request.authority).substr(colon + 1);
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() ? port : usual;
}

/// The client of a connection, whose handshake went well.
http::ClientPtr client_of(const RequestSpec& request, const config::ListenerSettings* listener,
                          const Snapshot& snapshot, Explanation& to) {
  auto client = std::make_shared<http::Client>();
  auto peer = Address::from_ip(request.from, 50'000);
  client->peer = peer ? *std::move(peer) : Address::parse(request.from).value_or(Address());
  client->peer_text = client->peer.ip_text();
  Address local;
  if (listener != nullptr)
    if (auto address = Address::parse(listener->address)) local = *address;
  client->local = std::make_shared<const Address>(std::move(local));
  client->scheme = request.scheme == "https" ? "https" : "http";
  if (request.scheme != "https") return client;
  http::ClientTls tls{.sni = http::lowered(request.sni)};
  if (listener != nullptr) {
    client->listener = listener->address;
    if (const auto verifications = snapshot.client_verifications(listener->address))
      tls.verification = verifications->choose(tls.sni);
  }
  if (tls.verification != nullptr) {
    tls.certificate_verified = true;
    to.client_certificate = tls.verification->required ? "required" : "optional";
  }
  client->handshake = std::make_unique<const http::ClientTls>(std::move(tls));
  return client;
}

/// Fields that say something about this run only.
bool is_incidental(std::string_view name) {
  constexpr std::string_view names[] = {"Date", "Connection", "Content-Length",
                                        "Transfer-Encoding"};
  return std::ranges::any_of(
      names, [&](std::string_view other) { return http::equal_ignoring_case(name, other); });
}

/// What stands for a value that only a live request has; empty for other fields.
std::string_view placeholder(std::string_view name) {
  if (http::equal_ignoring_case(name, "X-Kong-Request-Id")) return "<request id>";
  if (http::equal_ignoring_case(name, "X-Kong-Upstream-Status")) return "<status>";
  constexpr std::string_view latencies[] = {"X-Kong-Upstream-Latency", "X-Kong-Proxy-Latency",
                                            "X-Kong-Response-Latency"};
  const bool is_latency = std::ranges::any_of(latencies, [&](std::string_view latency) {
    return http::equal_ignoring_case(name, latency);
  });
  return is_latency ? "<milliseconds>" : "";
}

/// Reads the answer's bytes, which also tell what was refused before a route was looked for.
void read_answer(std::string_view bytes, const Curtain& curtain, Explanation& to) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos || bytes.size() < 12) return;
  const bool by_upstream = to.forward.has_value();
  if (!by_upstream) std::from_chars(bytes.data() + 9, bytes.data() + 12, to.status);
  std::string_view head = bytes.substr(0, end + 2);
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    const std::string_view name = line.substr(0, line.find(':'));
    const std::string_view value = http::trim(line.substr(std::min(name.size() + 1, line.size())));
    if (is_incidental(name)) continue;
    const std::string_view unknown = placeholder(name);
    to.answer.emplace_back(name,
                           unknown.empty() ? curtain.value(name, value) : std::string(unknown));
  }
  if (!by_upstream) to.body = curtain.text(std::string(bytes.substr(end + 4)));
}

}  // namespace

Result<RequestSpec> parse_url(std::string_view url) {
  RequestSpec request;
  const std::size_t mark = url.find("://");
  if (mark != std::string_view::npos) {
    request.scheme = http::lowered(url.substr(0, mark));
    if (request.scheme != "http" && request.scheme != "https")
      return fail(ErrorCode::bad_request, "the URL must begin with http:// or https://");
    url.remove_prefix(mark + 3);
  } else if (!url.starts_with('/') && url != "*") {
    return fail(ErrorCode::bad_request,
                "the URL must begin with http://, https:// or /, such as http://api.example.com/a");
  }
  if (const std::size_t hash = url.find('#'); hash != std::string_view::npos)
    url = url.substr(0, hash);  // no client sends it
  const std::size_t path = std::min(url.find_first_of("/?"), url.size());
  request.authority = url == "*" ? "" : url.substr(0, path);
  request.target = url == "*" ? "*" : url.substr(path);
  if (request.authority.contains('@'))
    return fail(ErrorCode::bad_request, "the URL must not hold a user's name or password");
  if (!request.target.starts_with('/') && request.target != "*") request.target.insert(0, "/");
  if (std::ranges::any_of(request.target + request.authority,
                          [](char byte) { return static_cast<unsigned char>(byte) <= ' '; }))
    return fail(ErrorCode::bad_request, "the URL must not hold blanks: write a space as %20");
  if (request.authority.empty()) request.authority = "localhost";
  const std::size_t colon = request.authority.rfind(':');
  request.sni = request.authority.starts_with('[') ? "" : request.authority.substr(0, colon);
  return request;
}

const config::ListenerSettings* listener_for(const RequestSpec& request,
                                             const config::Gateway& gateway) {
  const bool wants_tls = request.scheme == "https";
  const std::uint16_t port = port_of(request);
  const config::ListenerSettings* nearest = nullptr;
  int nearness = -1;
  for (const config::ListenerSettings& listener : gateway.listeners) {
    if (!request.listener.empty()) {
      if (listener.address == request.listener) return &listener;
      continue;
    }
    const auto address = Address::parse(listener.address);
    const int near = (listener.tls.has_value() == wants_tls ? 2 : 0) +
                     (address && address->port == port ? 1 : 0);
    if (near > nearness) {
      nearest = &listener;
      nearness = near;
    }
  }
  return nearest;
}

Explanation explain(const config::LoadedFile& file, PluginCatalog catalog,
                    const std::shared_ptr<const Snapshot>& snapshot, const RequestSpec& request,
                    const Options& options) {
  const Curtain curtain(file, snapshot->without_route().secret_names);
  Explanation explanation;
  explanation.method = request.method;
  explanation.url = request.scheme + "://" + request.authority + curtain.target(request.target);
  explanation.client_ip = request.from;
  const config::ListenerSettings* const listener = listener_for(request, file.gateway);
  if (listener != nullptr) {
    explanation.listener = listener->address;
    explanation.listener_fits = listener->tls.has_value() == (request.scheme == "https");
  }
  const Origins origins(file);
  Recorder recorder(explanation, origins, catalog, *snapshot, curtain, options.rejected_max);
  World world(snapshot, recorder, options.now);
  const std::string answer =
      world.ask(request_text(request), client_of(request, listener, *snapshot, explanation));
  read_answer(answer, curtain, explanation);
  return explanation;
}

}  // namespace sluice::explain
