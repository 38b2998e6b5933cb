#include "tls/openssl.h"

namespace sluice::tls {

std::string error_text() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (reason == nullptr) continue;
    if (!text.empty()) text += ": ";
    text += reason;
  }
  return text;
}

void prepare(X509* certificate) noexcept {
  // No purpose: only its extensions are read. What is wrong with them counts where it is verified.
  X509_check_purpose(certificate, -1, 0);
  forget_errors();
}

WallTime end_of(const X509* certificate) noexcept {
  return wall_time(X509_get0_notAfter(certificate)).value_or(WallTime::min());
}

BioOwner reader_of(std::string_view text) {
  return BioOwner(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace sluice::tls
