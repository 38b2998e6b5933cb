// Room for values that are checked and not kept.

#include "config/plugins/setting.h"

#include <string>

namespace sluice::config::detail {

void* unread_value(TypeKind kind) {
  thread_local bool boolean = false;
  thread_local std::int64_t integer = 0;
  thread_local double number = 0;
  thread_local const Node* node = nullptr;
  thread_local std::string text;
  switch (kind) {
    case TypeKind::boolean:
      return &boolean;
    case TypeKind::integer:
      return &integer;
    case TypeKind::number:
      return &number;
    case TypeKind::raw:
      return static_cast<void*>(&node);
    default:
      // Lists and objects write nothing of their own.
      return &text;
  }
}

}  // namespace sluice::config::detail
