// Bytes as a ClientHello, and as the server_name extension of one: what we take for the server's
// name, by which we choose what to ask of the client, is what OpenSSL takes for it.

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "tls/openssl.h"
#include "tls/server_name.h"

namespace {

using namespace sluice::tls;

struct Seen {
  bool has_name = false;            ///< there is the extension
  std::optional<std::string> name;  ///< ours
  bool accepted = false;            ///< by OpenSSL
};

int read_client_hello(SSL* ssl, int*, void*) {
  auto& seen = *static_cast<Seen*>(SSL_get_app_data(ssl));
  const unsigned char* body = nullptr;
  std::size_t size = 0;
  seen.has_name = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &body, &size) == 1;
  seen.name.reset();
  if (seen.has_name)
    if (const auto parsed = parse_server_name({body, size})) seen.name = std::string(*parsed);
  return SSL_CLIENT_HELLO_SUCCESS;
}

int compare(SSL* ssl, int*, void*) {
  auto& seen = *static_cast<Seen*>(SSL_get_app_data(ssl));
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  // OpenSSL takes an empty name, which RFC 6066 §3 does not know: the gateway refuses it.
  seen.accepted = name == nullptr || *name != '\0';
  if ((name != nullptr) != seen.has_name) std::abort();
  if (name != nullptr && seen.name.value_or("") != name) std::abort();
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* context() {
  static const ContextOwner shared = [] {
    ContextOwner made(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_client_hello_cb(made.get(), read_client_hello, nullptr);
    SSL_CTX_set_tlsext_servername_callback(made.get(), compare);
    return made;
  }();
  return shared.get();
}

Seen shake(std::string_view bytes) {
  Seen seen;
  const SslOwner ssl(SSL_new(context()));
  SSL_set_app_data(ssl.get(), &seen);
  SSL_set_accept_state(ssl.get());
  BIO* in = BIO_new(BIO_s_mem());
  BIO_write(in, bytes.data(), static_cast<int>(bytes.size()));
  SSL_set_bio(ssl.get(), in, BIO_new(BIO_s_mem()));
  SSL_do_handshake(ssl.get());
  ERR_clear_error();
  return seen;
}

std::string sized(std::string_view text, int bytes) {
  std::string result;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    result += static_cast<char>(text.size() >> shift);
  return result.append(text);
}

/// A ClientHello of TLS 1.2 with this server_name extension.
std::string hello_with(std::string_view extension) {
  using namespace std::string_view_literals;
  const std::string extensions = std::string("\0\0"sv) + sized(extension, 2) +
                                 std::string(
                                     "\0\x0a\0\x04\0\x02\0\x1d"      // supported_groups
                                     "\0\x0d\0\x04\0\x02\x04\x03"sv  // signature_algorithms
                                 );
  const std::string hello = "\x03\x03" + std::string(32, 'r') + std::string("\0"sv) +
                            sized("\xc0\x2b"sv, 2) + sized("\0"sv, 1) + sized(extensions, 2);
  return "\x16\x03\x01" + sized("\x01" + sized(hello, 3), 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.front() % 2 == 0) {
    shake(bytes.substr(1));
    return 0;
  }
  const Seen seen = shake(hello_with(bytes.substr(1)));
  if (seen.accepted != seen.name.has_value()) std::abort();
  return 0;
}
