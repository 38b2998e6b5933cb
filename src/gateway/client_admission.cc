#include "gateway/client_admission.h"

#include <string>

#include "gateway/snapshot.h"

namespace sluice {
namespace {

std::string_view id_of(const tls::ClientVerificationPtr& verification) {
  return verification == nullptr ? std::string_view() : verification->id;
}

}  // namespace

Result<Done> admit_client(const Exchange& exchange) {
  const http::ClientTls& client = exchange.client->tls();
  if (!client.certificate_problem.empty())
    return fail(ErrorCode::client_certificate_invalid, std::string(client.certificate_problem));
  const auto verifications = exchange.snapshot.client_verifications(exchange.client->listener);
  // By what is asked, not by whom: entries that ask the same may share connections, and what a
  // reload has changed holds for connections that were there before.
  const std::string_view wanted = verifications == nullptr
                                      ? std::string_view()
                                      : id_of(verifications->choose(exchange.origin.host));
  if (wanted == id_of(client.verification)) return Done{};
  return fail(ErrorCode::misdirected_request, "the host and the server name \"" + client.sni +
                                                  "\" fall under different client_certificates");
}

}  // namespace sluice
