#pragma once
// One request through a configuration, as `sluice explain` does it: for tables of what upstreams
// get and clients are answered.

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "explain/explain.h"
#include "plugins/catalog.h"

namespace sluice::testing {

/// A configuration that loads.
struct Subject {
  explicit Subject(const std::string& text) {
    config::LoadResult loaded = config::load_text(text, "kong.yaml");
    if (loaded.file) {
      file = *std::move(loaded.file);
      snapshot = Snapshot::compile(file, plugins::catalog(), loaded.diagnostics);
    }
    EXPECT_NE(snapshot, nullptr) << loaded.diagnostics.render() << text;
  }

  explain::Explanation ask(const explain::RequestSpec& request,
                           std::size_t rejected_max = 20) const {
    return explain::explain(file, plugins::catalog(), snapshot, request,
                            {rejected_max, WallTime(seconds(1'700'000'000))});
  }

  explain::Explanation ask(const std::string& method, const std::string& url,
                           explain::Fields fields = {}, const std::string& body = {},
                           std::size_t rejected_max = 20) const {
    auto request = explain::parse_url(url);
    EXPECT_TRUE(request) << url;
    request->method = method;
    request->fields = std::move(fields);
    request->body = body;
    return ask(*request, rejected_max);
  }

  config::LoadedFile file;
  std::shared_ptr<const Snapshot> snapshot;
};

/// The values of a field, joined with " | "; "-" where there is none.
inline std::string field(const explain::Fields& fields, std::string_view name) {
  std::string found;
  bool any = false;
  for (const auto& [key, value] : fields) {
    if (key != name) continue;
    if (any) found += " | ";
    found += value;
    any = true;
  }
  return any ? found : "-";
}

}  // namespace sluice::testing
