#include "gateway/log_members.h"

#include <string_view>
#include <vector>

#include "telemetry/json.h"

namespace sluice {
namespace {

using telemetry::JsonText;
using telemetry::JsonWriter;

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  json.key(name).begin_list();
  for (const std::string& value : values)
    json.text(value);
  json.end_list();
}

}  // namespace

std::string service_log(const config::Service& service) {
  JsonText text;
  JsonWriter json(text);
  json.key("service").begin_object().key("id").text(service.id.text());
  if (service.name) json.key("name").text(*service.name);
  json.key("protocol")
      .text(config::name_of(service.protocol))
      .key("host")
      .text(service.host)
      .key("port")
      .number(service.port);
  if (service.path) json.key("path").text(*service.path);
  json.key("retries").number(service.retries);
  json.key("connect_timeout").number(service.connect_timeout.count());
  json.key("read_timeout").number(service.read_timeout.count());
  json.key("write_timeout").number(service.write_timeout.count());
  json.key("enabled").boolean(service.enabled);
  write_texts(json, "tags", service.tags);
  json.end_object();
  return text.text();
}

std::string route_log(const config::Route& route, const Service* service) {
  JsonText text;
  JsonWriter json(text);
  json.key("route").begin_object().key("id").text(route.id.text());
  if (route.name) json.key("name").text(*route.name);
  write_texts(json, "methods", route.methods);
  write_texts(json, "hosts", route.hosts);
  write_texts(json, "paths", route.paths);
  json.key("strip_path")
      .boolean(route.strip_path)
      .key("preserve_host")
      .boolean(route.preserve_host);
  if (service != nullptr)
    json.key("service").begin_object().key("id").text(service->id).end_object();
  write_texts(json, "tags", route.tags);
  json.end_object();
  return text.text();
}

}  // namespace sluice
