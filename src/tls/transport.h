#pragma once
// OpenSSL's way to a TlsStream: a BIO over chunks that always has room.

#include "tls/openssl.h"
#include "tls/tls_stream.h"

namespace sluice::tls {

struct Transport {
  /// Makes `ssl` read and write through `stream`, which outlives it.
  static void attach(TlsStream& stream, SSL* ssl);
  /// Whose connection OpenSSL calls back for. Taken from here, since application data of an SSL
  /// costs two blocks of memory.
  static TlsStream& stream_of(const SSL* ssl) noexcept;

 private:
  static const BIO_METHOD* method();
  static int read(BIO* bio, char* data, std::size_t size, std::size_t* done);
  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* done);
  static long control(BIO* bio, int command, long number, void* pointer);
};

}  // namespace sluice::tls
