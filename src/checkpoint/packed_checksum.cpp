#define XXH_INLINE_ALL  // the vector code for this file's target; the system's library is built for the oldest processor too
#include <xxhash.h>

#include "packed_format.hpp"

namespace constformer::packed {

std::uint64_t checksum(void const* bytes, std::size_t size) { return XXH3_64bits(bytes, size); }

std::uint64_t checksum(head value) {
  value.file.checksum = 0;
  return checksum(&value, sizeof value);
}

}  // namespace constformer::packed
