#pragma once
// YAML 1.2 (core schema) and JSON into a Document. The only place that knows libfyaml, and only its
// events.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "config/diagnostics.h"
#include "config/node.h"

namespace sluice::config {

inline constexpr std::size_t file_bytes_max = 256ULL << 20;
inline constexpr std::size_t depth_max = 100;
/// Nodes that aliases may add to what the file spells out.
inline constexpr std::size_t alias_nodes_max = 1'000'000;

enum class TextFormat : std::uint8_t { yaml, json };

/// The text of the diagnostics' source as a tree, or null after an error: syntax, a key that comes
/// twice, a limit. Text without content is a null node.
std::shared_ptr<Document> parse_text(TextFormat format, Diagnostics& diagnostics);

/// The same for a text whose places are those of the diagnostics' source.
std::shared_ptr<Document> parse_text(TextFormat format, std::string_view text,
                                     Diagnostics& diagnostics);

}  // namespace sluice::config
