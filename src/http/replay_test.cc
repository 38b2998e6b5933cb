// What a body keeps for another attempt.

#include "http/replay.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

class Pieces final : public Body {
 public:
  explicit Pieces(std::vector<Chunk> pieces) : pieces_(std::move(pieces)) {}

  Task<Result<Chunk>> read() override {
    return Result<Chunk>(next_ < pieces_.size() ? pieces_[next_++] : Chunk());
  }

  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  std::vector<Chunk> pieces_;
  std::size_t next_ = 0;
};

std::string read_all(Body& body) {
  std::string text;
  for (;;) {
    auto reading = body.read();
    EXPECT_TRUE(reading.await_ready());
    const Result<Chunk> chunk = reading.await_resume();
    if (!chunk || chunk->empty()) return text;
    text += chunk->text();
  }
}

/// A piece of a read that brought `whole` bytes, most of them another stream's.
Chunk piece_of(std::size_t whole, std::string_view text) {
  Chunk read = Chunk::with_room(whole);
  read.append(text);
  read.extend(whole - text.size());
  return read.slice(0, text.size());
}

TEST(Replay, KeepsItsOwnPartOfReadsThatOthersShare) {
  std::vector<Chunk> pieces;
  std::string sent;
  for (int i = 0; i < 10; ++i) {
    const std::string text(i % 2 == 0 ? 9'000 : 10, static_cast<char>('a' + i));
    pieces.push_back(piece_of(256 << 10, text));
    sent += text;
  }
  Replay replay(std::make_unique<Pieces>(std::move(pieces)), 64 << 10);
  for (int attempt = 0; attempt < 3; ++attempt)
    EXPECT_EQ(read_all(*replay.reader()), sent) << attempt;
  EXPECT_TRUE(replay.from_start());
}

TEST(Replay, GoesOnInTheMiddleOfWhatWasKept) {
  std::vector<Chunk> pieces;
  for (const char* text : {"one ", "two ", "three "})
    pieces.push_back(piece_of(4096, text));
  Replay replay(std::make_unique<Pieces>(std::move(pieces)), 64 << 10);
  EXPECT_EQ(replay.reader()->read().await_resume()->text(), "one ");
  EXPECT_EQ(read_all(*replay.reader()), "one two three ");
}

TEST(Replay, EndsAtItsLimit) {
  const std::string text(9'000, 'x');
  std::vector<Chunk> pieces(10, piece_of(9'000, text));
  for (Chunk& piece : pieces)
    piece = piece_of(256 << 10, text);
  Replay replay(std::make_unique<Pieces>(std::move(pieces)), 64 << 10);
  EXPECT_EQ(read_all(*replay.reader()).size(), 90'000U);
  EXPECT_FALSE(replay.from_start());
}

}  // namespace
}  // namespace sluice::http
