// response-transformer: another response for the client (kong.md §7): first remove, then rename,
// replace, add and append; fields of every answer, members of JSON bodies.

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/matchers.h"
#include "gateway/exchange.h"
#include "gateway/name_values.h"
#include "gateway/plugin_type.h"
#include "gateway/request_edit.h"
#include "http/form.h"
#include "http/json_object.h"
#include "http/text.h"
#include "http/whole_body.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

enum class JsonType : std::uint8_t { boolean, number, string };

constexpr auto names_of(JsonType) {
  return std::to_array<std::string_view>({"boolean", "number", "string"});
}

constexpr auto pair_rule = config::matches(is_name_value, name_value_form);

struct ResponseRemove {
  std::vector<std::string> headers;
  std::vector<std::string> json;

  static constexpr std::string_view type_name = "response-transformer remove";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("headers", &ResponseRemove::headers,
                 matches(is_header_name, "be the name of a header field"), "Header fields."),
        optional("json", &ResponseRemove::json, non_empty(), "Members of a JSON body."),
    };
  }
};

struct ResponseRename {
  std::vector<std::string> headers;
  std::vector<std::string> json;

  static constexpr std::string_view type_name = "response-transformer rename";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("headers", &ResponseRename::headers, matches(is_field_rename, field_rename_form),
                 "Header fields, `old:new`."),
        optional("json", &ResponseRename::json, pair_rule, "Members of a JSON body, `old:new`."),
    };
  }
};

struct ResponseValues {
  std::vector<std::string> headers;
  std::vector<std::string> json;
  std::vector<JsonType> json_types;

  static constexpr std::string_view type_name = "response-transformer values";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("headers", &ResponseValues::headers, matches(is_field_name_value, field_form),
                 "Header fields, `name:value`."),
        optional("json", &ResponseValues::json, pair_rule, "Members of a JSON body, `name:value`."),
        optional("json_types", &ResponseValues::json_types,
                 "What the value of each of `json` is, in the same order; a string where it is not "
                 "given."),
    };
  }

  static void check(ResponseValues& values, const config::Given& given) {
    for (std::size_t i = 0; i < values.json.size() && i < values.json_types.size(); ++i) {
      const std::string value = split_name_value(values.json[i]).value;
      const bool is_number =
          !value.empty() && (value[0] == '-' || (value[0] >= '0' && value[0] <= '9'));
      if (values.json_types[i] == JsonType::number && !(is_number && http::is_json(value)))
        given.error("json", i, "must have a number as its value, as `json_types` says");
      if (values.json_types[i] == JsonType::boolean && value != "true" && value != "false")
        given.error("json", i, "must have true or false as its value, as `json_types` says");
    }
  }
};

struct ResponseTransformerConfig {
  ResponseRemove remove;
  ResponseRename rename;
  ResponseValues replace;
  ResponseValues add;
  ResponseValues append;

  static constexpr std::string_view type_name = "response-transformer";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("remove", &ResponseTransformerConfig::remove, "What the client does not get."),
        optional("rename", &ResponseTransformerConfig::rename,
                 "What the client gets under another name."),
        optional("replace", &ResponseTransformerConfig::replace, "New values for what is there."),
        optional("add", &ResponseTransformerConfig::add, "Values for what is not there."),
        optional("append", &ResponseTransformerConfig::append,
                 "Further values, beside what is there."),
    };
  }
};

/// Names and their values as JSON.
std::vector<NameValue> typed(const ResponseValues& from) {
  std::vector<NameValue> result = split_all(from.json);
  for (std::size_t i = 0; i < result.size(); ++i)
    if (i >= from.json_types.size() || from.json_types[i] == JsonType::string)
      result[i].value = http::json_string(result[i].value);
  return result;
}

struct JsonEdits {
  std::vector<std::string> remove;
  std::vector<NameValue> rename;
  std::vector<NameValue> replace;
  std::vector<NameValue> add;
  std::vector<NameValue> append;

  bool empty() const noexcept {
    return remove.empty() && rename.empty() && replace.empty() && add.empty() && append.empty();
  }

  /// A text that is no JSON object goes on as it came.
  Chunk apply(Chunk text) const {
    auto object = http::JsonObject::parse(text.text());
    if (!object) return text;
    for (const std::string& name : remove)
      object->remove(name);
    for (const auto& [from, to] : rename)
      object->rename(from, to);
    for (const auto& [name, value] : replace)
      if (object->has(name)) object->set(name, value);
    for (const auto& [name, value] : add)
      if (!object->has(name)) object->set(name, value);
    for (const auto& [name, value] : append)
      object->append(name, value);
    return Chunk::copy_of(object->text());
  }
};

/// Reads the inner body whole before its first byte. One that is too large ends with an Error:
/// what should be removed must not get through.
class JsonBody final : public http::Body {
 public:
  JsonBody(http::BodyPtr inner, const JsonEdits& edits) : inner_(std::move(inner)), edits_(edits) {}

  Task<Result<Chunk>> read() override {
    if (std::exchange(is_read_, true)) co_return Chunk();
    CO_TRY(Chunk whole, co_await http::read_whole(*inner_, plugin_body_bytes_max));
    if (whole.empty()) co_return whole;
    co_return edits_.apply(std::move(whole));
  }

  const http::Headers* trailers() const override { return inner_->trailers(); }

 private:
  http::BodyPtr inner_;
  const JsonEdits& edits_;  ///< of a plugin, which the exchange's snapshot keeps
  bool is_read_ = false;
};

class ResponseTransformer final : public Plugin {
 public:
  using Config = ResponseTransformerConfig;

  ResponseTransformer(const Config& config, const PluginDeps&)
      : remove_(config.remove.headers),
        rename_(split_all(config.rename.headers)),
        replace_(split_all(config.replace.headers)),
        add_(split_all(config.add.headers)),
        append_(split_all(config.append.headers)),
        json_{config.remove.json, split_all(config.rename.json), typed(config.replace),
              typed(config.add), typed(config.append)} {}

  void on_response(Exchange&, http::Response& response) const override {
    // Decided by the type that the body has, whatever its field will say.
    const bool is_json =
        !json_.empty() && response.body != nullptr && response.status != 101 &&
        http::media_type(response.headers.get(http::HeaderId::content_type).value_or("")) ==
            "application/json";
    transform(response.headers);
    if (is_json) response.body = std::make_unique<JsonBody>(std::move(response.body), json_);
  }

 private:
  /// Names and values are the configuration's, and were checked there.
  void transform(http::Headers& headers) const {
    for (const std::string& name : remove_)
      headers.remove(name);
    for (const auto& [from, to] : rename_) {
      std::vector<std::string_view> moved;
      for (const http::Headers::Field& field : headers.fields())
        if (http::equal_ignoring_case(field.name(), from)) moved.push_back(field.value());
      if (moved.empty() || http::equal_ignoring_case(from, to)) continue;
      headers.remove(from);
      headers.remove(to);
      for (const std::string_view value : moved)
        static_cast<void>(headers.add(to, value));
    }
    for (const auto& [name, value] : replace_)
      if (headers.get(name)) static_cast<void>(headers.set(name, http::trim(value)));
    for (const auto& [name, value] : add_)
      if (!headers.get(name)) static_cast<void>(headers.add(name, http::trim(value)));
    for (const auto& [name, value] : append_)
      static_cast<void>(headers.add(name, http::trim(value)));
  }

  const std::vector<std::string> remove_;
  const std::vector<NameValue> rename_;
  const std::vector<NameValue> replace_;
  const std::vector<NameValue> add_;
  const std::vector<NameValue> append_;
  const JsonEdits json_;
};

}  // namespace

constinit const PluginType response_transformer =
    plugin_type<ResponseTransformer>("response-transformer", 800, {.without_route = true},
                                     "Changes responses before the client gets them.");

}  // namespace sluice::plugins
