#pragma once
// The commands `sluice explain`, `sluice routes` and `sluice token explain`: what they read and
// print, and how they end.

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/plugin.h"

namespace sluice::explain {

/// How a command ends.
inline constexpr int exit_matched = 0;
inline constexpr int exit_refused = 1;  ///< no route, or an answer of 400 and above
inline constexpr int exit_wrong = 2;    ///< wrong arguments, or a configuration that does not load

struct ExplainArguments {
  std::string file;
  bool allow_unsupported = false;
  std::string method;
  std::string url;
  std::vector<std::string> fields;  ///< `Name: value`
  std::string body;
  std::string sni;
  std::string from = "127.0.0.1";
  std::string listener;
  std::string format = "text";
  std::size_t candidates = 20;
};

int run_explain(const ExplainArguments& arguments, PluginCatalog catalog);

struct RoutesArguments {
  std::string file;
  bool allow_unsupported = false;
  std::string format = "text";
};

int run_routes(const RoutesArguments& arguments, PluginCatalog catalog);

struct TokenArguments {
  std::string file;          ///< whose gateway.explain_key signs; empty: key_variable
  std::string key_variable;  ///< of the environment
  std::string duration = "10m";
  std::string route;  ///< name or id; empty: any request
};

int run_token(const TokenArguments& arguments);

}  // namespace sluice::explain
