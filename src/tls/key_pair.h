#pragma once
// A certificate with the chain behind it and its key: what one server name shows.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

namespace sluice::tls {

/// What a server says of its certificate's state, unasked: a response of OCSP (RFC 6066 §8).
struct Staple {
  std::string der;  ///< empty: none
  WallTime since{};
  WallTime until{};

  bool is_good(WallTime now) const noexcept { return !der.empty() && since <= now && now < until; }
};

/// Immutable; shared by all workers.
class KeyPair {
 public:
  enum class Kind : std::uint8_t { rsa, ecdsa, other };

  /// `certificate` is one or more certificates in PEM, the node's own first; `key` a private key
  /// without password. Error(invalid_configuration) says which of the two is wrong, or why no
  /// handshake could use them: a key or a signature that is too weak.
  static Result<std::shared_ptr<const KeyPair>> parse(std::string_view certificate,
                                                      std::string_view key, Staple staple = {});
  /// Good for a year by the system's clock. A key of ECDSA on P-256; one of RSA has 2,048 bits and
  /// may take half a second. Precondition: `kind` is one of these.
  static std::shared_ptr<const KeyPair> self_signed(std::string_view common_name, Kind kind);

  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;
  ~KeyPair();

  Kind kind() const noexcept;
  /// From then on no client accepts it.
  WallTime expires() const noexcept;

  const Staple& staple() const noexcept { return staple_; }

  x509_st* certificate() const noexcept { return certificate_; }

  evp_pkey_st* key() const noexcept { return key_; }

  stack_st_X509* chain() const noexcept { return chain_; }

 private:
  KeyPair() = default;

  bool is_taken() const;
  void prepare_all() const noexcept;

  x509_st* certificate_ = nullptr;
  evp_pkey_st* key_ = nullptr;
  Staple staple_;
  stack_st_X509* chain_ = nullptr;  ///< between the certificate and its authority; may be empty
};

using KeyPairPtr = std::shared_ptr<const KeyPair>;

}  // namespace sluice::tls
