#pragma once
// Frames of HTTP/2 by a fuzzer's choice, as structure: for the targets of both sides.

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::http::h2::fuzz {

/// Takes the fuzzer's bytes apart; zeros once there are no more.
struct Choices {
  const std::uint8_t* data;
  std::size_t size;

  std::uint8_t byte() {
    if (size == 0) return 0;
    --size;
    return *data++;
  }

  std::string bytes(std::size_t wanted) {
    const std::size_t taken = wanted < size ? wanted : size;
    std::string text(reinterpret_cast<const char*>(data), taken);
    data += taken;
    size -= taken;
    return text;
  }
};

namespace type {
inline constexpr std::uint8_t data = 0;
inline constexpr std::uint8_t headers = 1;
inline constexpr std::uint8_t reset = 3;
inline constexpr std::uint8_t settings = 4;
inline constexpr std::uint8_t ping = 6;
inline constexpr std::uint8_t goaway = 7;
inline constexpr std::uint8_t window_update = 8;
inline constexpr std::uint8_t continuation = 9;
inline constexpr std::uint8_t kinds = 12;  ///< with two that nobody knows
}  // namespace type

namespace flag {
inline constexpr std::uint8_t end_stream = 1;
inline constexpr std::uint8_t end_headers = 4;
inline constexpr std::uint8_t padded = 8;
}  // namespace flag

/// A big-endian number of four bytes.
inline std::string number(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

/// RFC 9113 §4.1. Nothing says that the parts fit together.
inline std::string frame(std::uint8_t kind, std::uint8_t flags, std::uint8_t stream,
                         std::string_view payload) {
  std::string text = number(static_cast<std::uint32_t>(payload.size())).substr(1);
  text += {static_cast<char>(kind), static_cast<char>(flags)};
  text += number(stream);
  return text.append(payload);
}

/// A field as HPACK has it without tables and Huffman codes (RFC 7541 §6.2.2). Both texts are
/// shorter than 127 bytes.
inline std::string field(std::string_view name, std::string_view value) {
  std::string text{'\0', static_cast<char>(name.size())};
  text.append(name) += static_cast<char>(value.size());
  return text.append(value);
}

/// What was made, for who wants to know what a peer can have heard.
struct Made {
  std::string text;
  std::uint8_t kind = 0;
  std::uint8_t stream = 0;
  bool raw = false;  ///< the payload is any bytes, else what its type asks for
};

/// DATA of up to 16 KiB for few of the fuzzer's bytes, or else a queue would never be full.
inline std::string data_payload(Choices& choices) {
  const std::size_t size = choices.byte();
  return std::string(size << (choices.byte() % 7), 'd');
}

/// Mostly one of the first `opened` of a client: a frame on another one ends the connection.
inline std::uint8_t stream_of(std::uint8_t choice, std::size_t opened) {
  const std::size_t known = opened == 0 ? 1 : opened < 8 ? opened : 8;
  return choice < 0xf0 ? static_cast<std::uint8_t>(1 + 2 * (choice % known)) : choice % 16;
}

/// One frame: of any type with any payload, which seldom takes a peer anywhere; or, mostly, one
/// that is as its type asks. `head_of(choices, stream)` is a header section.
Made make_frame(Choices& choices, std::size_t opened, auto&& head_of) {
  const std::uint8_t choice = choices.byte();
  const std::uint8_t flags = choices.byte();
  const std::uint8_t stream = stream_of(choices.byte(), opened);
  if (choice < 2 * type::kinds) {
    const std::uint8_t kind = choice % type::kinds;
    return {frame(kind, flags, stream, choices.bytes(choices.byte())), kind, stream, true};
  }
  const auto made = [&](std::uint8_t kind, std::uint8_t its_flags, std::uint8_t id,
                        const std::string& payload) {
    return Made{frame(kind, its_flags, id, payload), kind, id, false};
  };
  switch (choice % 14) {
    case 0:
    case 1:
    case 2:
    case 3: {
      // Now and then the section goes on.
      const std::uint8_t ends = (flags & 0x70) == 0x70 ? 0 : flag::end_headers;
      return made(type::headers, (flags & flag::end_stream) | ends, stream,
                  head_of(choices, stream));
    }
    case 4:
    case 5:
    case 6:
      return made(type::data, flags & flag::end_stream, stream, data_payload(choices));
    case 7:
      return made(type::headers, flag::end_headers | flag::end_stream, stream,
                  field("x-trailer", "t"));
    case 8:
      return made(type::reset, 0, stream, number(choices.byte() % 16));
    case 9: {
      std::string payload{'\0', static_cast<char>(choices.byte() % 10)};
      payload += number(std::uint32_t{choices.byte()} << (choices.byte() % 25));
      return made(type::settings, 0, 0, payload);
    }
    case 10:
      return made(type::settings, 1, 0, "");
    case 11:
      return made(type::goaway, 0, 0, number(choices.byte()) + number(choices.byte() % 16));
    case 12: {
      const std::uint32_t window = std::uint32_t{1} << (choices.byte() % 32);
      return made(type::window_update, 0, (flags & 1) != 0 ? stream : std::uint8_t{0},
                  number(window));
    }
    default:
      return made(type::ping, flags & 1, 0, std::string(8, 'p'));
  }
}

}  // namespace sluice::http::h2::fuzz
