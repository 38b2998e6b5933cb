// Reads a configuration file in three steps: text to tree, tree to declared settings, settings to
// resolved entities.

#include "config/load.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "config/environment.h"
#include "config/file.h"
#include "config/prepare.h"
#include "config/resolve.h"
#include "config/yaml.h"

namespace sluice::config {
namespace {

/// The tree with everything in it that the file takes from elsewhere; null after an error that
/// leaves none.
std::shared_ptr<Document> read_tree(TextFormat format, Diagnostics& diagnostics) {
  const std::string_view text = diagnostics.source().text;
  const bool has_expressions = text.find("${{") != std::string_view::npos;
  std::string replaced(has_expressions ? text : std::string_view());
  const DeckExpressions expressions(replaced, diagnostics);
  auto document =
      has_expressions ? parse_text(format, replaced, diagnostics) : parse_text(format, diagnostics);
  if (document == nullptr) return nullptr;
  if (has_expressions || text.find("{vault://") != std::string_view::npos)
    resolve_references(*document, expressions, diagnostics);
  prepare(*document);
  return document;
}

LoadResult load_source(Source source, const LoadOptions& options) {
  const TextFormat format = source.name.ends_with(".json") ? TextFormat::json : TextFormat::yaml;
  LoadResult result{{}, {}, Diagnostics(std::move(source))};
  if (options.allow_unsupported) result.diagnostics.allow_unsupported();
  const auto document = read_tree(format, result.diagnostics);
  if (document == nullptr) return result;
  File file = decode<File>(document->root(), result.diagnostics);
  LoadedFile loaded = resolve(std::move(file), result.diagnostics);
  (result.diagnostics.has_errors() ? result.flawed : result.file) = std::move(loaded);
  return result;
}

LoadResult unreadable(const std::string& path, std::string_view why) {
  LoadResult result{{}, {}, Diagnostics(Source{path, {}})};
  result.diagnostics.error({}, Path(), fmt::format("cannot be read: {}", why));
  return result;
}

}  // namespace

LoadResult load_text(std::string_view text, std::string_view file_name,
                     const LoadOptions& options) {
  return load_source({std::string(file_name), std::string(text)}, options);
}

LoadResult load_file(const std::string& path, const LoadOptions& options) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, std::strerror(errno));
  std::string text;
  std::string block(1 << 20, '\0');
  do {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    if (file.bad())
      return unreadable(path, errno != 0 ? std::strerror(errno) : "the system gave no reason");
    text.append(block, 0, static_cast<std::size_t>(file.gcount()));
    if (text.size() > file_bytes_max)
      return unreadable(path, fmt::format("it has more than {} bytes", file_bytes_max));
  } while (file);
  return load_source({path, std::move(text)}, options);
}

}  // namespace sluice::config
