#include "config/ocsp.h"

#include <memory>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/openssl_owner.h"
#include "base/openssl_time.h"

namespace sluice::config {
namespace {

using Bio = Owned<BIO, BIO_free>;
using Certificate = Owned<X509, X509_free>;
using Response = Owned<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using Basic = Owned<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using Id = Owned<OCSP_CERTID, OCSP_CERTID_free>;
using Store = Owned<X509_STORE, X509_STORE_free>;

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};

/// A certificate, and the one that comes behind it in the file, if that is its issuer.
struct Chain {
  Certificate own;
  Certificate issuer;
};

Chain read_chain(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Chain chain;
  chain.own.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  chain.issuer.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (chain.own != nullptr && chain.issuer != nullptr &&
      X509_check_issued(chain.issuer.get(), chain.own.get()) != X509_V_OK)
    chain.issuer.reset();
  return chain;
}

Basic read_basic(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* const end = at + der.size();
  const Response response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  if (response == nullptr || at != end ||
      OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return nullptr;
  return Basic(OCSP_response_get1_basic(response.get()));
}

/// Whether the part of a response is about the certificate: by serial number and issuer, of whose
/// key only the issuer's certificate tells.
bool is_about(const OCSP_SINGLERESP* single, const Chain& chain) {
  // OpenSSL takes the identifier as writable to hand out its parts.
  auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
  ASN1_OBJECT* algorithm = nullptr;
  ASN1_OCTET_STRING* name_hash = nullptr;
  ASN1_INTEGER* serial = nullptr;
  if (OCSP_id_get0_info(&name_hash, &algorithm, nullptr, &serial, id) != 1) return false;
  const EVP_MD* digest = EVP_get_digestbyobj(algorithm);
  if (digest == nullptr) return false;
  if (chain.issuer != nullptr) {
    const Id wanted(OCSP_cert_to_id(digest, chain.own.get(), chain.issuer.get()));
    return wanted != nullptr && OCSP_id_cmp(wanted.get(), id) == 0;
  }
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_NAME_digest(X509_get_issuer_name(chain.own.get()), digest, hash, &size) != 1)
    return false;
  const std::string_view given(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name_hash)),
                               static_cast<std::size_t>(ASN1_STRING_length(name_hash)));
  return given == std::string_view(reinterpret_cast<const char*>(hash), size) &&
         ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(chain.own.get())) == 0;
}

bool is_signed(OCSP_BASICRESP* basic, X509* issuer) {
  const Store trusted(X509_STORE_new());
  const std::unique_ptr<STACK_OF(X509), FreeStack> known(sk_X509_new_null());
  if (X509_STORE_add_cert(trusted.get(), issuer) != 1 || sk_X509_push(known.get(), issuer) == 0)
    return false;
  // The issuer itself is what is trusted here, root or not.
  X509_STORE_set_flags(trusted.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return OCSP_basic_verify(basic, known.get(), trusted.get(), 0) == 1;
}

OcspAnswer examine(const Chain& chain, std::string_view der) {
  const Basic basic = read_basic(der);
  if (chain.own == nullptr || basic == nullptr) return {.flaw = OcspFlaw::malformed};
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic.get(), i);
    if (!is_about(single, chain)) continue;
    OcspAnswer answer;
    if (chain.issuer != nullptr && !is_signed(basic.get(), chain.issuer.get()))
      return {.flaw = OcspFlaw::bad_signature};
    ASN1_GENERALIZEDTIME* since = nullptr;
    ASN1_GENERALIZEDTIME* until = nullptr;
    const int status = OCSP_single_get0_status(single, nullptr, nullptr, &since, &until);
    if (status != V_OCSP_CERTSTATUS_GOOD) answer.flaw = OcspFlaw::not_good;
    answer.since = wall_time(since).value_or(WallTime::max());
    answer.expired = until != nullptr && X509_cmp_current_time(until) <= 0;
    answer.until = until == nullptr ? WallTime::max() : wall_time(until).value_or(WallTime::min());
    return answer;
  }
  return {.flaw = OcspFlaw::other_certificate};
}

}  // namespace

OcspAnswer read_ocsp(std::string_view certificates_pem, std::string_view der) {
  const OcspAnswer answer = examine(read_chain(certificates_pem), der);
  ERR_clear_error();
  return answer;
}

}  // namespace sluice::config
