#include "explain/commands.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "config/load.h"
#include "config/matchers.h"
#include "explain/explain.h"
#include "explain/report.h"
#include "explain/routes.h"
#include "gateway/explain_token.h"
#include "gateway/plugin_check.h"
#include "http/text.h"
#include "runtime/process_clock.h"

namespace sluice::explain {
namespace {

constexpr std::size_t token_days_max = 31;

int complain(std::string_view command, std::string_view message) {
  std::fprintf(stderr, "%s\n", fmt::format("sluice {}: {}", command, message).c_str());
  return exit_wrong;
}

/// A file that loads, compiled.
struct Compiled {
  config::LoadedFile file;
  std::shared_ptr<const Snapshot> snapshot;
};

/// Empty, and the problems on stderr, where the file does not load.
std::optional<Compiled> load(const std::string& path, bool allow_unsupported,
                             PluginCatalog catalog) {
  config::LoadResult loaded = config::load_file(path, {allow_unsupported});
  std::shared_ptr<const Snapshot> snapshot;
  if (loaded.file)
    snapshot = Snapshot::compile(*loaded.file, catalog, loaded.diagnostics);
  else
    check_flawed(loaded, catalog);
  if (loaded.diagnostics.has_errors() || snapshot == nullptr) {
    std::fputs(loaded.diagnostics.render().c_str(), stderr);
    return std::nullopt;
  }
  return Compiled{*std::move(loaded.file), std::move(snapshot)};
}

/// An Error says what is wrong with the arguments.
Result<RequestSpec> request_of(const ExplainArguments& arguments) {
  TRY(RequestSpec request, parse_url(arguments.url));
  if (arguments.method.empty() || !std::ranges::all_of(arguments.method, [](char byte) {
        return http::is(byte, http::byte_class::token);
      }))
    return fail(ErrorCode::bad_request, "the method must be a word such as GET");
  request.method = arguments.method;
  for (const std::string& text : arguments.fields) {
    const std::size_t colon = text.find(':');
    std::string name = text.substr(0, colon);
    if (colon == std::string::npos || !config::is_header_name(name))
      return fail(ErrorCode::bad_request,
                  "a header field must be given as -H 'Name: value', got one for \"" +
                      printable(name.substr(0, 64)) + "\"");
    const std::string_view value = http::trim(std::string_view(text).substr(colon + 1));
    if (!value.empty() && !config::is_header_value(value))
      return fail(ErrorCode::bad_request,
                  "the value of the header field " + name + " must not hold control characters");
    request.fields.emplace_back(std::move(name), value);
  }
  request.body = arguments.body;
  if (!arguments.sni.empty()) {
    if (request.scheme != "https")
      return fail(ErrorCode::bad_request, "--sni needs a URL that begins with https://");
    request.sni = arguments.sni;
  }
  if (!Address::from_ip(arguments.from, 0) && !Address::parse(arguments.from))
    return fail(ErrorCode::bad_request, "--from must be an IP address, got \"" +
                                            printable(arguments.from.substr(0, 64)) + "\"");
  request.from = arguments.from;
  request.listener = arguments.listener;
  return request;
}

/// "90s", "10m", "2h", "1d".
std::optional<seconds> duration_of(std::string_view text) {
  std::int64_t count = 0;
  const char* const end = std::to_address(text.end());
  const auto [stop, error] = std::from_chars(std::to_address(text.begin()), end, count);
  if (error != std::errc() || count <= 0 || count > 100'000'000 || end - stop != 1)
    return std::nullopt;
  switch (*stop) {
    case 's':
      return seconds(count);
    case 'm':
      return seconds(60 * count);
    case 'h':
      return seconds(3600 * count);
    case 'd':
      return seconds(86'400 * count);
    default:
      return std::nullopt;
  }
}

/// An Error says why there is none.
Result<std::string> key_of(const TokenArguments& arguments) {
  if (arguments.file.empty() == arguments.key_variable.empty())
    return fail(ErrorCode::invalid_configuration,
                "give either FILE, whose gateway.explain_key signs the token, or --key-env NAME");
  if (!arguments.key_variable.empty()) {
    const char* const key = std::getenv(arguments.key_variable.c_str());
    if (key == nullptr || !config::is_explain_key(key))
      return fail(ErrorCode::invalid_configuration,
                  "the environment variable " + arguments.key_variable +
                      " must hold a key of at least 16 characters");
    return std::string(key);
  }
  // Whatever else is wrong with the file, the key in it is the key.
  config::LoadResult loaded = config::load_file(arguments.file, {true});
  const auto& file = loaded.file ? loaded.file : loaded.flawed;
  if (!file) {
    std::fputs(loaded.diagnostics.render().c_str(), stderr);
    return fail(ErrorCode::invalid_configuration, arguments.file + " cannot be read");
  }
  if (!file->gateway.explain_key)
    return fail(ErrorCode::invalid_configuration,
                arguments.file + " has no gateway.explain_key, so that no token is accepted");
  if (!arguments.route.empty() &&
      std::ranges::none_of(file->routes, [&](const config::Route& route) {
        return route.name == arguments.route || route.id.text() == arguments.route;
      }))
    return fail(ErrorCode::invalid_configuration,
                "no route has the name or id " + config::in_quotes(arguments.route));
  return *file->gateway.explain_key;
}

}  // namespace

int run_explain(const ExplainArguments& arguments, PluginCatalog catalog) {
  const auto request = request_of(arguments);
  if (!request) return complain("explain", request.error().detail.text());
  const auto compiled = load(arguments.file, arguments.allow_unsupported, catalog);
  if (!compiled) return exit_wrong;
  if (!request->listener.empty() && listener_for(*request, compiled->file.gateway) == nullptr)
    return complain("explain", "--listener must be an address of gateway.listeners, got \"" +
                                   printable(request->listener.substr(0, 64)) + "\"");
  const Explanation explanation =
      explain(compiled->file, catalog, compiled->snapshot, *request,
              {arguments.candidates == 0 ? SIZE_MAX : arguments.candidates, process_wall()});
  const std::string report = arguments.format == "json" ? to_json(explanation, arguments.file)
                                                        : to_text(explanation, arguments.file);
  std::fputs(report.c_str(), stdout);
  return explanation.succeeds() ? exit_matched : exit_refused;
}

int run_routes(const RoutesArguments& arguments, PluginCatalog catalog) {
  const auto compiled = load(arguments.file, arguments.allow_unsupported, catalog);
  if (!compiled) return exit_wrong;
  const std::vector<ListedRoute> routes = list_routes(compiled->file, *compiled->snapshot);
  const std::string report = arguments.format == "json" ? routes_json(routes, arguments.file)
                                                        : routes_text(routes, arguments.file);
  std::fputs(report.c_str(), stdout);
  return 0;
}

int run_token(const TokenArguments& arguments) {
  const auto duration = duration_of(arguments.duration);
  if (!duration || *duration > std::chrono::days(token_days_max))
    return complain("token explain",
                    "--for must be a whole number with s, m, h or d behind it, at most 31d, such "
                    "as 10m");
  const auto key = key_of(arguments);
  if (!key) return complain("token explain", key.error().detail.text());
  std::puts(make_explain_token(*key, process_wall() + *duration, arguments.route).c_str());
  return 0;
}

}  // namespace sluice::explain
