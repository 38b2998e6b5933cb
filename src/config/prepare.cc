// Rewrites the tree of a file where decK or an older version of the format ask for it.

#include "config/prepare.h"

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::config {
namespace {

/// Kong takes a path of other letters for a regular expression in files before 3.0.
bool was_plain_path(std::string_view path) {
  return std::ranges::all_of(path, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') ||
           std::string_view(".-_~/%").find(letter) != std::string_view::npos;
  });
}

class Preparer {
 public:
  explicit Preparer(Document& document) : document_(document) {
    const Node& root = document.root();
    const Node* version = root.find("_format_version");
    marks_regexes_ =
        version != nullptr && (version->source() == "1.1" || version->source() == "2.1");
    const Node* info = root.find("_info");
    defaults_ = info == nullptr ? nullptr : info->find("defaults");
  }

  void run() {
    if (!marks_regexes_ && defaults_ == nullptr) return;
    const Node& root = document_.root();
    if (!root.is_map()) return;
    std::vector<Member> members(root.members().begin(), root.members().end());
    for (Member& member : members)
      member.value = prepared(member.key, member.value);
    document_.set_root(document_.map(members, root.place()));
  }

 private:
  /// A list of entities by the name of the list; anything else as it is.
  Node prepared(std::string_view list, const Node& node) {
    const std::string_view kind = list == "services"    ? "service"
                                  : list == "routes"    ? "route"
                                  : list == "upstreams" ? "upstream"
                                  : list == "targets"   ? "target"
                                                        : "";
    if (kind.empty() || !node.is_list()) return node;
    std::vector<Node> items(node.items().begin(), node.items().end());
    for (Node& item : items)
      if (item.is_map()) item = entity(kind, item);
    return document_.list(items, node.place());
  }

  Node entity(std::string_view kind, const Node& node) {
    const Node* defaults = defaults_ == nullptr ? nullptr : defaults_->find(kind);
    const Node filled = defaults == nullptr ? node : with_defaults(node, *defaults);
    std::vector<Member> members(filled.members().begin(), filled.members().end());
    for (Member& member : members) {
      if (kind == "route" && member.key == "paths" && marks_regexes_)
        member.value = with_marks(member.value);
      else
        member.value = prepared(member.key, member.value);
    }
    return document_.map(members, node.place());
  }

  Node with_defaults(const Node& node, const Node& defaults) {
    std::vector<Member> members(node.members().begin(), node.members().end());
    // A URL says these four itself.
    static constexpr std::string_view in_url[] = {"protocol", "host", "port", "path"};
    const bool has_url = node.find("url") != nullptr;
    for (const Member& member : defaults.members()) {
      if (has_url && std::ranges::find(in_url, member.key) != std::end(in_url)) continue;
      const auto own = std::ranges::find(members, member.key, &Member::key);
      if (own == members.end())
        members.push_back(member);
      else if (own->value.is_map() && member.value.is_map())
        own->value = with_defaults(own->value, member.value);
    }
    return document_.map(members, node.place());
  }

  Node with_marks(const Node& paths) {
    std::vector<Node> items(paths.items().begin(), paths.items().end());
    for (Node& path : items)
      if (path.is_text() && !path.text().starts_with('~') && !was_plain_path(path.text()))
        path = document_.text(document_.keep("~" + std::string(path.text())), path.place());
    return document_.list(items, paths.place());
  }

  Document& document_;
  bool marks_regexes_ = false;
  const Node* defaults_ = nullptr;
};

}  // namespace

void prepare(Document& document) {
  Preparer(document).run();
}

}  // namespace sluice::config
