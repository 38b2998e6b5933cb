#include "runtime/resolver.h"
namespace sluice {
struct Resolver::State {};
Resolver::Resolver(Loop&, ResolverSettings) {}
Resolver::~Resolver() = default;
Task<Result<ResolvedPtr>> Resolver::resolve(std::string_view, std::uint16_t, TimePoint) { return fail(ErrorCode::name_resolution_failed); }
void read_resolv_conf(std::string_view, ResolverSettings&) {}
void read_hosts_file(std::string_view, ResolverSettings&) {}
}
