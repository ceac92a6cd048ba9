// expect: rope: rotary_dims=256 of scaling=longrope is above the limit 128
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int width = 16;
#else
constexpr int width = 512;
#endif
inline constexpr config model =
    with(phi3({.layers = 2, .d_model = width, .heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}), [](config& c) {
      c.rope.scaling = rope_scaling_kind::longrope;
      c.rope.original_positions = 64;
      c.rope.short_factors = {{1, 1, 1, 1}};
      c.rope.long_factors = {{1, 2, 3, 1}};
    });
static_assert(valid_config<model>::value);
