// expect: gate: window=12 and stride=5 leave 2 columns over
#include "constformer/core/check.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int stride = 4;
#else
constexpr int stride = 5;
#endif

// What a user writes in a block of their own.
template <int Window, int Stride>
struct strided_gate {
  static_assert(check<(Window % Stride == 0), "gate: window={} and stride={} leave {} columns over", Window, Stride,
                      Window % Stride>::value);
};

template struct strided_gate<12, stride>;
