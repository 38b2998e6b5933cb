// Other projects' attack vectors (tests/vectors/README.md) through scanner, parsers and decoder, as
// one connection would use them. What we expect stands in tables beside the vectors, with a reason
// where it is not what their authors expect.

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/h1/chunked.h"
#include "http/h1/head.h"
#include "http/text.h"
#include "http/uri.h"

namespace sluice::http::h1 {
namespace {

/// Reads all requests in `bytes_`, which arrive in pieces of `step_`, until one is refused.
class Connection {
 public:
  Connection(std::string_view bytes, std::size_t step) : bytes_(bytes), step_(step) {}

  /// One word a request: accept, incomplete, or "refuse" with the status.
  std::string outcome() {
    do {
      outcome_ += outcome_.empty() ? "" : " ";
      const auto accepted = exchange();
      if (accepted && *accepted) {
        outcome_ += "accept";
        continue;
      }
      outcome_ += accepted ? "incomplete"
                           : "refuse " + std::to_string(kind_of(accepted.error().code).status);
      break;
    } while (at_ < bytes_.size() && keep_alive_);
    return outcome_;
  }

 private:
  /// True for a whole request, false when bytes are missing.
  Result<bool> exchange() {
    HeadScanner scanner;
    std::size_t size = 0;
    for (std::size_t have = 0; size == 0; have += step_) {
      TRY(size, scanner.scan(bytes_.substr(at_, have), limits_));
      if (size == 0 && have >= bytes_.size() - at_) return false;
    }
    TRY(RequestHead head, parse_request(bytes_.substr(at_, size), limits_));
    if (head.target.starts_with('/')) {
      if (auto path = normalize_path(path_of(head.target), head.headers); !path)
        return std::unexpected(std::move(path).error());
    }
    keep_alive_ = head.keep_alive;
    at_ += size;
    if (head.framing.kind == Framing::Kind::chunked) return read_chunks();
    if (head.framing.length > bytes_.size() - at_) return false;
    at_ += head.framing.length;
    return true;
  }

  Result<bool> read_chunks() {
    ChunkedDecoder decoder(limits_);
    while (!decoder.finished()) {
      if (at_ == bytes_.size()) return false;
      TRY(const auto step, decoder.feed(bytes_.substr(at_, step_)));
      at_ += step.consumed;
    }
    return true;
  }

  std::string_view bytes_;
  std::size_t step_;
  std::size_t at_ = 0;
  bool keep_alive_ = true;
  Limits limits_;
  std::string outcome_;
};

std::string outcome_of(const std::string& bytes) {
  const std::string outcome = Connection(bytes, bytes.size() + 1).outcome();
  EXPECT_EQ(Connection(bytes, 1).outcome(), outcome) << "byte by byte";
  return outcome;
}

std::string unescaped(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (text[0] != '\\' || text.size() < 2) {
      bytes += text[0];
      text.remove_prefix(1);
      continue;
    }
    const char kind = text[1];
    std::size_t used = 2;
    if (kind == 'x') {
      bytes += static_cast<char>(hex_value(text[2]) << 4 | hex_value(text[3]));
      used = 4;
    } else {
      bytes += kind == 'r'   ? '\r'
               : kind == 'n' ? '\n'
               : kind == 't' ? '\t'
               : kind == '0' ? '\0'
                             : kind;
    }
    text.remove_prefix(used);
  }
  return bytes;
}

bool replace(std::string& text, std::string_view what, const std::string& by) {
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return at != std::string::npos;
}

std::string repeated(int count, auto&& element) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += element(i);
  return text;
}

/// A row of http11probe.tsv in bytes: <...> stands for what is generated, " ## " for the next
/// write.
std::string probe_bytes(std::string text) {
  if (text == "<connect, send nothing>") return "";
  if (text == "<256 pseudo-random bytes>") {
    std::uint32_t seed = 42;
    return repeated(
        256, [&](int) { return static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24); });
  }
  const std::string_view smuggled_mark = "  (S = ";
  if (const std::size_t at = text.find(smuggled_mark); at != std::string::npos) {
    std::string smuggled = text.substr(at + smuggled_mark.size());
    smuggled.pop_back();
    text.resize(at);
    replace(smuggled, "<small>", "5");
    char hex[16];
    std::snprintf(hex, sizeof hex, "%zx", unescaped(smuggled).size());
    replace(text, "<hex(len(S))>", hex);
    replace(text, "<len(hex)+2>", std::to_string(std::string_view(hex).size() + 2));
    replace(text, "\\r\\nS\\r\\n", "\\r\\n" + smuggled + "\\r\\n");
  }
  replace(text, "<100 KB>", std::string(100 * 1024, 'A'));
  replace(text, "<64 KB>", std::string(64 * 1024, 'A'));
  replace(text, "<8000 B>", std::string(8000, 'A'));
  replace(text, "<200 x A>", std::string(200, 'A'));
  replace(text, "<1000 overlapping>",
          repeated(1000, [](int i) { return (i ? "," : "") + std::to_string(i) + "-"; }));
  replace(text, "<1000 pairs>",
          repeated(1000, [](int i) { return "k" + std::to_string(i) + "=v; "; }) + "end=v");
  replace(text, "<X-H-0..9999: value\\r\\n>",
          repeated(10000, [](int i) { return "X-H-" + std::to_string(i) + ": value\\r\\n"; }));

  std::string first = text.substr(0, text.find(" ## "));
  const std::string head_end = "\\r\\n\\r\\n";
  if (const std::size_t body = first.find(head_end); body != std::string::npos) {
    const std::string size = std::to_string(unescaped(first.substr(body + head_end.size())).size());
    if (!replace(text, "<len(body)>", size)) replace(text, "<len(prefix)>", size);
  }
  replace(text, " ## ", "");
  EXPECT_EQ(text.find_first_of("<>"), std::string::npos) << text;
  return unescaped(text);
}

/// The rows of a tab-separated file of tests/vectors, without its first line.
std::vector<std::vector<std::string>> table(const std::string& name) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/vectors/" + name);
  EXPECT_TRUE(file) << name;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> columns(1);
    for (const char byte : line)
      if (byte == '\t')
        columns.emplace_back();
      else
        columns.back() += byte;
    rows.push_back(std::move(columns));
  }
  return rows;
}

struct Expectation {
  std::string outcome;
  std::string reason;
};

std::map<std::string, Expectation> expectations(const std::string& name) {
  std::map<std::string, Expectation> result;
  for (auto& row : table(name))
    result[row.at(0)] = {row.at(1), row.size() > 2 ? row[2] : ""};
  return result;
}

TEST(Http1Vectors, AnswersEachHttp11ProbeAsExpected) {
  const auto expected = expectations("http11probe-expected.tsv");
  std::size_t seen = 0;

  for (const auto& row : table("http11probe.tsv")) {
    ASSERT_GE(row.size(), 5U);
    const auto entry = expected.find(row[1]);
    if (entry == expected.end()) {
      ADD_FAILURE() << row[1] << " has no expectation";
      continue;
    }
    ++seen;

    const std::string outcome = outcome_of(probe_bytes(row[4]));

    EXPECT_EQ(outcome, entry->second.outcome) << row[1] << "\t" << row[3] << "\t" << row[5];
  }

  EXPECT_EQ(seen, expected.size()) << "an expectation without its vector";
  EXPECT_EQ(seen, 206U);
}

TEST(Http1Vectors, RefusesSevereAndAcceptsCompliantRequestsOfDesyncGuardian) {
  const auto exceptions = expectations("desync-guardian-exceptions.tsv");
  std::size_t used = 0;
  std::size_t severe = 0;

  for (const auto& row : table("desync-guardian/requests.tsv")) {
    ASSERT_EQ(row.size(), 4U);
    // The requests have no bodies, so that a whole head is all there is to judge.
    std::string outcome = outcome_of(unescaped(row[3]));
    if (outcome == "incomplete") outcome = "accept";

    const auto exception = exceptions.find(row[0]);
    if (row[1] == "Severe") {
      ++severe;
      EXPECT_TRUE(outcome.starts_with("refuse ")) << row[0] << " " << row[3] << " " << outcome;
      EXPECT_EQ(exception, exceptions.end()) << row[0];
    } else if (exception != exceptions.end()) {
      ++used;
      EXPECT_EQ(outcome, exception->second.outcome) << row[0];
      EXPECT_FALSE(exception->second.reason.empty()) << row[0];
    } else {
      EXPECT_TRUE(row[1] != "Compliant" || outcome == "accept")
          << row[0] << " " << row[3] << " " << outcome;
    }
  }

  EXPECT_EQ(used, exceptions.size()) << "an exception without its vector";
  EXPECT_EQ(severe, 58U);
}

}  // namespace
}  // namespace sluice::http::h1
