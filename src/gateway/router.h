#pragma once
// Which route a request belongs to: Kong's traditional_compatible order (kong.md §2) over hosts,
// plain path prefixes, methods and header values. Built once for a snapshot, shared by all workers.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/headers.h"

namespace sluice {

struct Route;

/// One route's matchers, as configured.
struct RouteMatch {
  const Route* route = nullptr;
  std::string id;  ///< breaks ties: the higher UUID wins
  std::vector<std::string> methods;
  std::vector<std::string> hosts;  ///< a.com, *.a.com, a.*, each with an optional :port
  std::vector<std::string> paths;  ///< plain prefixes, normalised
  std::vector<std::pair<std::string, std::vector<std::string>>> headers;
};

class Router {
 public:
  explicit Router(std::vector<RouteMatch> routes);

  struct Question {
    std::string_view method;
    std::string_view host;   ///< without port, lower case
    std::uint16_t port = 0;  ///< named in Host, else the scheme's
    std::string_view path;   ///< normalised
    const http::Headers& headers;
  };

  struct Answer {
    const Route* route = nullptr;
    std::size_t prefix_size = 0;  ///< of the path
  };

  Answer match(const Question& question) const;

  std::size_t size() const noexcept { return routes_.size(); }

 private:
  /// One way to reach a route: one of its hosts with one of its paths.
  struct Entry {
    std::uint64_t priority;
    std::uint32_t route;
    std::uint32_t prefix_size;
    std::uint16_t port;  ///< 0: any
  };

  struct TextHash {
    using is_transparent = void;

    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  template <class Value>
  using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

  /// All entries of one host pattern, by path prefix.
  struct Bucket {
    TextMap<std::vector<Entry>> by_prefix;
    std::vector<std::uint32_t> prefix_sizes;  ///< that occur, longest first
  };

  void add(const RouteMatch& match, std::uint32_t index);
  void search(const Bucket& bucket, const Question& question, const Entry*& best) const;
  bool admits(const Entry& entry, const Question& question) const;
  bool precedes(const Entry& left, const Entry& right) const;

  std::vector<RouteMatch> routes_;
  Bucket any_host_;
  TextMap<Bucket> exact_hosts_;
  TextMap<Bucket> suffixes_;  ///< ".a.com" of *.a.com
  TextMap<Bucket> prefixes_;  ///< "a." of a.*
};

}  // namespace sluice
