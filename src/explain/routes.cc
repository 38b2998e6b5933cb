#include "explain/routes.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/effective.h"
#include "config/json.h"
#include "explain/report.h"
#include "gateway/router/shadows.h"
#include "gateway/secrets.h"
#include "telemetry/json.h"

namespace sluice::explain {
namespace {

using ById = std::map<std::string, const config::Route*, std::less<>>;

ById routes_by_id(const config::LoadedFile& file) {
  ById routes;
  for (const config::Route& route : file.routes)
    routes.emplace(route.id.text(), &route);
  return routes;
}

const config::Route* route_of(const ById& routes, const Router& router, std::uint32_t candidate) {
  const auto found = routes.find(router.routes()[router.candidates()[candidate].route].route->id);
  return found == routes.end() ? nullptr : found->second;
}

Named named(const config::Route* route) {
  return route == nullptr ? Named()
                          : Named{route->name.value_or(""), route->id.text(), route->place};
}

std::string shown(const Named& named) {
  return printable(named.name.empty() ? named.id : named.name);
}

std::vector<std::string> others_of(const RouteMatch& match, SecretNames secrets) {
  std::vector<std::string> others;
  for (const auto& [name, values] : match.headers)
    others.push_back(fmt::format("header {}: {}", name,
                                 is_secret_field(name, secrets) || config::is_credential_name(name)
                                     ? std::string(redacted_value)
                                     : fmt::format("{}", fmt::join(values, "|"))));
  for (const std::string& sni : match.snis)
    others.push_back("sni " + sni);
  for (const EndpointMatch& source : match.sources)
    others.push_back("source " + text_of(source));
  for (const EndpointMatch& destination : match.destinations)
    others.push_back("destination " + text_of(destination));
  return others;
}

/// Cells that are as wide as the widest of their column.
class Table {
 public:
  void add(std::vector<std::string> row) {
    widths_.resize(std::max(widths_.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths_[i] = std::max(widths_[i], width_of(row[i]));
    rows_.push_back(std::move(row));
  }

  std::string text() const {
    std::string text;
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        text += row[i];
        if (i + 1 < row.size()) text.append(widths_[i] - width_of(row[i]) + 2, ' ');
      }
      text += '\n';
    }
    return text;
  }

 private:
  /// In characters.
  static std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
  }

  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
};

std::string cell(const std::vector<std::string>& texts) {
  return texts.empty() ? "-" : printable(fmt::format("{}", fmt::join(texts, ",")));
}

}  // namespace

std::vector<ListedRoute> list_routes(const config::LoadedFile& file, const Snapshot& snapshot) {
  const Router& router = snapshot.router();
  const SecretNames secrets = snapshot.without_route().secret_names;
  const ById by_id = routes_by_id(file);
  std::vector<ListedRoute> listed;
  for (std::uint32_t i = 0; i < router.candidates().size(); ++i) {
    const Candidate& candidate = router.candidates()[i];
    const RouteMatch& match = router.routes()[candidate.route];
    const config::Route* route = route_of(by_id, router, i);
    ListedRoute& row = listed.emplace_back();
    row.rank = i + 1;
    row.route = named(route);
    row.priority = candidate.priority;
    if (const Service* service = match.route->service)
      row.service = service->name.empty() ? service->id : service->name;
    row.methods = match.methods;
    row.hosts = match.hosts;
    for (const std::uint32_t path : paths_of(match, candidate))
      row.paths.push_back(match.paths[path]);
    row.others = others_of(match, secrets);
    if (match.expression != nullptr)
      row.expression = match.expression->text_without_secrets(secrets);
  }
  for (const Shadow& shadow : find_shadows(router)) {
    ListedRoute& row = listed[shadow.candidate];
    const RouteMatch& match = router.routes()[router.candidates()[shadow.candidate].route];
    row.shadowed.push_back({shadow.path ? match.paths[*shadow.path] : std::string(),
                            named(route_of(by_id, router, shadow.by)), shadow.by + 1U});
    row.never_matches = row.shadowed.size() == std::max<std::size_t>(row.paths.size(), 1);
  }
  return listed;
}

std::string routes_text(const std::vector<ListedRoute>& routes, std::string_view file) {
  Table table;
  table.add({"#", "ROUTE", "METHODS", "HOSTS", "PATHS", "OTHER", "SERVICE", "WHERE"});
  std::vector<std::string> notes;
  for (const ListedRoute& row : routes) {
    const bool has_expression = !row.expression.empty();
    table.add({fmt::format("{}{}", row.rank, row.never_matches ? "!" : ""), shown(row.route),
               cell(row.methods), cell(row.hosts), cell(row.paths),
               has_expression ? printable(row.expression) : cell(row.others),
               row.service.empty() ? "-" : printable(row.service),
               place_text(file, row.route.place)});
    for (const ShadowedPath& shadowed : row.shadowed)
      notes.push_back(fmt::format(
          "{}: {}{} can never match: route {} ({}), number {}, takes every request first",
          place_text(file, row.route.place), shown(row.route),
          shadowed.path.empty() ? "" : " with the path " + printable(shadowed.path),
          shown(shadowed.by), place_text(file, shadowed.by.place), shadowed.by_rank));
  }
  std::string text = table.text();
  if (!notes.empty()) text += "\n";
  for (const std::string& note : notes)
    text += note + "\n";
  return text;
}

std::string routes_json(const std::vector<ListedRoute>& routes, std::string_view file) {
  telemetry::JsonText text;
  telemetry::JsonWriter json(text);
  const auto write = [&](const Named& entity) {
    if (!entity.name.empty()) json.key("name").text(entity.name);
    json.key("id").text(entity.id).key("place").text(place_text(file, entity.place));
  };
  const auto list = [&](std::string_view name, const std::vector<std::string>& values) {
    json.key(name).begin_list();
    for (const std::string& value : values)
      json.text(value);
    json.end_list();
  };
  json.begin_object().key("routes").begin_list();
  for (const ListedRoute& row : routes) {
    json.begin_object().key("rank").number(static_cast<std::int64_t>(row.rank));
    write(row.route);
    if (!row.service.empty()) json.key("service").text(row.service);
    // More than 53 bits: a number would lose some in most readers.
    json.key("priority").text(std::to_string(row.priority));
    list("methods", row.methods);
    list("hosts", row.hosts);
    list("paths", row.paths);
    list("other", row.others);
    if (!row.expression.empty()) json.key("expression").text(row.expression);
    json.key("never_matches").boolean(row.never_matches);
    json.key("shadowed").begin_list();
    for (const ShadowedPath& shadowed : row.shadowed) {
      json.begin_object().key("path").text(shadowed.path).key("by").begin_object();
      write(shadowed.by);
      json.end_object().key("by_rank").number(static_cast<std::int64_t>(shadowed.by_rank));
      json.end_object();
    }
    json.end_list().end_object();
  }
  json.end_list().end_object();
  return config::indented(text.view()) + "\n";
}

void warn_of_shadows(const config::LoadedFile& file, const Snapshot& snapshot,
                     config::Diagnostics& diagnostics) {
  const Router& router = snapshot.router();
  const std::vector<Shadow> shadows = find_shadows(router);
  if (shadows.empty()) return;
  const ById by_id = routes_by_id(file);
  for (const Shadow& shadow : shadows) {
    const config::Route* route = route_of(by_id, router, shadow.candidate);
    const config::Route* by = route_of(by_id, router, shadow.by);
    if (route == nullptr || by == nullptr) continue;
    const config::Path self(route->path);
    const bool has_place = shadow.path && *shadow.path < route->path_places.size();
    const config::Path paths(self, "paths");
    const config::Path path = shadow.path ? config::Path(paths, *shadow.path) : self;
    diagnostics.warning(
        has_place ? route->path_places[*shadow.path] : route->place, path,
        fmt::format("can never match: route {} in line {} comes first and takes every request",
                    config::in_quotes(by->name.value_or(by->id.text())), by->place.line));
  }
}

}  // namespace sluice::explain
