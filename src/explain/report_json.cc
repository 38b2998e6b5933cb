// The same explanation for programs.

#include "config/json.h"
#include "explain/report.h"
#include "telemetry/json.h"

namespace sluice::explain {
namespace {

using telemetry::JsonText;
using telemetry::JsonWriter;

class JsonReport {
 public:
  JsonReport(const Explanation& explanation, std::string_view file)
      : is_(explanation), file_(file), json_(text_) {}

  std::string run() {
    json_.begin_object();
    json_.key("request").begin_object();
    json_.key("method").text(is_.method).key("url").text(is_.url);
    json_.key("listener").text(is_.listener);
    json_.key("client_ip").text(is_.client_ip).key("path").text(is_.path);
    if (!is_.client_certificate.empty())
      json_.key("client_certificate").text(is_.client_certificate);
    json_.end_object();
    route();
    json_.key("candidates").number(static_cast<std::int64_t>(is_.candidate_count));
    rejected();
    if (!is_.consumer.empty()) json_.key("consumer").text(is_.consumer);
    json_.key("plugins").begin_list();
    for (const ExplainedPlugin& plugin : is_.plugins)
      write(plugin);
    json_.end_list();
    forward();
    answer();
    json_.end_object();
    return config::indented(text_.view()) + "\n";
  }

 private:
  /// Members of an entity, within its object.
  void write(const Named& named) {
    if (!named.name.empty()) json_.key("name").text(named.name);
    json_.key("id").text(named.id);
    if (named.place.line != 0) json_.key("place").text(place_text(file_, named.place));
  }

  void write(std::string_view name, const Fields& fields) {
    json_.key(name).begin_list();
    for (const auto& [field, value] : fields) {
      json_.begin_object().key("name").text(field).key("value").text(value);
      json_.end_object();
    }
    json_.end_list();
  }

  void route() {
    json_.key("route");
    if (!is_.route) {
      json_.raw("null");
      return;
    }
    const ExplainedRoute& route = *is_.route;
    json_.begin_object();
    write(route.route);
    json_.key("rank").number(static_cast<std::int64_t>(route.rank));
    json_.key("matched").text(route.matched).key("strip_path").boolean(route.strips_path);
    write("captures", route.captures);
    if (!route.service.id.empty()) {
      json_.key("service").begin_object();
      write(route.service);
      json_.end_object();
    }
    json_.end_object();
  }

  void rejected() {
    json_.key("rejected").begin_list();
    for (const ExplainedCandidate& candidate : is_.rejected) {
      json_.begin_object();
      write(candidate.route);
      json_.key("rank").number(static_cast<std::int64_t>(candidate.rank));
      json_.key("misfits").begin_list();
      for (const Misfit& misfit : candidate.misfits) {
        json_.begin_object().key("field").text(name_of(misfit.field));
        json_.key("wanted").text(misfit.wanted).key("found").text(misfit.found).end_object();
      }
      json_.end_list().end_object();
    }
    json_.end_list();
    json_.key("rejected_count").number(static_cast<std::int64_t>(is_.rejected_count));
  }

  void write(const ExplainedPlugin& plugin) {
    json_.begin_object().key("plugin").text(plugin.name);
    json_.key("outcome").text(name_of(plugin.outcome));
    if (plugin.scope != Specificity::nothing) {
      json_.key("scope").text(name_of(plugin.scope)).key("id").text(plugin.plugin.id);
      if (!plugin.instance_name.empty()) json_.key("instance_name").text(plugin.instance_name);
      if (plugin.plugin.place.line != 0)
        json_.key("place").text(place_text(file_, plugin.plugin.place));
      json_.key("config").begin_object();
      for (const config::EffectiveSetting& setting : plugin.settings)
        json_.key(setting.name).raw(setting.json);
      json_.end_object();
      json_.key("given").begin_list();
      for (const config::EffectiveSetting& setting : plugin.settings)
        if (setting.is_given) json_.text(setting.name);
      json_.end_list();
      json_.key("shadows").begin_list();
      for (const ShadowedPlugin& shadowed : plugin.shadowed) {
        json_.begin_object().key("scope").text(name_of(shadowed.scope));
        write(shadowed.plugin);
        json_.end_object();
      }
      json_.end_list();
    }
    json_.end_object();
  }

  void forward() {
    json_.key("upstream");
    if (!is_.forward) {
      json_.raw("null");
      return;
    }
    const TracedForward& forward = *is_.forward;
    json_.begin_object().key("method").text(forward.method);
    json_.key("target").text(forward.target).key("host").text(forward.host);
    json_.key("port").number(forward.port);
    json_.key("targets").number(static_cast<std::int64_t>(is_.target_count));
    write("fields", forward.fields);
    json_.end_object();
  }

  void answer() {
    json_.key("answer").begin_object();
    json_.key("by").text(is_.forward                         ? "upstream"
                         : is_.answered_by == Source::plugin ? "plugin"
                                                             : "gateway");
    if (!is_.forward) json_.key("status").number(is_.status);
    if (!is_.error.empty()) json_.key("error").text(is_.error);
    write("fields", is_.answer);
    if (!is_.forward) json_.key("body").text(is_.body);
    json_.end_object();
  }

  const Explanation& is_;
  std::string_view file_;
  JsonText text_;
  JsonWriter json_;
};

}  // namespace

std::string to_json(const Explanation& explanation, std::string_view file) {
  return JsonReport(explanation, file).run();
}

}  // namespace sluice::explain
