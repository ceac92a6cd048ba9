// Compiled for AVX2 (CMakeLists.txt), so it includes nothing whose code other files might share.
#if defined(__x86_64__)
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "xxh3.hpp"

static_assert(XXH_VECTOR == XXH_AVX2 || XXH_VECTOR == XXH_AVX512);

std::uint64_t constformer::packed::xxh3_avx2(void const* bytes, std::size_t size) { return XXH3_64bits(bytes, size); }
#endif
