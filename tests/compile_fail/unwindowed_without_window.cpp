// expect: attention: unwindowed=1 layers need a window, it is 0
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr layer_set set = {};
#else
constexpr layer_set set = every(2, 1, 2);
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.unwindowed = set; });
static_assert(valid_config<model>::value);
