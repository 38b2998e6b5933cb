#pragma once
// The declarations of certificates, server names and authorities.

#include <tuple>

#include "config/entities/certificate.h"
#include "config/entities/common_fields.h"

namespace sluice::config {

constexpr auto Sni::fields() {
  return std::tuple{
      optional("id", &Sni::id, detail::id_summary),
      required(
          "name", &Sni::name,
          matches(is_sni, "be a host name, no address, with \"*\" only as its first or last label"),
          "The server name; unique."),
      optional("certificate", &Sni::certificate,
               "The certificate that it gets; given by nesting or here."),
      optional("tags", &Sni::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto Certificate::fields() {
  return std::tuple{
      optional("id", &Certificate::id, detail::id_summary),
      required(
          "cert", &Certificate::cert, confidential(),
          "The certificate in PEM, and behind it those between it and the authority; or where they "
          "are: `file:/path`, read again with each load, or `{vault://env/x}`, the environment "
          "variable X."),
      required("key", &Certificate::key, confidential(),
               "Its private key in PEM, `file:/path` or `{vault://env/x}`."),
      optional("cert_alt", &Certificate::cert_alt, confidential(),
               "A second certificate with another kind of key, in PEM, `file:/path` or "
               "`{vault://env/x}`."),
      optional("key_alt", &Certificate::key_alt, confidential(),
               "The private key of cert_alt in PEM, `file:/path` or `{vault://env/x}`."),
      optional("ocsp", &Certificate::ocsp, starts_with("file:"),
               "file: and the path of an OCSP response in DER for cert, which clients get that ask "
               "for its status; read again with each load."),
      optional("ocsp_alt", &Certificate::ocsp_alt, starts_with("file:"), "The same for cert_alt."),
      optional("snis", &Certificate::snis, "The server names that get it."),
      later("services", "Services whose upstreams get to see it."),
      later("upstreams", "Upstreams whose targets get to see it."),
      optional("tags", &Certificate::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto CaCertificate::fields() {
  return std::tuple{
      optional("id", &CaCertificate::id, detail::id_summary),
      required(
          "cert", &CaCertificate::cert, confidential(),
          "The certificate of the authority in PEM, `file:/path` (read again with each load) or "
          "`{vault://env/x}` (the environment variable X)."),
      optional("cert_digest", &CaCertificate::cert_digest, non_empty(),
               "Its SHA-256, as Kong exports it; computed anew."),
      optional("tags", &CaCertificate::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
