#pragma once

// Where OpenSSL's memory comes from: malloc, but for the buffers of records.

namespace sluice::tls {

/// OpenSSL gives a record's buffer back behind each record, so that idle connections have none, and
/// asks for one with the next. From now on each thread keeps a few of them for that: malloc takes
/// as long for a block of this size as AES does for a short record. Once, before any other use of
/// OpenSSL; later it has no effect.
void keep_record_buffers() noexcept;

}  // namespace sluice::tls
