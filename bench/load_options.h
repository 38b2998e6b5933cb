#pragma once
// The command line of the load generator.

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include <getopt.h>
#include <sys/types.h>

#include "sockets.h"

namespace bench {

struct Options {
  std::string target;
  std::string origin;
  std::string path = "/";
  std::size_t connections = 64;
  std::size_t body_bytes = 128;
  double warmup = 0.4;
  double duration = 0.6;
  // Requests a second from all connections together; 0 sends as fast as answers come.
  double rate = 0;
  pid_t proxy = 0;
  int cpu = -1;
  bool tls = false;
  bool websocket = false;  // Requests and answers go through tunnels, as bytes.
  bool json = false;
};

inline Options read_options(const char* program, int count, char** arguments) {
  Options options;
  const std::array<option, 15> names{{{"target", required_argument, nullptr, 't'},
                                      {"origin-listen", required_argument, nullptr, 'o'},
                                      {"path", required_argument, nullptr, 'P'},
                                      {"connections", required_argument, nullptr, 'c'},
                                      {"size", required_argument, nullptr, 's'},
                                      {"warmup", required_argument, nullptr, 'w'},
                                      {"duration", required_argument, nullptr, 'd'},
                                      {"rate", required_argument, nullptr, 'r'},
                                      {"pid", required_argument, nullptr, 'p'},
                                      {"cpu", required_argument, nullptr, 'u'},
                                      {"tls", no_argument, nullptr, 'T'},
                                      {"websocket", no_argument, nullptr, 'W'},
                                      {"json", no_argument, nullptr, 'j'},
                                      {nullptr, 0, nullptr, 0}}};
  for (int letter; (letter = getopt_long(count, arguments, "", names.data(), nullptr)) != -1;) {
    switch (letter) {
      case 't':
        options.target = optarg;
        break;
      case 'o':
        options.origin = optarg;
        break;
      case 'P':
        options.path = optarg;
        break;
      case 'c':
        options.connections = number_of<std::size_t>(program, optarg);
        break;
      case 's':
        options.body_bytes = number_of<std::size_t>(program, optarg);
        break;
      case 'w':
        options.warmup = number_of<double>(program, optarg);
        break;
      case 'd':
        options.duration = number_of<double>(program, optarg);
        break;
      case 'r':
        options.rate = number_of<double>(program, optarg);
        break;
      case 'p':
        options.proxy = number_of<int>(program, optarg);
        break;
      case 'u':
        options.cpu = number_of<int>(program, optarg);
        break;
      case 'T':
        options.tls = true;
        break;
      case 'W':
        options.websocket = true;
        break;
      case 'j':
        options.json = true;
        break;
      default:
        std::exit(2);
    }
  }
  if (options.target.empty()) {
    fail(
        program,
        "usage: bench_load --target 127.0.0.1:8000 [--origin-listen 127.0.0.1:9000] [--connections "
        "64] [--size 128]\n"
        "  [--warmup 0.4] [--duration 0.6] [--rate 0] [--path /] [--pid PROXY] [--cpu N] [--tls] "
        "[--websocket] [--json]");
  }
  return options;
}

}  // namespace bench
