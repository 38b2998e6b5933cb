// Queries, cookies, JSON objects, multipart forms and Forwarded from anybody: no parser reads
// beyond its text, and what one wrote, it reads again as the same.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

std::size_t count_of(std::string_view text, std::string_view piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != std::string_view::npos;
       at = text.find(piece, at + piece.size()))
    ++count;
  return count;
}

/// The part's names, in order, as the most careless reader finds them: the boundary anywhere, the
/// first name=".
std::vector<std::string_view> names_in(std::string_view form) {
  std::vector<std::string_view> names;
  for (std::size_t at = form.find("--x\r\n"); at != std::string_view::npos;
       at = form.find("--x\r\n", at + 5)) {
    const std::string_view part = form.substr(at, form.find("\r\n\r\n", at) - at);
    const std::size_t from = part.find(" name=\"");
    require(from != std::string_view::npos);
    const std::string_view name = part.substr(from + 7);
    names.push_back(name.substr(0, name.find('"')));
  }
  return names;
}

void try_form(std::string_view text) {
  const std::string_view type = text.substr(0, text.find('\n'));
  const auto other =
      MultipartForm::parse(type, text.substr(std::min(type.size() + 1, text.size())));
  require(!other || MultipartForm::parse(type, other->text())->text() == other->text());
  auto form = MultipartForm::parse("multipart/form-data; boundary=x", text);
  if (!form) return;
  form->remove("a");
  const bool is_set = form->set("b", type);
  const std::string sent = form->text();
  const auto again = MultipartForm::parse("multipart/form-data; boundary=x", sent);
  require(again && again->text() == sent);
  require(!is_set || (again->get("b") == type && again->count("b") == 1));
  const auto names = names_in(sent);
  require(count_of(sent, "--x") == names.size() + 1);
  require(std::ranges::find(names, "a") == names.end());
  for (const std::string_view name : names)
    require(form->has(name));
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
