// expect: attention: layers=257 are more than the 256 that unwindowed can tell apart
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int layers = 256;
#else
constexpr int layers = 257;
#endif
inline constexpr config model =
    with(gemma2({.layers = 4, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}, 16),
         [](config& c) { c.layers = layers; });
static_assert(valid_config<model>::value);
