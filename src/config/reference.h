#pragma once
// The reference of all settings as Markdown, generated from the same declarations that read them.

#include <string>
#include <vector>

namespace sluice::config {

struct ReferencePage {
  std::string file_name;  ///< such as service.md
  std::string text;
};

/// One page for the file as a whole, one for the node, one for each entity.
std::vector<ReferencePage> reference_pages();

}  // namespace sluice::config
