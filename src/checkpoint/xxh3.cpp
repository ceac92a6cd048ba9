#define XXH_INLINE_ALL  // the vector code for this file's target; the system's library is built for the oldest processor, too
#include <xxhash.h>

#include "xxh3.hpp"

std::uint64_t constformer::packed::xxh3(void const* bytes, std::size_t size) { return XXH3_64bits(bytes, size); }
