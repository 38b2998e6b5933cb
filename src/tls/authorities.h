#pragma once
// Authorities that certificates of the other side are verified against.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

struct stack_st_X509_NAME;
struct x509_store_st;

namespace sluice::tls {

/// Immutable; shared by all workers.
class Authorities {
 public:
  /// Each text holds one certificate in PEM. Error(invalid_configuration).
  static Result<std::shared_ptr<const Authorities>> parse(const std::vector<std::string>& pems);
  /// Those of the operating system, read once a process.
  static std::shared_ptr<const Authorities> of_system();

  Authorities(const Authorities&) = delete;
  Authorities& operator=(const Authorities&) = delete;
  ~Authorities();

  x509_store_st* store() const noexcept { return store_; }

  /// What a server that asks for a certificate tells the client of them; empty for the system's.
  const stack_st_X509_NAME* names() const noexcept { return names_; }

 private:
  Authorities();

  x509_store_st* store_;
  stack_st_X509_NAME* names_;
};

using AuthoritiesPtr = std::shared_ptr<const Authorities>;

/// SHA-256, in hex.
std::string digest(std::string_view text);

}  // namespace sluice::tls
