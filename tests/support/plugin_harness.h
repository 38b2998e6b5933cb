#pragma once
// One plugin, global, in a gateway on the simulated engine, before `sluice echo`: virtual time, no
// sockets, no threads.

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"
#include "echo/echo.h"
#include "gateway/gateway.h"
#include "gateway/listener.h"
#include "gateway/worker_state.h"
#include "plugins/catalog.h"
#include "runtime/engine/sim.h"
#include "runtime/socket_stream.h"
#include "support/line_sink.h"
#include "support/run.h"

namespace sluice::testing {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  /// The first field of that name, spelled so; empty when there is none.
  std::string field(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }

  /// The fields in order, one a line, without those that every answer of a gateway has.
  std::string fields() const {
    constexpr std::string_view everywhere[] = {
        "Server", "Date", "Via", "Content-Length", "Connection", "X-Kong-", "Transfer-Encoding"};
    std::string lines;
    std::size_t from = head.find("\r\n") + 2;
    while (from < head.size()) {
      const std::size_t end = head.find("\r\n", from);
      const std::string_view line = std::string_view(head).substr(from, end - from);
      from = end + 2;
      if (std::ranges::none_of(everywhere, [&](auto name) { return line.starts_with(name); }))
        lines.append(line).append("\n");
    }
    return lines;
  }

  /// The body with `ID` for the request's id.
  std::string body_without_id() const {
    std::string text = body;
    const std::string id = field("X-Kong-Request-Id");
    if (const std::size_t at = text.find(id); !id.empty() && at != std::string::npos)
      text.replace(at, id.size(), "ID");
    return text;
  }
};

/// kong.response.error as JSON.
inline std::string error_body(std::string_view message) {
  return "{\n  \"message\":\"" + std::string(message) + "\",\n  \"request_id\":\"ID\"\n}";
}

inline constexpr std::string_view error_fields = "Content-Type: application/json; charset=utf-8\n";

inline std::string configuration_with(std::string_view plugin, std::string_view config) {
  return "_format_version: \"3.0\"\n"
         "services: [{name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, hosts: [here], "
         "paths: [/]}]}]\n"
         "plugins: [{name: " +
         std::string(plugin) + ", config: " + std::string(config) + "}]\n";
}

inline std::shared_ptr<const Snapshot> compile_text(const std::string& text,
                                                    std::string& problems) {
  config::LoadResult loaded = config::load_text(text, "test.yaml");
  std::shared_ptr<const Snapshot> snapshot;
  if (loaded.file)
    snapshot = Snapshot::compile(*loaded.file, plugins::catalog(), loaded.diagnostics);
  problems = loaded.diagnostics.render();
  return snapshot;
}

/// What a user is told about a wrong configuration of the plugin; empty when it is right.
inline std::string config_error(std::string_view plugin, std::string_view config) {
  std::string problems;
  compile_text(configuration_with(plugin, config), problems);
  return problems;
}

class PluginHarness {
 public:
  PluginHarness(std::string_view plugin, std::string_view config)
      : PluginHarness(configuration_with(plugin, config)) {}

  /// Any configuration; its services are at http://10.0.0.1:80, where the echo is.
  explicit PluginHarness(const std::string& configuration) {
    std::string problems;
    auto snapshot = compile_text(configuration, problems);
    if (snapshot == nullptr) {
      std::fputs(problems.c_str(), stderr);
      std::abort();
    }
    worker_.access_log = &sink_;
    worker_.install(std::move(snapshot));
    listener_ = std::make_unique<Listener>(
        worker_, gateway_, connections_, ListenerSocket{listen("10.9.0.1:8000"), "10.9.0.1:8000"});
    static_cast<void>(upstream_.spawn(serve_echo(listen("10.0.0.1:80"))));
  }

  Answer get(std::string_view target, std::string_view fields = "",
             std::string_view method = "GET") {
    return run(loop_, ask(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n" +
                          (fields.find("Host:") == std::string_view::npos ? "Host: here\r\n" : "") +
                          std::string(fields) + "Connection: close\r\n\r\n"));
  }

  /// A request with a body of that length.
  Answer post(std::string_view target, std::string_view content_type, std::string_view body,
              std::string_view fields = "") {
    return run(loop_, ask("POST " + std::string(target) + " HTTP/1.1\r\nHost: here\r\n" +
                          "Content-Type: " + std::string(content_type) + "\r\n" +
                          std::string(fields) + "Content-Length: " + std::to_string(body.size()) +
                          "\r\nConnection: close\r\n\r\n" + std::string(body)));
  }

  /// The bytes of a whole request, after which the connection closes.
  Answer raw(std::string request) { return run(loop_, ask(std::move(request))); }

  /// What the upstream answers from now on, instead of describing the request. `head` has the lines
  /// of further fields.
  void upstream_answers(std::uint16_t status, std::string_view content_type, std::string_view body,
                        std::vector<std::pair<std::string, std::string>> fields = {}) {
    upstream_handler_.scripted = [status, fields = std::move(fields), body = std::string(body),
                                  type = std::string(content_type)](http::Response& response) {
      response.status = status;
      if (!type.empty()) static_cast<void>(response.headers.set("Content-Type", type));
      for (const auto& [name, value] : fields)
        static_cast<void>(response.headers.add(name, value));
      response.body = std::make_unique<http::TextBody>(Chunk::copy_of(body));
    };
  }

  /// What the access log says, one line a request.
  const std::vector<std::string>& log() const noexcept { return log_; }

  /// Lets virtual time pass.
  void advance(milliseconds time) { run(loop_, pause(time)); }

 private:
  /// The echo, or what a test wants.
  struct UpstreamHandler final : http::Handler {
    explicit UpstreamHandler(Loop& loop) : echo(loop) {}

    Task<Done> respond(http::Incoming& incoming, const http::ClientPtr& client) override {
      if (!scripted) return echo.respond(incoming, client);
      return answer(incoming);
    }

    Task<Done> answer(http::Incoming& incoming) const {
      static_cast<void>(incoming.take());
      http::Response response;
      scripted(response);
      static_cast<void>(co_await incoming.send(std::move(response)));
      co_return Done{};
    }

    echo::Echo echo;
    std::function<void(http::Response&)> scripted;
  };

  SocketPtr listen(std::string_view address) {
    return engine_.listen(*Address::parse(address), {}).value();
  }

  Task<Done> pause(milliseconds time) {
    co_await sleep_until(loop_, loop_.now() + time);
    co_return Done{};
  }

  Task<Done> serve_echo(SocketPtr socket) {
    Acceptor acceptor(loop_, std::move(socket));
    for (;;) {
      auto accepted = co_await acceptor.accept();
      if (!accepted) co_return Done{};
      auto client = std::make_shared<http::Client>();
      static_cast<void>(upstream_.spawn(
          http::serve(loop_, std::make_unique<SocketStream>(loop_, std::move(accepted->socket)),
                      echo_settings_, upstream_handler_, std::move(client), echo_closing_)));
    }
  }

  Task<Answer> ask(std::string request) {
    auto stream = co_await connect_stream(loop_, *Address::parse("10.9.0.1:8000"), never);
    static_cast<void>((*stream)->write(Chunks(Chunk::copy_of(request)), Flush::now, never));
    std::string text;
    for (;;) {
      auto chunk = co_await (*stream)->read(4096, never);
      if (!chunk || chunk->empty()) break;
      text += chunk->text();
    }
    Answer answer;
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) co_return answer;
    answer.head = text.substr(0, end + 2);
    answer.body = text.substr(end + 4);
    std::from_chars(text.data() + 9, text.data() + 12, answer.status);
    co_return answer;
  }

  std::vector<std::string> log_;
  LineSink sink_{[this](std::string_view line) { log_.emplace_back(line); }};
  SimEngine engine_{1};
  Loop loop_{engine_};
  WorkerState worker_{loop_, ResolverSettings{}};
  Gateway gateway_{worker_};
  UpstreamHandler upstream_handler_{loop_};
  http::ServerSettings echo_settings_;
  Event echo_closing_;
  Scope connections_{loop_, 100};
  Scope upstream_{loop_, 100};
  std::unique_ptr<Listener> listener_;
};

}  // namespace sluice::testing
