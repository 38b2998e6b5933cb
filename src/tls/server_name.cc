#include "tls/server_name.h"

namespace sluice::tls {
namespace {

// RFC 6066 §3: NameType.host_name.
constexpr unsigned char host_name = 0;
constexpr std::size_t name_max = 255;

std::size_t number_at(std::span<const unsigned char> bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at] << 8 | bytes[at + 1]);
}

}  // namespace

std::string normal_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string normal(name);
  for (char& byte : normal)
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  return normal;
}

std::optional<std::string_view> parse_server_name(std::span<const unsigned char> body) {
  // The list's length, the name's type, its length, the name.
  constexpr std::size_t before_name = 5;
  if (body.size() <= before_name || number_at(body, 0) != body.size() - 2) return {};
  if (body[2] != host_name || number_at(body, 3) != body.size() - before_name) return {};
  const auto bytes = body.subspan(before_name);
  const std::string_view name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (name.size() > name_max || name.contains('\0')) return {};
  return name;
}

}  // namespace sluice::tls
