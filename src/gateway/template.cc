#include "gateway/template.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "http/query.h"
#include "http/text.h"

namespace sluice {

/// Reads what stands between $( and ).
class TemplateReader {
 public:
  using Source = Template::Source;

  explicit TemplateReader(std::string_view text) : rest_(text) {}

  std::string_view rest() const noexcept { return rest_; }

  /// Up to and with the closing bracket.
  std::optional<std::vector<Template::Term>> terms() {
    std::vector<Template::Term> terms;
    do {
      auto term = take_term();
      if (!term) return std::nullopt;
      terms.push_back(*std::move(term));
      skip_space();
    } while (take_word("or"));
    if (!take(')')) return std::nullopt;
    return terms;
  }

 private:
  void skip_space() { rest_ = http::trim(rest_); }

  bool take(char byte) {
    if (!rest_.starts_with(byte)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_name() {
    const auto belongs = [](char byte) {
      return http::is(byte, http::byte_class::digit) || byte == '_' ||
             (http::lower(byte) >= 'a' && http::lower(byte) <= 'z');
    };
    std::size_t size = 0;
    while (size < rest_.size() && belongs(rest_[size]))
      ++size;
    const std::string_view name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return name;
  }

  bool take_word(std::string_view word) {
    const std::string_view before = rest_;
    if (take_name() == word) return true;
    rest_ = before;
    return false;
  }

  std::optional<std::string> take_quoted() {
    if (!rest_.starts_with('"') && !rest_.starts_with('\'')) return std::nullopt;
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(rest_.substr(1, end - 1));
    // Escapes of Lua are not read: better none than another text.
    if (text.contains('\\')) return std::nullopt;
    rest_.remove_prefix(end + 1);
    return text;
  }

  std::optional<Template::Term> take_term() {
    skip_space();
    if (auto text = take_quoted()) return Template::Term{Source::literal, *std::move(text)};
    const std::string_view table = take_name();
    Template::Term term;
    if (table == "headers")
      term.source = Source::header;
    else if (table == "query_params")
      term.source = Source::query;
    else if (table == "uri_captures")
      term.source = Source::capture;
    else if (table == "shared")
      term.source = Source::shared;
    else
      return std::nullopt;
    if (take('.')) {
      term.name = take_name();
      return term.name.empty() ? std::nullopt : std::optional(std::move(term));
    }
    if (!take('[')) return std::nullopt;
    if (!take_key(term) || !take(']')) return std::nullopt;
    return term;
  }

  bool take_key(Template::Term& term) {
    if (auto text = take_quoted()) {
      term.name = *std::move(text);
      return true;
    }
    const std::string_view digits = take_name();
    term.is_number = term.source == Source::capture;
    const auto end = digits.data() + digits.size();
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): `end` says where
    const auto [at, error] = std::from_chars(digits.data(), end, term.number);
    return term.is_number && error == std::errc() && at == end;
  }

  std::string_view rest_;
};

Result<Template> Template::parse(std::string_view text) {
  Template result;
  for (;;) {
    const std::size_t begin = text.find("$(");
    if (begin == std::string_view::npos) break;
    TemplateReader reader(text.substr(begin + 2));
    auto terms = reader.terms();
    if (!terms)
      return fail(ErrorCode::invalid_configuration,
                  "cannot be read behind $(: expected headers.NAME, query_params.NAME, "
                  "uri_captures.NAME, uri_captures[N], shared.NAME or \"text\", with `or` between "
                  "several; Lua is not run");
    result.pieces_.push_back({std::string(text.substr(0, begin)), *std::move(terms)});
    text = reader.rest();
  }
  result.rest_ = text;
  return result;
}

bool Template::asks_for_shared() const noexcept {
  return std::ranges::any_of(pieces_, [](const Piece& piece) {
    return std::ranges::find(piece.terms, Source::shared, &Term::source) != piece.terms.end();
  });
}

bool Template::read(const Term& term, const Exchange& exchange, std::string& value) {
  switch (term.source) {
    case Source::literal:
      value = term.name;
      return true;
    case Source::header: {
      auto found = exchange.request.headers.get(term.name);
      // Lua's names have no hyphen: headers.x_user is X-User too, as Kong finds it.
      if (!found && term.name.contains('_')) {
        std::string hyphens = term.name;
        std::ranges::replace(hyphens, '_', '-');
        found = exchange.request.headers.get(hyphens);
      }
      if (!found && http::equal_ignoring_case(term.name, "host"))
        found = exchange.request.authority;
      value = found.value_or("");
      return found.has_value();
    }
    case Source::query: {
      http::QueryValue found = http::find_in_query(exchange.query, term.name);
      value = found.has_value || found.count == 0 ? std::move(found.value) : "true";
      return found.count > 0;
    }
    case Source::capture: {
      const UriCaptures captures = exchange.uri_captures();
      value = term.is_number ? captures.at(term.number) : captures.named(term.name);
      return !value.empty();
    }
    case Source::shared:
      break;  // nothing writes there: docs/decisions/0051-what-nobody-shares.md
  }
  return false;
}

std::string Template::fill(const Exchange& exchange,
                           std::string (*encode)(std::string_view)) const {
  std::string text;
  std::string value;
  for (const Piece& piece : pieces_) {
    text += piece.before;
    for (const Term& term : piece.terms) {
      if (!read(term, exchange, value)) continue;
      text += encode == nullptr ? value : encode(value);
      break;
    }
  }
  return text += rest_;
}

std::optional<Template> Template::split_off(char byte) {
  Template behind;
  for (std::size_t i = 0; i <= pieces_.size(); ++i) {
    std::string& text = i < pieces_.size() ? pieces_[i].before : rest_;
    const std::size_t at = text.find(byte);
    if (at == std::string::npos) continue;
    std::string before = text.substr(0, at);
    text.erase(0, at + 1);
    behind.pieces_.assign(pieces_.begin() + static_cast<std::ptrdiff_t>(i), pieces_.end());
    behind.rest_ = std::move(rest_);
    pieces_.resize(i);
    rest_ = std::move(before);
    return behind;
  }
  return std::nullopt;
}

}  // namespace sluice
