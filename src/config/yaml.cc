// Builds the tree from libfyaml's events, and holds the limits that its document would not.

#include "config/yaml.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <libfyaml.h>

#include "config/redact.h"
#include "config/scalar.h"

namespace sluice::config {
namespace {

struct ParserDeleter {
  void operator()(fy_parser* parser) const noexcept { fy_parser_destroy(parser); }
};

struct DiagnosticsDeleter {
  void operator()(fy_diag* diagnostics) const noexcept { fy_diag_destroy(diagnostics); }
};

/// What an alias stands for, and what using it costs.
struct Anchor {
  Node node;
  std::size_t nodes = 0;   ///< with everything below it
  std::size_t height = 0;  ///< levels below it
};

/// A list or map that is being read.
struct Open {
  bool is_map = false;
  Place place;
  std::string anchor;
  std::size_t first = 0;  ///< of its members in the common stack
  std::size_t nodes = 1;
  std::size_t height = 0;
  bool expects_key = true;
  std::string_view key;
  Place key_place;
  bool is_merging = false;  ///< the next value is that of a merge key
  std::optional<Place> merge_place;
  std::vector<Member> merged;  ///< of all values of the merge key, the first first
};

std::string text_of(fy_token* token) {
  if (token == nullptr) return {};
  std::size_t size = 0;
  const char* text = fy_token_get_text(token, &size);
  return text == nullptr ? std::string() : std::string(text, size);
}

std::string too_deep_message() {
  return fmt::format("lists and maps may be nested at most {} deep", depth_max);
}

class TreeBuilder {
 public:
  TreeBuilder(Document& document, Diagnostics& diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  /// False after an error, which is reported.
  bool take(const fy_event& event) {
    switch (event.type) {
      case FYET_DOCUMENT_START:
        if (++documents_ > 1)
          return fail(place_of(event.document_start.document_start),
                      "must hold one document, got a second one");
        return true;
      case FYET_SCALAR:
        return take_scalar(event);
      case FYET_ALIAS:
        return take_alias(event);
      case FYET_SEQUENCE_START:
        return open(false, event.sequence_start.sequence_start, event.sequence_start.anchor,
                    event.sequence_start.tag);
      case FYET_MAPPING_START:
        return open(true, event.mapping_start.mapping_start, event.mapping_start.anchor,
                    event.mapping_start.tag);
      case FYET_SEQUENCE_END:
      case FYET_MAPPING_END:
        return close();
      default:
        return true;
    }
  }

 private:
  bool fail(Place place, std::string message) {
    diagnostics_.error(place, Path(), std::move(message));
    return false;
  }

  Place place_of(fy_token* token) {
    const fy_mark* mark = token == nullptr ? nullptr : fy_token_start_mark(token);
    if (mark != nullptr) {
      last_.line = static_cast<std::uint32_t>(mark->line) + 1;
      last_.column = static_cast<std::uint32_t>(mark->column) + 1;
    }
    return last_;
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().is_map && open_.back().expects_key;
  }

  bool take_scalar(const fy_event& event) {
    fy_token* token = event.scalar.value;
    std::size_t size = 0;
    const char* start = token == nullptr ? nullptr : fy_token_get_text(token, &size);
    const std::string_view text =
        start == nullptr ? std::string_view() : std::string_view(start, size);
    const fy_scalar_style style = token == nullptr ? FYSS_PLAIN : fy_token_scalar_style(token);
    Place place = place_of(token);
    // libfyaml's mark of a quoted scalar is behind the quote.
    const bool is_quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    if (is_quoted && place.column > 1) --place.column;
    if (expects_key()) return take_key(text, place, style == FYSS_PLAIN);
    const std::string tag = text_of(event.scalar.tag);
    if (!tag.empty() && tag != "!" && tag != "!!str" && tag != "tag:yaml.org,2002:str")
      return fail(place, fmt::format("tag {} is not supported", in_quotes(tag)));
    const Node node = style == FYSS_PLAIN && tag.empty() ? plain_scalar(document_, text, place)
                                                         : document_.text(text, place);
    return finish({node, 1, 0}, text_of(event.scalar.anchor));
  }

  bool take_key(std::string_view text, Place place, bool is_plain) {
    Open& map = open_.back();
    map.is_merging = is_plain && text == "<<";
    map.key = map.is_merging ? std::string_view() : document_.keep(text);
    map.key_place = place;
    map.expects_key = false;
    if (!map.is_merging) return true;
    if (map.merge_place) return duplicate({"<<", place, {}}, {"<<", *map.merge_place, {}});
    map.merge_place = place;
    return true;
  }

  bool take_alias(const fy_event& event) {
    Place place = place_of(event.alias.anchor);
    if (place.column > 1) --place.column;  // the mark is behind the asterisk
    const std::string name = text_of(event.alias.anchor);
    if (expects_key()) return fail(place, "an alias cannot be a key");
    const auto found = anchors_.find(name);
    if (found == anchors_.end())
      return fail(place, fmt::format("alias {} has no anchor before it", in_quotes(name)));
    alias_nodes_ += found->second.nodes;
    if (alias_nodes_ > alias_nodes_max)
      return fail(place,
                  fmt::format("aliases may stand for at most {} values in all", alias_nodes_max));
    if (open_.size() + found->second.height >= depth_max) return too_deep(place);
    return finish(found->second, {});
  }

  bool too_deep(Place place) { return fail(place, too_deep_message()); }

  bool open(bool is_map, fy_token* token, fy_token* anchor, fy_token* tag) {
    const Place place = place_of(token);
    if (expects_key()) return fail(place, "a key must be a string, got a list or a map");
    if (open_.size() == depth_max) return too_deep(place);
    if (const std::string name = text_of(tag); !name.empty() && name != "!" && name != "!!map" &&
                                               name != "!!seq" &&
                                               !name.starts_with("tag:yaml.org,2002:"))
      return fail(place, fmt::format("tag {} is not supported", in_quotes(name)));
    Open opened;
    opened.is_map = is_map;
    opened.place = place;
    opened.anchor = text_of(anchor);
    opened.first = is_map ? members_.size() : items_.size();
    open_.push_back(std::move(opened));
    return true;
  }

  bool close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    Anchor value{{}, closed.nodes, closed.height};
    if (closed.is_map) {
      const auto members = std::span(members_).subspan(closed.first);
      if (!has_distinct_keys(members)) return false;
      if (closed.merged.empty())
        value.node = document_.map(members, closed.place);
      else
        value.node = document_.map(with_merged(members, closed.merged), closed.place);
      members_.resize(closed.first);
    } else {
      value.node = document_.list(std::span(items_).subspan(closed.first), closed.place);
      items_.resize(closed.first);
    }
    return finish(value, closed.anchor);
  }

  bool has_distinct_keys(std::span<const Member> members) {
    constexpr std::size_t few = 32;
    if (members.size() > few) return has_distinct_keys_of_many(members);
    for (std::size_t i = 1; i < members.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (members[i].key == members[j].key) return duplicate(members[i], members[j]);
    return true;
  }

  bool has_distinct_keys_of_many(std::span<const Member> members) {
    std::unordered_map<std::string_view, const Member*> seen;
    for (const Member& member : members) {
      const auto [first, fresh] = seen.emplace(member.key, &member);
      if (!fresh) return duplicate(member, *first->second);
    }
    return true;
  }

  bool duplicate(const Member& member, const Member& first) {
    return fail(member.key_place,
                fmt::format("duplicate key {}, first given at line {}, column {}",
                            in_quotes(member.key), first.key_place.line, first.key_place.column));
  }

  /// A map's own keys, and those merged ones that are not among them. The first of one name wins.
  static std::vector<Member> with_merged(std::span<const Member> own,
                                         std::span<const Member> merged) {
    std::vector<Member> all(own.begin(), own.end());
    std::unordered_set<std::string_view> seen;
    for (const Member& member : own)
      seen.insert(member.key);
    for (const Member& member : merged)
      if (seen.insert(member.key).second) all.push_back(member);
    return all;
  }

  /// The value of `<<` in YAML 1.1 (yaml.org/type/merge.html): a map, or a list of maps.
  bool take_merge(Open& map, const Node& value) {
    std::span<const Node> maps = value.items();
    if (!value.is_list()) maps = std::span(&value, 1);
    for (const Node& each : maps) {
      if (!each.is_map())
        return fail(map.key_place,
                    fmt::format("a merge key (\"<<\") must have a map or a list of maps, got {}{}",
                                value.is_list() ? "a list with " : "", bare_kind_of(each)));
      map.merged.insert(map.merged.end(), each.members().begin(), each.members().end());
    }
    map.is_merging = false;
    return true;
  }

  /// Hands a complete value to the list or map around it.
  bool finish(const Anchor& value, const std::string& anchor) {
    if (!anchor.empty()) anchors_.insert_or_assign(anchor, value);
    if (open_.empty()) {
      document_.set_root(value.node);
      return true;
    }
    Open& parent = open_.back();
    parent.nodes += value.nodes;
    // What is merged is not nested any deeper.
    const std::size_t levels = parent.is_merging ? 0 : 1;
    parent.height = std::max(parent.height, value.height + levels);
    if (parent.is_map && parent.is_merging) {
      parent.expects_key = true;
      return take_merge(parent, value.node);
    }
    if (parent.is_map) {
      members_.push_back({parent.key, parent.key_place, value.node});
      parent.expects_key = true;
    } else {
      items_.push_back(value.node);
    }
    return true;
  }

  Document& document_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::vector<Member> members_;
  std::vector<Node> items_;
  std::map<std::string, Anchor, std::less<>> anchors_;
  std::size_t alias_nodes_ = 0;
  std::size_t documents_ = 0;
  Place last_ = {1, 1};
};

/// libfyaml's first complaint, in the words and the form of ours.
void report_syntax(fy_diag& collected, Diagnostics& diagnostics) {
  void* position = nullptr;
  const fy_diag_error* error = fy_diag_errors_iterate(&collected, &position);
  if (error == nullptr || error->msg == nullptr) {
    diagnostics.error({1, 1}, Path(), "is neither YAML nor JSON");
    return;
  }
  std::string message = error->msg;
  while (!message.empty() && (message.back() == '\n' || message.back() == '.'))
    message.pop_back();
  const Place place = {static_cast<std::uint32_t>(std::max(error->line, 1)),
                       static_cast<std::uint32_t>(std::max(error->column, 1))};
  diagnostics.error(place, Path(), "syntax error: " + message);
}

/// The place of a byte of the text.
Place place_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(before, '\n'));
  const auto columns =
      static_cast<std::uint32_t>(std::ranges::count_if(before.substr(line_start), [](char letter) {
        return (static_cast<unsigned char>(letter) & 0xC0) != 0x80;
      }));
  return {lines + 1, columns + 1};
}

}  // namespace

std::shared_ptr<Document> parse_text(TextFormat format, Diagnostics& diagnostics) {
  return parse_text(format, diagnostics.source().text, diagnostics);
}

std::shared_ptr<Document> parse_text(TextFormat format, std::string_view text,
                                     Diagnostics& diagnostics) {
  if (text.size() > file_bytes_max) {
    diagnostics.error({}, Path(), fmt::format("must have at most {} bytes", file_bytes_max));
    return nullptr;
  }
  if (const std::size_t bad = first_unreadable_byte(text); bad < text.size()) {
    diagnostics.error(place_at(text, bad), Path(),
                      fmt::format("must be UTF-8 text, got byte 0x{:02x}",
                                  static_cast<unsigned>(text[bad]) & 0xFFU));
    return nullptr;
  }
  // Far above depth_max, since brackets in plain texts count here too.
  if (const std::size_t bracket = first_too_deep_bracket(text, 10 * depth_max);
      bracket < text.size()) {
    diagnostics.error(place_at(text, bracket), Path(), too_deep_message());
    return nullptr;
  }
  auto document = std::make_shared<Document>();
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.empty()) {
    document->set_root(document->null({1, 1}));
    return document;
  }

  fy_diag_cfg how_to_report;
  fy_diag_cfg_default(&how_to_report);
  how_to_report.fp = nullptr;
  const std::unique_ptr<fy_diag, DiagnosticsDeleter> collected(fy_diag_create(&how_to_report));
  fy_diag_set_collect_errors(collected.get(), true);
  fy_parse_cfg how_to_parse = {};
  how_to_parse.diag = collected.get();
  // Depth is ours to limit: libfyaml's own limit is lower, and its message names neither place nor
  // limit.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): libfyaml's flags are bits
  how_to_parse.flags = static_cast<fy_parse_cfg_flags>(
      FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DISABLE_DEPTH_LIMIT | FYPCF_DEFAULT_VERSION_1_2 |
      (format == TextFormat::json ? FYPCF_JSON_FORCE : FYPCF_JSON_NONE));
  const std::unique_ptr<fy_parser, ParserDeleter> parser(fy_parser_create(&how_to_parse));
  if (parser == nullptr || fy_parser_set_string(parser.get(), text.data(), text.size()) != 0) {
    report_syntax(*collected, diagnostics);
    return nullptr;
  }

  TreeBuilder builder(*document, diagnostics);
  while (fy_event* event = fy_parser_parse(parser.get())) {
    const bool is_right = builder.take(*event);
    fy_parser_event_free(parser.get(), event);
    if (!is_right) return nullptr;
  }
  if (fy_parser_get_stream_error(parser.get()) || fy_diag_got_error(collected.get())) {
    report_syntax(*collected, diagnostics);
    return nullptr;
  }
  return document;
}

}  // namespace sluice::config
