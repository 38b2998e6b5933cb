// The load generator of the benchmark: clients and upstream in one thread that spins and never
// sleeps, so that the proxy between them pays for no wake-up and is the only thing that is
// measured. Every response is checked. See run.py.

#include <array>
#include <cctype>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <strings.h>
#include <sys/syscall.h>

#include "connection.h"
#include "histogram.h"
#include "load_options.h"
#include "origin.h"
#include "process_time.h"
#include "sockets.h"

namespace {

using namespace bench;

constexpr const char* program = "bench_load";
constexpr std::string_view upgrade_request =
    "GET / HTTP/1.1\r\n"
    "Host: bench.example.com\r\n"
    "Connection: Upgrade\r\n"
    "Upgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "\r\n";

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

/// What a system call that does nothing costs here, in nanoseconds: it tells hosts, and the phases
/// of a host, apart.
double null_syscall() {
  constexpr int rounds = 20'000;
  const std::int64_t start = now();
  for (int round = 0; round < rounds; round++)
    syscall(SYS_getppid);
  return static_cast<double>(now() - start) / rounds;
}

struct Counters {
  std::uint64_t answers = 0;
  std::uint64_t reconnects = 0;  // Closed by the proxy between two exchanges, as it may.
  std::uint64_t connect_errors = 0;
  std::uint64_t closed_early = 0;  // A request was sent, and no whole answer came.
  std::uint64_t wrong_status = 0;
  std::uint64_t wrong_length = 0;
  std::int64_t idle = 0;
  std::int64_t slowest = 0;

  std::uint64_t errors() const {
    return connect_errors + closed_early + wrong_status + wrong_length;
  }
};

struct Client : Watched {
  enum class State : std::uint8_t {
    broken,
    connecting,
    upgrading,
    idle,
    awaiting_head,
    reading_body
  };

  State state = State::broken;
  Connection connection;
  std::int64_t sent_at = 0;  // With a rate: when it should have been sent.
  std::uint64_t body_left = 0;
  bool last_answer = false;  // "Connection: close" was announced.
  std::string head_so_far;   // Only when a head came in pieces.
};

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options),
        target_(address_of(program, options.target)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!options.origin.empty())
      origin_.emplace(program, epoll_, options.origin, options.body_bytes);
    if (options.tls) tls_.emplace(program);
    request_ =
        "GET " + options.path +
        " HTTP/1.1\r\n"
        "Host: bench.example.com\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9\r\n"
        "Accept-Language: en-US,en;q=0.5\r\n"
        "Accept-Encoding: identity\r\n"
        "Cookie: session=0123456789abcdef\r\n"
        "X-Api-Key: 7f3b9c1e5a2d\r\n"
        "\r\n";
    interval_ = options.rate > 0 ? 1e9 / options.rate : 0;
    clients_ = std::vector<Client>(options.connections);
    for (Client& client : clients_) {
      client.kind = Watched::Kind::client;
      broken_.push_back(&client);
    }
  }

  void run() {
    spin_for(options_.warmup);
    std::optional<ProcessTime> proxy;
    if (options_.proxy != 0) proxy.emplace(options_.proxy);

    counters_ = {};
    latencies_.clear();
    const ProcessTime::Times before = proxy ? proxy->nanoseconds() : ProcessTime::Times();
    const std::int64_t start = last_turn_ = now();
    spin_for(options_.duration);
    const std::int64_t end = now();
    ProcessTime::Times cpu = proxy ? proxy->nanoseconds() : ProcessTime::Times();
    cpu.all -= before.all;
    cpu.workers -= before.workers;

    std::uint64_t stalled = 0;
    for (const Client& client : clients_)
      stalled += client.state >= Client::State::awaiting_head && client.sent_at < start;
    report(static_cast<double>(end - start) / 1e9, cpu, stalled);
  }

 private:
  // Answers up to this size are read together with their head; of larger ones only the head is
  // copied.
  static constexpr std::size_t small_body = 48 * 1024;
  static constexpr std::size_t scratch_bytes = 64 * 1024;
  static constexpr std::size_t head_bytes = 4 * 1024;

  void spin_for(double seconds) {
    const std::int64_t end = now() + static_cast<std::int64_t>(seconds * 1e9);
    std::array<epoll_event, 256> events;
    next_due_ = static_cast<double>(now());
    for (last_turn_ = now(); last_turn_ < end;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
      for (std::size_t index = 0; index < static_cast<std::size_t>(count); index++) {
        auto* watched = static_cast<Watched*>(events[index].data.ptr);
        if (watched->kind == Watched::Kind::client) {
          on_client(static_cast<Client&>(*watched), events[index].events);
        } else {
          origin_->on_event(*watched, events[index].events);
        }
      }
      const std::int64_t turn = now();
      if (!broken_.empty()) reconnect(turn);
      const bool sent = interval_ > 0 && send_due(turn);
      if (count <= 0 && !sent) counters_.idle += turn - last_turn_;
      last_turn_ = turn;
    }
  }

  bool send_due(std::int64_t turn) {
    bool sent = false;
    // Without a free connection the schedule waits, and what is late counts as late: from the
    // intended time.
    while (next_due_ <= static_cast<double>(turn) && !idle_.empty()) {
      Client& client = *idle_.back();
      idle_.pop_back();
      if (client.state != Client::State::idle) continue;
      send_request(client, static_cast<std::int64_t>(next_due_));
      next_due_ += interval_;
      sent = true;
    }
    return sent;
  }

  void reconnect(std::int64_t turn) {
    if (turn - last_reconnect_ < 1'000'000) return;
    last_reconnect_ = turn;
    std::vector<Client*> broken;
    broken.swap(broken_);
    for (Client* client : broken) {
      client->state = Client::State::connecting;
      client->last_answer = false;
      client->head_so_far.clear();
      if (!client->connection.open(target_, tls_ ? &*tls_ : nullptr)) {
        counters_.connect_errors++;
        drop(*client);
        continue;
      }
      watch(epoll_, client->connection.descriptor(), client);
    }
  }

  void drop(Client& client) {
    client.connection.end();
    client.state = Client::State::broken;
    broken_.push_back(&client);
  }

  void on_client(Client& client, std::uint32_t events) {
    const bool ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (client.state == Client::State::connecting) {
      const auto handshake = ending ? Connection::Handshake::failed : client.connection.shake();
      if (handshake == Connection::Handshake::failed) {
        counters_.connect_errors++;
        return drop(client);
      }
      if (handshake == Connection::Handshake::done) begin(client);
      return;
    }
    if (client.state == Client::State::upgrading) return upgrade(client, ending);
    if ((events & EPOLLIN) != 0 && client.state >= Client::State::awaiting_head)
      read(client, ending);
    if (!ending || client.state == Client::State::broken) return;
    if (client.state == Client::State::idle) {
      counters_.reconnects++;
    } else {
      counters_.closed_early++;
    }
    drop(client);
  }

  void begin(Client& client) {
    if (!options_.websocket) return become_idle(client);
    client.state = Client::State::upgrading;
    if (client.connection.write(upgrade_request)) return;
    counters_.connect_errors++;
    drop(client);
  }

  /// The answer to the upgrade comes in one piece, or counts as refused.
  void upgrade(Client& client, bool ending) {
    const std::size_t bytes = client.connection.read(scratch_, head_bytes, true);
    if (bytes == 0 && !ending) return;
    const std::string_view answer(scratch_.data(), bytes);
    if (answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\n"))
      return become_idle(client);
    counters_.connect_errors++;
    drop(client);
  }

  void become_idle(Client& client) {
    client.state = Client::State::idle;
    if (interval_ > 0) {
      idle_.push_back(&client);
    } else {
      send_request(client, now());
    }
  }

  void send_request(Client& client, std::int64_t at) {
    client.sent_at = at;
    client.state = Client::State::awaiting_head;
    if (client.connection.write(request_)) return;
    counters_.closed_early++;
    drop(client);
  }

  void read(Client& client, bool ending) {
    for (;;) {
      const bool head = client.state == Client::State::awaiting_head;
      const std::size_t wanted = !head                               ? client.body_left
                                 : options_.body_bytes <= small_body ? scratch_bytes
                                                                     : head_bytes;
      const std::size_t bytes = client.connection.read(scratch_, wanted, head);
      if (bytes == 0) return;  // An end is dealt with by the caller, who knows of it from epoll.
      bool whole = false;
      if (head) {
        if (!read_head(client, {scratch_.data(), bytes}, whole)) return;
      } else {
        client.body_left -= bytes;
        whole = client.body_left == 0;
      }
      if (whole) return finish(client, ending);
      if (client.connection.short_reads_drain() && bytes < wanted && !ending) return;
    }
  }

  /// Reads a head and what came with it. False when the answer was wrong and the connection is
  /// dropped.
  bool read_head(Client& client, std::string_view bytes, bool& whole) {
    if (!client.head_so_far.empty()) {
      client.head_so_far += bytes;
      bytes = client.head_so_far;
    }
    const void* found = memmem(bytes.data(), bytes.size(), "\r\n\r\n", 4);
    if (found == nullptr) {
      if (client.head_so_far.empty()) client.head_so_far = bytes;
      if (client.head_so_far.size() > head_bytes) return refuse(client, counters_.wrong_length);
      return true;
    }
    const auto head_end =
        static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 4;
    const std::string_view head = bytes.substr(0, head_end);
    if (!head.starts_with("HTTP/1.1 200 ")) return refuse(client, counters_.wrong_status);
    const std::string_view length = field(head, "content-length");
    const std::size_t body = bytes.size() - head_end;
    if (length != expected_length_ || body > options_.body_bytes)
      return refuse(client, counters_.wrong_length);
    client.last_answer = field(head, "connection") == "close";
    client.body_left = options_.body_bytes - body;
    client.state = Client::State::reading_body;
    client.head_so_far.clear();
    whole = client.body_left == 0;
    return true;
  }

  bool refuse(Client& client, std::uint64_t& counter) {
    counter++;
    drop(client);
    return false;
  }

  static std::string_view field(std::string_view head, std::string_view name) {
    for (;;) {
      const auto end_of_line = head.find('\n');
      if (end_of_line == std::string_view::npos || head.size() <= end_of_line + name.size() + 1)
        return {};
      head.remove_prefix(end_of_line + 1);
      if (head[name.size()] != ':' || (head[0] | 0x20) != name[0]) continue;
      if (strncasecmp(head.data(), name.data(), name.size()) != 0) continue;
      head.remove_prefix(name.size() + 1);
      while (head.starts_with(' '))
        head.remove_prefix(1);
      return head.substr(0, head.find('\r'));
    }
  }

  void finish(Client& client, bool ending) {
    const std::int64_t time = now();
    const std::int64_t latency = time - client.sent_at;
    latencies_.add(latency);
    if (latency > counters_.slowest) counters_.slowest = latency;
    counters_.answers++;
    client.state = Client::State::idle;
    if (ending || client.last_answer) {
      counters_.reconnects++;
      return drop(client);
    }
    if (interval_ > 0) {
      idle_.push_back(&client);
    } else {
      send_request(client, time);
    }
  }

  void report(double seconds, ProcessTime::Times cpu, std::uint64_t stalled) const {
    const auto answers = static_cast<double>(counters_.answers);
    const auto each = [&](std::int64_t time) {
      return counters_.answers == 0 ? 0 : static_cast<double>(time) / answers;
    };
    const double cpu_each = each(cpu.all);
    const double idle = static_cast<double>(counters_.idle) / 1e9 / seconds;
    if (!options_.json) {
      std::printf(
          "%.0f requests/s, CPU %.0f ns a request, p50 %.1f us, p99 %.1f us, %llu errors, "
          "generator idle %.2f\n",
          answers / seconds, cpu_each, static_cast<double>(latencies_.quantile(0.5)) / 1e3,
          static_cast<double>(latencies_.quantile(0.99)) / 1e3,
          static_cast<unsigned long long>(counters_.errors() + stalled), idle);
      return;
    }
    const auto number = [](const char* name, double value) {
      std::printf("\"%s\": %.10g, ", name, value);
    };
    const auto count = [&](const char* name, std::uint64_t value) {
      number(name, static_cast<double>(value));
    };
    std::printf("{");
    number("seconds", seconds);
    count("requests", counters_.answers);
    number("rps", answers / seconds);
    number("cpu_ns", cpu_each);
    number("worker_cpu_ns", each(cpu.workers));
    number("p50_us", static_cast<double>(latencies_.quantile(0.5)) / 1e3);
    number("p99_us", static_cast<double>(latencies_.quantile(0.99)) / 1e3);
    number("p999_us", static_cast<double>(latencies_.quantile(0.999)) / 1e3);
    number("max_us", static_cast<double>(counters_.slowest) / 1e3);
    number("gen_idle", idle);
    number("null_syscall_ns", null_syscall_);
    count("errors", counters_.errors() + stalled);
    count("connect_errors", counters_.connect_errors);
    count("closed_early", counters_.closed_early);
    count("wrong_status", counters_.wrong_status);
    count("wrong_length", counters_.wrong_length);
    count("stalled", stalled);
    count("reconnects", counters_.reconnects);
    count("upstream_connections", origin_ ? origin_->connections() : 0);
    std::printf("\"first_request\": \"%s\"}\n",
                origin_ ? escaped(origin_->first_request()).c_str() : "");
  }

  static std::string escaped(const std::string& text) {
    std::string result;
    for (const char letter : text) {
      if (letter == '\r') continue;
      if (letter == '\n') {
        result += "\\n";
      } else if (letter == '"' || letter == '\\') {
        result += '\\';
        result += letter;
      } else {
        result += std::iscntrl(static_cast<unsigned char>(letter)) != 0 ? '?' : letter;
      }
    }
    return result;
  }

  Options options_;
  sockaddr_in target_;
  int epoll_;
  std::optional<Origin> origin_;
  std::optional<TlsClients> tls_;  // Before the clients, who have connections of it.
  std::string request_;
  std::string expected_length_ = std::to_string(options_.body_bytes);
  double null_syscall_ = null_syscall();
  double interval_ = 0;
  double next_due_ = 0;
  std::int64_t last_turn_ = 0;
  std::int64_t last_reconnect_ = 0;
  std::vector<Client> clients_;
  std::vector<Client*> idle_;
  std::vector<Client*> broken_;
  Counters counters_;
  Histogram latencies_;
  std::array<char, scratch_bytes> scratch_{};
};

}  // namespace

int main(int count, char** arguments) {
  const Options options = read_options(program, count, arguments);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL.
  pin_to(program, options.cpu);
  raise_descriptor_limit();
  auto load = std::make_unique<Load>(options);
  load->run();
}
