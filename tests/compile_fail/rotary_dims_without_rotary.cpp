// expect: rope: rotary_dims=16 needs position=rotary, it is learned
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int rotary_dims = 0;
#else
constexpr int rotary_dims = 16;
#endif
inline constexpr config model = with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.rope.rotary_dims = rotary_dims; });
static_assert(valid_config<model>::value);
