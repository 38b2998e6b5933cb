// Why an explanation reads as it does: text for a terminal.

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "explain/report.h"
#include "gateway/settings.h"
#include "http/text.h"

namespace sluice::explain {
namespace {

constexpr std::size_t body_lines_max = 20;

class TextReport {
 public:
  TextReport(const Explanation& explanation, std::string_view file)
      : is_(explanation), file_(file) {}

  std::string run() {
    line("{} {} from {}", printable(is_.method), printable(is_.url), printable(is_.client_ip));
    if (!is_.listener.empty())
      line("at listener {}{}", printable(is_.listener),
           is_.listener_fits ? "" : ", although it does not speak " + scheme_of(is_.url));
    if (!is_.client_certificate.empty())
      line("  whose handshake asks for a client certificate ({}): this is for a good one",
           is_.client_certificate);
    route();
    rejected();
    plugins();
    forward();
    answer();
    return std::move(text_);
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += fmt::format(format, std::forward<Arguments>(arguments)...) + "\n";
  }

  std::string name_of_entity(const Named& named) const {
    const std::string place = place_text(file_, named.place);
    return printable(named.name.empty() ? named.id : named.name) +
           (place.empty() ? "" : " (" + place + ")");
  }

  static std::string scheme_of(std::string_view url) {
    return std::string(url.substr(0, url.find(':')));
  }

  void route() {
    if (is_.path.empty()) {
      line("\nrefused before a route is looked for");
      return;
    }
    if (!is_.route) {
      line("\nno route matches: {} of {} candidates looked at", is_.rejected_count,
           is_.candidate_count);
      line("  path       {}", printable(is_.path));
      return;
    }
    const ExplainedRoute& route = *is_.route;
    line("\nroute {}", name_of_entity(route.route));
    line("  rank       {} of {} candidates in the order of evaluation", route.rank,
         is_.candidate_count);
    line("  path       {}{}", printable(is_.path),
         route.matched.empty()
             ? std::string()
             : fmt::format(", of which it matches {}{}", printable(route.matched),
                           route.strips_path ? " (strip_path takes that off)" : ""));
    for (const auto& [name, value] : route.captures)
      line("  capture    {} = {}", printable(name), printable(value));
    line("  service    {}",
         route.service.id.empty() ? "none: a plugin must answer" : name_of_entity(route.service));
    if (!is_.consumer.empty()) line("  consumer   {}", printable(is_.consumer));
  }

  void rejected() {
    if (is_.rejected.empty()) return;
    line("\n{}", is_.route ? "tried before it, and why not" : "nearest candidates, and why not");
    for (const ExplainedCandidate& candidate : is_.rejected) {
      line("  {:>4}  {}", candidate.rank, name_of_entity(candidate.route));
      for (const Misfit& misfit : candidate.misfits)
        line("        {}: wants {}, the request has {}", name_of(misfit.field),
             printable(misfit.wanted),
             misfit.found.empty() ? std::string("none") : printable(misfit.found));
    }
    if (is_.rejected.size() < is_.rejected_count)
      line("        and {} more, which fit less", is_.rejected_count - is_.rejected.size());
  }

  void plugins() {
    if (is_.plugins.empty()) {
      if (is_.route) line("\npipeline: no plugins");
      return;
    }
    line("\npipeline, in order{}", is_.route ? "" : " (global plugins that run without a route)");
    for (std::size_t i = 0; i < is_.plugins.size(); ++i)
      plugin(i + 1, is_.plugins[i]);
  }

  void plugin(std::size_t number, const ExplainedPlugin& plugin) {
    const bool is_none = plugin.scope == Specificity::nothing;
    line("  {:>4}  {}{}: {}", number, plugin.name,
         plugin.instance_name.empty() ? "" : " \"" + printable(plugin.instance_name) + "\"",
         name_of(plugin.outcome));
    if (is_none) {
      line("        configured for {} only", plugin.outcome == TracedStep::Outcome::not_reached
                                                 ? "some consumers"
                                                 : "other consumers");
      return;
    }
    const std::string place = place_text(file_, plugin.plugin.place);
    line("        from {} of scope {}", place.empty() ? plugin.plugin.id : place,
         name_of(plugin.scope));
    for (const ShadowedPlugin& shadowed : plugin.shadowed) {
      const std::string other = place_text(file_, shadowed.plugin.place);
      line("        instead of {} of scope {}", other.empty() ? shadowed.plugin.id : other,
           name_of(shadowed.scope));
    }
    std::vector<std::string> defaults;
    for (const config::EffectiveSetting& setting : plugin.settings) {
      if (setting.is_given)
        line("        {} = {}", setting.name, printable(setting.json));
      else
        defaults.push_back(fmt::format("{} = {}", setting.name, setting.json));
    }
    if (!defaults.empty()) line("        by default: {}", fmt::join(defaults, ", "));
  }

  void forward() {
    if (!is_.forward) return;
    const TracedForward& forward = *is_.forward;
    line("\nupstream request, to {}:{}{}", printable(forward.host), forward.port,
         is_.target_count > 1 ? fmt::format(" (the first of {} targets)", is_.target_count) : "");
    line("  {} {}", printable(forward.method), printable(forward.target));
    for (const auto& [name, value] : forward.fields)
      line("  {}: {}", printable(name), printable(value));
  }

  void answer() {
    if (is_.forward) {
      line("\nanswer: the upstream's, to which the gateway adds");
    } else {
      line("\nanswer: {} by {}{}", is_.status,
           is_.answered_by == Source::plugin ? "a plugin" : "the gateway",
           is_.error.empty() ? "" : " (" + is_.error + ")");
    }
    for (const auto& [name, value] : is_.answer)
      line("  {}: {}{}", printable(name), printable(value),
           is_.forward && name == "Server" && value == product_token
               ? "  (where the upstream has none)"
               : "");
    if (is_.body.empty()) return;
    line("");
    std::string_view rest = is_.body;
    for (std::size_t i = 0; i < body_lines_max && !rest.empty(); ++i) {
      const std::string_view shown = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(shown.size() + 1, rest.size()));
      line("  {}", printable(shown));
    }
    if (!rest.empty()) line("  ... and {} more bytes", rest.size());
  }

  const Explanation& is_;
  std::string_view file_;
  std::string text_;
};

}  // namespace

std::string place_text(std::string_view file, config::Place place) {
  return place.line == 0 ? std::string() : fmt::format("{}:{}:{}", file, place.line, place.column);
}

std::string printable(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7f)
      result += fmt::format("\\x{:02x}", code);
    else
      result += byte;
  }
  return result;
}

std::string to_text(const Explanation& explanation, std::string_view file) {
  return TextReport(explanation, file).run();
}

}  // namespace sluice::explain
