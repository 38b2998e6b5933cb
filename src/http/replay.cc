#include "http/replay.h"

#include <vector>

namespace sluice::http {

struct Replay::Store {
  BodyPtr source;
  std::size_t limit;
  std::size_t footprint = 0;
  bool overflown = false;
  std::vector<Chunk> kept;
};

class Replay::Reader final : public Body {
 public:
  explicit Reader(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  Task<Result<Chunk>> read() override {
    if (next_ < store_->kept.size()) return Result<Chunk>(store_->kept[next_++]);
    auto reading = store_->source->read();
    if (!reading.await_ready()) return read_later(std::move(reading));
    return keep(reading.await_resume());
  }

  /// What is kept for another attempt must be seen.
  bool can_read_into() const override {
    return store_->overflown && store_->source->can_read_into();
  }

  Task<Result<std::size_t>> read_into(PipePtr& pipe) override {
    if (!can_read_into()) return Result<std::size_t>(0);
    return store_->source->read_into(pipe);
  }

  std::optional<std::uint64_t> length() const override { return store_->source->length(); }

  const Headers* trailers() const override { return store_->source->trailers(); }

 private:
  Task<Result<Chunk>> read_later(Task<Result<Chunk>> reading) {
    co_return keep(co_await std::move(reading));
  }

  Result<Chunk> keep(Result<Chunk> chunk) {
    Store& store = *store_;
    if (!chunk || chunk->empty() || store.overflown) return chunk;
    // Of a read that brought other streams too, this body's part alone is kept.
    store.footprint += add_waiting(store.kept, *chunk);
    next_ = store.kept.size();
    if (store.footprint > store.limit) {
      store.overflown = true;
      store.kept.clear();
      next_ = 0;
      return chunk;
    }
    return chunk;
  }

  std::shared_ptr<Store> store_;
  std::size_t next_ = 0;
};

Replay::Replay(BodyPtr source, std::size_t limit) : store_(std::make_shared<Store>()) {
  store_->source = std::move(source);
  store_->limit = limit;
}

Replay::~Replay() {
  store_->limit = 0;
}

BodyPtr Replay::reader() {
  return std::make_unique<Reader>(store_);
}

bool Replay::from_start() const noexcept {
  return !store_->overflown;
}

}  // namespace sluice::http
