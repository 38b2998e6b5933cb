// Queries, cookies, JSON objects, multipart forms and Forwarded from anybody: no parser reads
// beyond its text, and what one wrote, it reads again as the same.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "http/cookies.h"
#include "http/form.h"
#include "http/forwarded.h"
#include "http/json_object.h"
#include "http/query.h"

namespace {

using namespace sluice::http;

void require(bool condition) {
  if (!condition) std::abort();
}

void try_query(std::string_view text) {
  std::string_view rest = text;
  while (const auto pair = next_query_parameter(rest)) {
    const std::string name = decode_query(pair->name);
    require(query_decodes_to(pair->name, name));
    require(find_in_query(text, name).count > 0);
    require(find_in_query(without_parameter(text, name), name).count == 0);
    if (name.size() > 16) break;
  }
  auto edit = QueryEdit::parse(text);
  if (!edit) return;
  edit->rename("a", "b");
  edit->set("c", text);
  const auto again = QueryEdit::parse(edit->text());
  require(!again || (again->text() == edit->text() && again->get("c") == text));
}

void try_json(std::string_view text) {
  auto object = JsonObject::parse(text);
  require(!object || is_json(text));
  if (!object) return;
  object->append("a", "1");
  object->remove("b");
  object->rename("c", "d");
  require(is_json(object->text()));
  const auto again = JsonObject::parse(object->text());
  require(again && again->text() == object->text() && !again->has("b") && !again->has("c"));
}

void try_form(std::string_view text) {
  const std::string_view type = text.substr(0, text.find('\n'));
  static_cast<void>(field_parameter(type, "boundary"));
  auto form = MultipartForm::parse("multipart/form-data; boundary=x", text);
  if (!form) return;
  form->remove("a");
  const bool is_set = form->set("b", type);
  const auto again = MultipartForm::parse("multipart/form-data; boundary=x", form->text());
  require(again && again->text() == form->text());
  require(!is_set || again->get("b") == type);
}

void try_forwarded(std::string_view text) {
  const auto addresses = forwarded_for(text);
  if (!addresses) return;
  for (const std::string_view address : *addresses)
    require(address.empty() || (address.data() >= text.data() &&
                                address.data() + address.size() <= text.data() + text.size() &&
                                address.find_first_of(",;\"[] ") == std::string_view::npos));
  // A whole line in front changes nothing of what is behind it: no client hides a proxy's element.
  const std::string longer = "for=6.6.6.6," + std::string(text);
  const auto more = forwarded_for(longer);
  require(!more || std::ranges::equal(std::span(*more).subspan(1), *addresses));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (*data % 5) {
    case 0:
      try_query(text);
      break;
    case 1: {
      std::string_view rest = text;
      while (const auto cookie = next_cookie(rest))
        require(!cookie->name.empty());
      break;
    }
    case 2:
      try_json(text);
      break;
    case 3:
      try_forwarded(text);
      break;
    default:
      try_form(text);
  }
  return 0;
}
