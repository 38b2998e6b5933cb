#include "tls/transport.h"

#include <algorithm>
#include <cstring>

namespace sluice::tls {
namespace {

// Answers of one turn share a piece of this size.
constexpr std::size_t piece_bytes = 1000;

}  // namespace

void Transport::attach(TlsStream& stream, SSL* ssl) {
  BIO* bio = BIO_new(method());
  BIO_set_data(bio, &stream);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
}

TlsStream& Transport::stream_of(const SSL* ssl) noexcept {
  return *static_cast<TlsStream*>(BIO_get_data(SSL_get_rbio(ssl)));
}

const BIO_METHOD* Transport::method() {
  static const BIO_METHOD* const shared = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chunks");
    BIO_meth_set_read_ex(made, read);
    BIO_meth_set_write_ex(made, write);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return shared;
}

int Transport::read(BIO* bio, char* data, std::size_t size, std::size_t* done) {
  Chunk& in = static_cast<TlsStream*>(BIO_get_data(bio))->in_;
  BIO_clear_retry_flags(bio);
  if (in.empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *done = std::min(size, in.size());
  std::memcpy(data, in.text().data(), *done);
  in.remove_prefix(*done);
  if (in.empty()) in = Chunk();
  return 1;
}

int Transport::write(BIO* bio, const char* data, std::size_t size, std::size_t* done) {
  Chunks& out = static_cast<TlsStream*>(BIO_get_data(bio))->out_;
  BIO_clear_retry_flags(bio);
  if (out.empty() || out.back().room().size() < size)
    out.push_back(Chunk::with_room(std::max(size, piece_bytes)));
  out.back().append({data, size});
  *done = size;
  return 1;
}

long Transport::control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace sluice::tls
