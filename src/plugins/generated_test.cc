// What is generated from declarations, compared with the files that are checked in. With
// UPDATE_GOLDEN=1 in the environment they are written anew.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "config/reference.h"
#include "config/schema.h"
#include "gateway/plugin_check.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

namespace fs = std::filesystem;

void expect_file(const std::string& name, const std::string& text) {
  const fs::path path = fs::path(SLUICE_SOURCE_DIR) / "docs/reference" / name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  // Without gtest's difference: of a large page it takes gigabytes.
  EXPECT_TRUE(content.str() == text)
      << name << " is not what the declarations say; write it with UPDATE_GOLDEN=1";
}

TEST(Reference, IsWhatTheDeclarationsSay) {
  for (const config::ReferencePage& page : config::reference_pages(plugin_settings(catalog())))
    expect_file(page.file_name, page.text);
}

TEST(Schema, IsWhatTheDeclarationsSay) {
  expect_file("sluice.schema.json", config::schema_text(plugin_settings(catalog())));
}

}  // namespace
}  // namespace sluice::plugins
