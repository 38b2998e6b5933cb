#include "gateway/route_factory.h"

#include <algorithm>
#include <utility>

#include "config/text_place.h"
#include "gateway/log_members.h"
#include "gateway/router/expression.h"

namespace sluice {
namespace {

bool has_protocol(const config::Route& route, config::Protocol protocol) {
  return std::ranges::find(route.protocols, protocol) != route.protocols.end();
}

}  // namespace

void RouteFactory::add(const config::Route& from, Pipeline pipeline,
                       std::shared_ptr<const CompiledPlugins> plugins) {
  using config::Protocol;
  const Service* service = from.service_index ? services_[*from.service_index].get() : nullptr;
  const bool is_grpc = has_protocol(from, Protocol::grpc) || has_protocol(from, Protocol::grpcs);
  const bool is_http = has_protocol(from, Protocol::http) || has_protocol(from, Protocol::https);
  // Kong has no routes for a disabled service. What is for other protocols only is left out: it was
  // refused, or warned of.
  if ((service != nullptr && !service->enabled) || (!is_grpc && !is_http)) return check(from);
  auto route = std::make_shared<Route>();
  route->id = from.id.text();
  route->name = from.name.value_or("");
  route->strip_path = from.strip_path && !is_grpc;  // a method's name is its whole path
  route->preserve_host = from.preserve_host;
  route->http = has_protocol(from, Protocol::http) || has_protocol(from, Protocol::grpc);
  route->grpc = is_grpc;
  route->https_redirect_status_code = from.https_redirect_status_code;
  route->request_timeout = from.request_timeout;
  route->service = service;
  route->pipeline = std::move(pipeline);
  route->plugins = std::move(plugins);
  route->log_json = route_log(from, service);

  RouteMatch match;
  match.http = route->http;
  match.https = has_protocol(from, Protocol::https) || has_protocol(from, Protocol::grpcs);
  // Kong's expressions have the protocols as one more condition, but let HTTP through to a route
  // for HTTPS alone: it gets the redirect.
  const bool is_told = flavor_ != config::RouterFlavor::expressions || (!is_grpc && !match.http);
  if (!is_told && match.http != match.https) match.scheme = match.http ? "http" : "https";
  match.route = std::move(route);
  if (!set_matchers(from, match)) return;
  matches_.push_back(std::move(match));
  entities_.push_back(&from);
}

void RouteFactory::check(const config::Route& route) {
  RouteMatch match;
  if (!set_matchers(route, match)) return;
  SharedRegexes regexes;
  std::vector<RouteProblem> problems;
  compile_route(std::move(match), 0, regexes, problems);
  for (const RouteProblem& problem : problems)
    report(route, problem);
}

void RouteFactory::report(const std::vector<RouteProblem>& problems) {
  for (const RouteProblem& problem : problems)
    report(*entities_[problem.route], problem);
}

bool RouteFactory::set_matchers(const config::Route& from, RouteMatch& match) {
  match.id = from.id;
  match.methods = from.methods;
  match.hosts = from.hosts;
  match.paths = from.paths;
  match.headers = from.headers;
  match.snis = from.snis;
  match.regex_priority = from.regex_priority;
  compile_endpoints(from, match);
  return !from.expression || compile_expression(from, match);
}

void RouteFactory::compile_endpoints(const config::Route& from, RouteMatch& match) {
  const auto compile = [&](const std::vector<config::RouteEndpoint>& endpoints,
                           std::string_view field, config::Place place,
                           std::vector<EndpointMatch>& to) {
    if (endpoints.empty()) return;
    if (flavor_ != config::RouterFlavor::expressions) {
      const config::Path self(from.path);
      diagnostics_.error(place, config::Path(self, field),
                         "must not be given for a route with protocol \"http\" or \"https\" "
                         "without gateway.router_flavor: expressions");
      failed_ = true;
    }
    for (const config::RouteEndpoint& endpoint : endpoints) {
      EndpointMatch& added = to.emplace_back();
      if (endpoint.ip)
        if (const auto network = Network::parse(*endpoint.ip)) added.network = *network;
      added.port = endpoint.port.value_or(0);
    }
  };
  compile(from.sources, "sources", from.sources_place, match.sources);
  compile(from.destinations, "destinations", from.destinations_place, match.destinations);
}

bool RouteFactory::compile_expression(const config::Route& from, RouteMatch& match) {
  const config::Path self(from.path);
  const config::Path path(self, "expression");
  auto compiled = Expression::compile(*from.expression);
  match.priority = from.priority;
  if (!compiled)
    diagnostics_.error(config::place_within(diagnostics_.source().text, from.expression_place,
                                            *from.expression, compiled.error().offset),
                       path, "must be an expression: " + compiled.error().message);
  else if (flavor_ != config::RouterFlavor::expressions)
    diagnostics_.error(from.expression_place, path,
                       "must not be given without gateway.router_flavor: expressions");
  else
    match.expression = *std::move(compiled);
  failed_ = failed_ || match.expression == nullptr;
  return match.expression != nullptr;
}

void RouteFactory::report(const config::Route& route, const RouteProblem& problem) {
  failed_ = true;
  const config::Path self(route.path);
  if (problem.field == RouteProblem::Field::path)
    diagnostics_.error(route.path_places[problem.index],
                       config::Path(config::Path(self, "paths"), problem.index),
                       "must be a regular expression behind \"~\": " + problem.message + ", got " +
                           config::in_quotes(route.paths[problem.index]));
  else
    diagnostics_.error(route.headers_place, config::Path(self, "headers"),
                       "must have a regular expression behind \"~*\": " + problem.message +
                           ", got one for " +
                           config::in_quotes(route.headers[problem.index].first));
}

}  // namespace sluice
