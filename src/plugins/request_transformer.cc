// request-transformer: another request for the upstream (kong.md §7): per place first remove, then
// rename, replace, add and append.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/matchers.h"
#include "gateway/name_values.h"
#include "gateway/plugin_type.h"
#include "gateway/request_edit.h"
#include "gateway/template.h"
#include "http/form.h"
#include "http/json_object.h"
#include "http/query.h"
#include "http/text.h"
#include "http/uri.h"
#include "plugins/catalog.h"

namespace sluice::plugins {
namespace {

constexpr auto pair_rule = config::matches(is_name_value, name_value_form);
constexpr auto field_rule = config::matches(is_field_name_value, field_form);
constexpr auto field_rename_rule = config::matches(is_field_rename, field_rename_form);

struct Lists {
  std::vector<std::string> headers;
  std::vector<std::string> querystring;
  std::vector<std::string> body;
};

struct RemoveLists : Lists {
  static constexpr std::string_view type_name = "request-transformer remove";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("headers", &RemoveLists::headers,
                 matches(is_header_name, "be the name of a header field"), "Header fields."),
        optional("querystring", &RemoveLists::querystring, non_empty(), "Query arguments."),
        optional("body", &RemoveLists::body, non_empty(), "Members or form fields of the body."),
    };
  }
};

struct RenameLists : Lists {
  static constexpr std::string_view type_name = "request-transformer rename";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("headers", &RenameLists::headers, field_rename_rule, "Header fields, `old:new`."),
        optional("querystring", &RenameLists::querystring, pair_rule,
                 "Query arguments, `old:new`."),
        optional("body", &RenameLists::body, pair_rule,
                 "Members or form fields of the body, `old:new`."),
    };
  }
};

struct ValueLists : Lists {
  static constexpr std::string_view type_name = "request-transformer values";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("headers", &ValueLists::headers, field_rule,
                 "Header fields, `name:value`; values may hold $(...)."),
        optional("querystring", &ValueLists::querystring, pair_rule,
                 "Query arguments, `name:value`; values may hold $(...)."),
        optional("body", &ValueLists::body, pair_rule,
                 "Members or form fields of the body, `name:value`; values may hold $(...)."),
    };
  }
};

struct ReplaceLists : ValueLists {
  std::optional<std::string> uri;

  static constexpr std::string_view type_name = "request-transformer replace";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple_cat(
        ValueLists::fields(),
        std::tuple{
            optional("uri", &ReplaceLists::uri, non_empty(),
                     "The path that the upstream gets, and the first part of its query behind a "
                     "`?`; may hold $(...).")});
  }
};

struct RequestTransformerConfig {
  std::optional<std::string> http_method;
  RemoveLists remove;
  RenameLists rename;
  ReplaceLists replace;
  ValueLists add;
  ValueLists append;

  static constexpr std::string_view type_name = "request-transformer";

  static constexpr auto fields() {
    using namespace config;
    return std::tuple{
        optional("http_method", &RequestTransformerConfig::http_method,
                 matches(is_method, "be a method in upper case"),
                 "The method that the upstream gets; GET, HEAD and TRACE turn a form into query "
                 "arguments."),
        optional("remove", &RequestTransformerConfig::remove, "What the upstream does not get."),
        optional("rename", &RequestTransformerConfig::rename,
                 "What the upstream gets under another name."),
        optional("replace", &RequestTransformerConfig::replace, "New values for what is there."),
        optional("add", &RequestTransformerConfig::add, "Values for what is not there."),
        optional("append", &RequestTransformerConfig::append,
                 "Further values, beside what is there."),
    };
  }

  static void check(RequestTransformerConfig& config, const config::Given& given) {
    const auto check_all = [&](const std::vector<std::string>& texts, std::string_view verb) {
      for (const std::string& text : texts) {
        const auto parsed = Template::parse(text);
        if (!parsed)
          given.error(verb,
                      config::in_quotes(text) + " " + std::string(parsed.error().detail.text()));
        else if (parsed->asks_for_shared())
          given.warning(verb, config::in_quotes(text) +
                                  " asks for shared values, of which there are none: only plugins "
                                  "with scripts of their own write them");
      }
    };
    const auto check_lists = [&](const Lists& lists, std::string_view verb) {
      check_all(lists.headers, verb);
      check_all(lists.querystring, verb);
      check_all(lists.body, verb);
    };
    check_lists(config.replace, "replace");
    check_lists(config.add, "add");
    check_lists(config.append, "append");
    if (config.replace.uri) check_all({*config.replace.uri}, "replace");
    if (config.http_method == "CONNECT") given.error("http_method", "must not be CONNECT");
  }
};

/// A value for one name, which a request may fill in.
struct Value {
  std::string name;
  Template text;
  std::string constant;
};

/// What happens to one place of a request.
struct Edits {
  std::vector<std::string> remove;
  std::vector<NameValue> rename;
  std::vector<Value> replace;
  std::vector<Value> add;
  std::vector<Value> append;

  bool empty() const noexcept {
    return remove.empty() && rename.empty() && replace.empty() && add.empty() && append.empty();
  }
};

/// The same for one request: templates see it as it came, before any edit.
struct Filled {
  std::vector<NameValue> replace;
  std::vector<NameValue> add;
  std::vector<NameValue> append;
};

std::vector<Value> values(const std::vector<std::string>& texts) {
  std::vector<Value> result;
  for (const std::string& text : texts) {
    NameValue pair = split_name_value(text);
    auto parsed = Template::parse(pair.value);
    if (!parsed) continue;  // check() refused it
    result.push_back({std::move(pair.name), *std::move(parsed), std::move(pair.value)});
  }
  return result;
}

/// What a request fills in, as field_value() where `escapes`.
std::vector<NameValue> filled(const std::vector<Value>& values, const Exchange& exchange,
                              bool escapes) {
  std::vector<NameValue> result;
  result.reserve(values.size());
  for (const Value& value : values) {
    if (value.text.is_constant()) {
      result.push_back({value.name, value.constant});
      continue;
    }
    std::string text = value.text.fill(exchange);
    result.push_back({value.name, escapes ? field_value(text) : std::move(text)});
  }
  return result;
}

Filled filled(const Edits& edits, const Exchange& exchange, bool escapes = false) {
  return {filled(edits.replace, exchange, escapes), filled(edits.add, exchange, escapes),
          filled(edits.append, exchange, escapes)};
}

/// Removes and renames, replaces and adds in anything that has names and values.
template <class Document>
void apply(Document& document, const Edits& edits, const Filled& values, const auto& as_value) {
  for (const std::string& name : edits.remove)
    document.remove(name);
  for (const auto& [from, to] : edits.rename)
    document.rename(from, to);
  for (const auto& [name, value] : values.replace)
    if (document.has(name)) document.set(name, as_value(value));
  for (const auto& [name, value] : values.add)
    if (!document.has(name)) document.set(name, as_value(value));
  for (const auto& [name, value] : values.append)
    document.append(name, as_value(value));
}

bool is_host(std::string_view name) {
  return http::equal_ignoring_case(name, "host");
}

bool has_dot_segment(std::string_view path) {
  std::string decoded;
  while (!path.empty()) {
    if (path.size() >= 3 && http::equal_ignoring_case(path.substr(0, 3), "%2e")) {
      decoded += '.';
      path.remove_prefix(3);
    } else {
      decoded += path.front();
      path.remove_prefix(1);
    }
  }
  decoded += '/';
  return decoded.contains("/../") || decoded.contains("/./");
}

enum class BodyKind : std::uint8_t { other, json, multipart, form };

/// Anywhere in Content-Type, as Kong finds it, since upstreams are as generous; the first one, as
/// they do.
BodyKind body_kind(std::string_view content_type) {
  const std::string text = http::lowered(content_type);
  constexpr std::pair<BodyKind, std::string_view> names[] = {
      {BodyKind::json, "application/json"},
      {BodyKind::multipart, "multipart/form-data"},
      {BodyKind::form, "application/x-www-form-urlencoded"}};
  BodyKind first = BodyKind::other;
  std::size_t first_at = std::string::npos;
  for (const auto& [kind, name] : names) {
    const std::size_t at = text.find(name);
    if (at >= first_at) continue;
    first = kind;
    first_at = at;
  }
  return first;
}

class RequestTransformer final : public Plugin {
 public:
  using Config = RequestTransformerConfig;

  RequestTransformer(Config config, const PluginDeps&) : method_(std::move(config.http_method)) {
    headers_ = edits(config, &Lists::headers);
    query_ = edits(config, &Lists::querystring);
    body_ = edits(config, &Lists::body);
    if (!config.replace.uri) return;
    if (auto parsed = Template::parse(*config.replace.uri)) uri_ = *std::move(parsed);
    if (uri_) uri_query_ = uri_->split_off('?');
  }

  http::ResponseTask handle(Exchange& exchange, Next next) const override {
    const auto content_type = exchange.request.headers.single(http::HeaderId::content_type);
    // Of two types an upstream may believe either.
    if (!content_type && !body_.empty()) return std::unexpected(content_type.error());
    const std::string_view type = content_type ? content_type->value_or("") : "";
    const BodyKind kind = body_kind(type);
    const bool form_to_query = method_ && kind == BodyKind::form &&
                               exchange.request.body != nullptr &&
                               (method_ == "GET" || method_ == "HEAD" || method_ == "TRACE");
    const bool edits_body =
        !body_.empty() && exchange.request.protocol.empty() && kind != BodyKind::other;
    if (form_to_query || edits_body)
      return handle_with_body(exchange, next, type, form_to_query, edits_body);
    if (const Result<Done> done = transform(exchange, filled(query_, exchange), ""); !done)
      return std::unexpected(done.error());
    return next(exchange);
  }

 private:
  static Edits edits(const Config& config, std::vector<std::string> Lists::* place) {
    return {config.remove.*place, split_all(config.rename.*place), values(config.replace.*place),
            values(config.add.*place), values(config.append.*place)};
  }

  /// `type` is the Content-Type that came, which the headers keep.
  http::ResponseTask handle_with_body(Exchange& exchange, Next next, std::string_view type,
                                      bool form_to_query, bool edits_body) const {
    CO_TRY(const Chunk whole, co_await whole_body(exchange));
    const Filled body_values = filled(body_, exchange, body_kind(type) == BodyKind::multipart);
    const Filled query_values = filled(query_, exchange);
    CO_TRY(Done transformed,
           transform(exchange, query_values, form_to_query ? whole.text() : std::string_view()));
    static_cast<void>(transformed);
    if (edits_body) {
      CO_TRY(Done edited, transform_body(exchange, type, whole.text(), body_values));
      static_cast<void>(edited);
    }
    co_return co_await next(exchange);
  }

  /// Everything but the body, in Kong's order.
  Result<Done> transform(Exchange& exchange, const Filled& query_values,
                         std::string_view more_query) const {
    const Filled header_values = filled(headers_, exchange);
    const std::string uri_query = uri_query_ ? uri_query_->fill(exchange, query_value) : "";
    TRY(Done uri, transform_uri(exchange));
    static_cast<void>(uri);
    if (method_) exchange.request.method = *method_;
    TRY(Done headers, transform_headers(exchange, header_values));
    static_cast<void>(headers);
    if (!query_.empty() || !more_query.empty()) {
      TRY(Done query, transform_query(exchange, query_values, more_query));
      static_cast<void>(query);
    }
    if (uri_query.empty()) return Done{};
    const std::string both =
        uri_query + (exchange.query.empty() ? "" : "&") + std::string(exchange.query);
    set_query(exchange, escaped(both, http::byte_class::target));
    return Done{};
  }

  Result<Done> transform_query(Exchange& exchange, const Filled& values,
                               std::string_view more_query) const {
    std::string all(exchange.query);
    if (!more_query.empty()) {
      if (!all.empty()) all += '&';
      all += more_query;
    }
    TRY(http::QueryEdit query, http::QueryEdit::parse(all));
    apply(query, query_, values, [](const std::string& value) { return value; });
    const std::string text = query.text();
    // What a body says may hold any byte; a request line may not.
    set_query(exchange, escaped(text, http::byte_class::target));
    return Done{};
  }

  Result<Done> transform_uri(Exchange& exchange) const {
    if (!uri_) return Done{};
    std::string path = uri_->fill(exchange);
    if (!path.starts_with('/')) path.insert(0, "/");
    // What a client fills in stays below what the configuration says.
    if (!uri_->is_constant() && has_dot_segment(path))
      return fail(ErrorCode::bad_request, "a dot segment in replace.uri");
    if (path.contains('\0')) return fail(ErrorCode::bad_request, "NUL in replace.uri");
    http::Headers& keeper = exchange.request.headers;
    exchange.upstream_path = keeper.keep(http::escape_path(path, keeper));
    return Done{};
  }

  Result<Done> transform_headers(Exchange& exchange, const Filled& values) const {
    http::Headers& headers = exchange.request.headers;
    for (const std::string& name : headers_.remove)
      headers.remove(name);
    for (const auto& [from, to] : headers_.rename) {
      TRY(Done renamed, rename(headers, from, to));
      static_cast<void>(renamed);
    }
    for (const auto& [name, value] : values.replace) {
      if (is_host(name)) {
        TRY(Done host, set_host_field(exchange, value));
        static_cast<void>(host);
      } else if (headers.get(name)) {
        TRY(Done set, headers.set(name, field_value(http::trim(value))));
        static_cast<void>(set);
      }
    }
    for (const auto& [name, value] : values.add) {
      if (is_host(name) || headers.get(name)) continue;
      TRY(Done added, headers.add(name, field_value(http::trim(value))));
      static_cast<void>(added);
    }
    for (const auto& [name, value] : values.append) {
      if (is_host(name)) continue;
      TRY(Done added, headers.add(name, field_value(http::trim(value))));
      static_cast<void>(added);
    }
    return Done{};
  }

  static Result<Done> rename(http::Headers& headers, std::string_view from, std::string_view to) {
    if (is_host(from) || is_host(to) || http::equal_ignoring_case(from, to)) return Done{};
    std::vector<std::string_view> moved;
    for (const http::Headers::Field& field : headers.fields())
      if (http::equal_ignoring_case(field.name(), from)) moved.push_back(field.value());
    if (moved.empty()) return Done{};
    headers.remove(from);
    headers.remove(to);
    for (const std::string_view value : moved) {
      TRY(Done added, headers.add(to, value));
      static_cast<void>(added);
    }
    return Done{};
  }

  static Result<Done> set_host_field(Exchange& exchange, std::string_view value) {
    if (!config::is_target(value)) return fail(ErrorCode::bad_request, "Host of a transformation");
    exchange.upstream_host = exchange.request.headers.keep(value);
    return Done{};
  }

  /// A body that is not what its type says goes on as it came, as in Kong, unless something is to
  /// be taken out of it.
  Result<Done> transform_body(Exchange& exchange, std::string_view type, std::string_view text,
                              const Filled& values) const {
    const BodyKind kind = body_kind(type);
    if (kind == BodyKind::multipart) return transform_multipart(exchange, type, text, values);
    if (kind == BodyKind::json) {
      auto object = text.empty() ? http::JsonObject() : http::JsonObject::parse(text);
      if (!object && takes_away() && !http::is_json(text))
        return fail(ErrorCode::bad_request, "a JSON body that is none");
      if (!object) return Done{};
      apply(*object, body_, values,
            [](const std::string& value) { return http::json_string(value); });
      if (!text.empty() || object->text() != "{}") set_body(exchange, object->text());
      return Done{};
    }
    TRY(http::QueryEdit form, http::QueryEdit::parse(text));
    apply(form, body_, values, [](const std::string& value) { return value; });
    set_body(exchange, form.text());
    return Done{};
  }

  /// What should be gone must not get through: no upstream may find in the body what is not found
  /// here.
  bool takes_away() const {
    return !body_.remove.empty() || !body_.rename.empty() || !body_.replace.empty();
  }

  Result<Done> transform_multipart(Exchange& exchange, std::string_view type, std::string_view text,
                                   const Filled& values) const {
    auto form = http::MultipartForm::parse(type, text);
    if (!form && takes_away() && !text.empty())
      return fail(ErrorCode::bad_request, "a multipart body that can be read in several ways");
    if (!form) return Done{};
    bool may = true;
    for (const std::string& name : body_.remove)
      form->remove(name);
    for (const auto& [from, to] : body_.rename)
      may = may && (!form->has(from) || form->rename(from, to));
    for (const auto& [name, value] : values.replace)
      may = may && (!form->has(name) || form->set(name, value));
    for (const auto& [name, value] : values.add)
      may = may && (form->has(name) || form->set(name, value));
    if (!may) return fail(ErrorCode::bad_request, "a value that holds the body's boundary");
    if (!text.empty() || !form->is_empty()) set_body(exchange, form->text());
    return Done{};
  }

  std::optional<std::string> method_;
  std::optional<Template> uri_;
  std::optional<Template> uri_query_;
  Edits headers_;
  Edits query_;
  Edits body_;
};

}  // namespace

constinit const PluginType request_transformer = plugin_type<RequestTransformer>(
    "request-transformer", 801, {}, "Changes requests before the upstream gets them.");

}  // namespace sluice::plugins
