#pragma once
// Keys and certificates in PEM (RFC 7468), as far as a configuration can be wrong in them.

#include <string_view>

namespace sluice::config {

enum class KeyKind : unsigned char { none, rsa, ec, other };

bool is_public_key(std::string_view pem);
/// A private key without password.
bool is_private_key(std::string_view pem);
/// One or more certificates, the first of which is the node's own.
bool is_certificate_chain(std::string_view pem);
/// Exactly one certificate.
bool is_one_certificate(std::string_view pem);

/// Of the first certificate; none where there is none.
KeyKind key_kind_of_certificate(std::string_view pem);
/// Whether the key belongs to the first certificate.
bool is_key_of(std::string_view certificate_pem, std::string_view key_pem);
/// Whether it belongs to any certificate of the chain.
bool is_key_within(std::string_view chain_pem, std::string_view key_pem);

/// Whether it may issue others (RFC 5280 section 4.2.1.9).
bool is_authority(std::string_view pem);
/// By the system's clock.
bool is_expired(std::string_view pem);
/// By the system's clock: its time has yet to begin.
bool is_early(std::string_view pem);

}  // namespace sluice::config
