// expect: stack: layers=3 of pattern SSSL and windowed=true do not tile
#include "constformer/core/check.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int layers = 4;
#else
constexpr int layers = 3;
#endif

template <int Layers, fixed_text Pattern, bool Windowed>
struct tiled_stack {
  static_assert(check<(Layers % int{Pattern.size()} == 0), "stack: layers={} of pattern {} and windowed={} do not tile",
                      Layers, Pattern, Windowed>::value);
};

template struct tiled_stack<layers, "SSSL", true>;
