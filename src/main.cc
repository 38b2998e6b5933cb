// The command line: builds every component by hand, in order.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "config/diagnostics.h"
#include "config/load.h"
#include "config/reference.h"
#include "config/schema.h"
#include "echo/echo.h"
#include "explain/commands.h"
#include "explain/routes.h"
#include "gateway/plugin_check.h"
#include "gateway/snapshot.h"
#include "node/node.h"
#include "plugins/catalog.h"
#include "tls/record_buffers.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): this file is nobody's header

constexpr int wrong_command_line = 2;

int check(const std::string& file, bool allow_unsupported, std::string_view format) {
  config::LoadResult loaded = config::load_file(file, {allow_unsupported});
  std::shared_ptr<const Snapshot> snapshot;
  if (loaded.file)
    snapshot = Snapshot::compile(*loaded.file, plugins::catalog(), loaded.diagnostics);
  if (snapshot != nullptr)
    explain::warn_of_shadows(*loaded.file, *snapshot, loaded.diagnostics);
  else if (!loaded.file)
    check_flawed(loaded, plugins::catalog());
  const bool loads = snapshot != nullptr && !loaded.diagnostics.has_errors();
  if (format == "json") {
    std::fputs(loaded.diagnostics.render_json().c_str(), stdout);
    return loads ? 0 : 1;
  }
  std::fputs(loaded.diagnostics.render().c_str(), stderr);
  if (!loads) return 1;
  std::printf("%s: ok, %zu services, %zu routes\n", file.c_str(), snapshot->service_count(),
              snapshot->route_count());
  return 0;
}

int serve(const std::string& file, bool allow_unsupported) {
  tls::keep_record_buffers();
  int code = 1;
  {
    Node node({file, allow_unsupported, plugins::catalog()});
    if (node.start()) code = node.run();
  }
  if (log::is_stuck()) std::_Exit(code);
  return code;
}

int write_reference(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder) / "plugins", error);
  if (error) {
    std::fprintf(stderr, "sluice reference: cannot create %s: %s\n", folder.c_str(),
                 error.message().c_str());
    return 1;
  }
  for (const auto& page : config::reference_pages(plugin_settings(plugins::catalog()))) {
    std::ofstream file(std::filesystem::path(folder) / page.file_name, std::ios::binary);
    file << page.text;
    if (!file) {
      std::fprintf(stderr, "sluice reference: cannot write %s/%s\n", folder.c_str(),
                   page.file_name.c_str());
      return 1;
    }
  }
  return 0;
}

/// Whether the first argument is a command. The parser would only say that it misses one.
bool knows_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return true;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({}))
    names.push_back(command->get_name());
  if (std::ranges::find(names, argv[1]) != names.end()) return true;
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  std::fprintf(stderr,
               "sluice: there is no command \"%s\"%s\nRun `sluice help` for the commands.\n",
               argv[1], config::suggestion(argv[1], candidates).c_str());
  return false;
}

/// How the process ends where no command is to run.
std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  if (!knows_command(app, argc, argv)) return wrong_command_line;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    // Help ends this way, too. CLI11's own codes would be one for each kind of mistake.
    return app.exit(stop) == 0 ? 0 : wrong_command_line;
  }
  return std::nullopt;
}

void add_format(CLI::App* command, std::string& format) {
  command->add_option("--format", format, "text, or json for editors and CI")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

template <class TakesFile>
CLI::App* add_explain(CLI::App& app, TakesFile&& takes_file, explain::ExplainArguments& to) {
  CLI::App* command = app.add_subcommand(
      "explain",
      "Show what would happen to a request, without sending anything: route, plugins, "
      "the request that the upstream gets, the answer");
  takes_file(command);
  command->add_option("METHOD", to.method, "Such as GET")->required();
  command->add_option("URL", to.url, "Such as http://api.example.com/orders?page=2")->required();
  command->add_option("-H,--header", to.fields, "A header field, 'Name: value'; again for more")
      ->allow_extra_args(false);
  command->add_option("-d,--data", to.body, "The body of the request");
  command->add_option("--sni", to.sni, "The server name of the TLS handshake; else the URL's host");
  command->add_option("--from", to.from, "The client's address: ip or ip:port")
      ->capture_default_str();
  command->add_option("--listener", to.listener,
                      "Where the request comes in: an address of gateway.listeners; else the "
                      "first that fits scheme and port of the URL");
  command
      ->add_option("--candidates", to.candidates,
                   "How many routes to show that do not match; 0 for all")
      ->capture_default_str();
  add_format(command, to.format);
  command->footer(
      "Ends with 0 where the request gets to its upstream or to an answer below 400, with 1 where\n"
      "no route matches or the request is refused, with 2 for wrong arguments or a configuration\n"
      "that does not load. Credentials are not shown.\n"
      "Example: sluice explain kong.yaml GET http://api.example.com/orders -H 'apikey: abc'");
  return command;
}

/// Null until `token explain` is given.
CLI::App* add_token(CLI::App& app, explain::TokenArguments& to) {
  CLI::App* group = app.add_subcommand("token", "Make a token");
  group->require_subcommand(1);
  CLI::App* command = group->add_subcommand(
      "explain",
      "Print a token for the header field X-Sluice-Explain, with which a running node "
      "gives an account of a request in its answer");
  command->add_option("FILE", to.file, "A configuration whose gateway.explain_key signs the token");
  command->add_option("--key-env", to.key_variable,
                      "The environment variable that has the key, instead of FILE");
  command->add_option("--for", to.duration, "How long it is good: a number with s, m, h or d")
      ->capture_default_str();
  command->add_option("--route", to.route, "The only route that it is good for, by name or id");
  command->footer(
      "Example: curl -si -H \"X-Sluice-Explain: $(sluice token explain kong.yaml)\" URL");
  return command;
}

CLI::App* add_echo(CLI::App& app, std::string& listen) {
  auto* command = app.add_subcommand(
      "echo", "Serve answers that describe their requests: an upstream for first steps");
  command->add_option("--listen", listen, "ip:port, [ipv6]:port or unix:/path")
      ->capture_default_str();
  command->footer(
      "Paths: /status/CODE /delay/MILLISECONDS /bytes/N /stream/N; every other path answers 200.");
  return command;
}

CLI::App* add_reference(CLI::App& app, std::string& folder) {
  auto* command = app.add_subcommand("reference", "Write the reference pages of all settings");
  command->add_option("FOLDER", folder)->capture_default_str();
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Sluice: an API gateway that takes Kong's configuration.\nManual: docs/guide/",
               "sluice");
  app.require_subcommand(1);
  app.footer("Example: sluice check kong.yaml && sluice run kong.yaml");

  std::string file;
  bool allow_unsupported = false;
  const auto takes_file = [&](CLI::App* command) {
    command->add_option("FILE", file, "A configuration in Kong's declarative format, YAML or JSON")
        ->required();
    command->add_flag("--allow-unsupported", allow_unsupported,
                      "Warn of what is not supported yet, and leave it out");
  };
  auto* run_command =
      app.add_subcommand("run", "Serve a configuration until SIGTERM; SIGHUP loads it again");
  takes_file(run_command);
  auto* check_command = app.add_subcommand(
      "check", "Say whether a configuration would load, and every problem in it");
  takes_file(check_command);
  std::string format = "text";
  add_format(check_command, format);
  std::string listen = "127.0.0.1:9000";
  auto* echo_command = add_echo(app, listen);
  auto* schema_command =
      app.add_subcommand("schema", "Print a JSON Schema of the configuration, for editors");
  std::string folder = "docs/reference";
  auto* reference_command = add_reference(app, folder);
  explain::ExplainArguments explained;
  auto* explain_command = add_explain(app, takes_file, explained);
  std::string routes_format = "text";
  auto* routes_command = app.add_subcommand(
      "routes", "List the routes in the order of evaluation, and those that can never match");
  takes_file(routes_command);
  add_format(routes_command, routes_format);
  explain::TokenArguments token;
  auto* token_command = add_token(app, token);
  auto* version_command = app.add_subcommand("version", "Print the version");
  auto* help_command = app.add_subcommand("help", "Print this help");

  // Afterwards it would be the help of the command that was given.
  const std::string help = app.help();
  if (const std::optional<int> end = parse(app, argc, argv)) return *end;
  if (*run_command) return serve(file, allow_unsupported);
  if (*check_command) return check(file, allow_unsupported, format);
  explained.file = file;
  explained.allow_unsupported = allow_unsupported;
  if (*explain_command) return explain::run_explain(explained, plugins::catalog());
  if (*routes_command)
    return explain::run_routes({file, allow_unsupported, routes_format}, plugins::catalog());
  if (*token_command) return explain::run_token(token);
  if (*echo_command) return echo::run(listen);
  if (*schema_command)
    return std::fputs(config::schema_text(plugin_settings(plugins::catalog())).c_str(), stdout) < 0;
  if (*reference_command) return write_reference(folder);
  if (*version_command) return std::puts("sluice " SLUICE_VERSION) < 0;
  if (*help_command) return std::fputs(help.c_str(), stdout) < 0;
  return 0;
}
