#pragma once
// Whether a connection's handshake asked of the client what the host of a request wants.

#include "gateway/exchange.h"

namespace sluice {

/// Error(client_certificate_invalid): where certificates are optional, the client showed a bad one.
/// Error(misdirected_request): the listener now asks something else of clients of this host than
/// the handshake did (RFC 9110 §15.5.20). Precondition: identify().
Result<Done> admit_client(const Exchange& exchange);

}  // namespace sluice
