// expect: rope: factor 0 of pair 3 of scaling=longrope is not between 0 and 1e12
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float last = 2.0F;
#else
constexpr float last = 0.0F;
#endif
inline constexpr config model =
    with(phi3({.layers = 2, .d_model = 16, .heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}), [](config& c) {
      c.rope.scaling = rope_scaling_kind::longrope;
      c.rope.original_positions = 64;
      c.rope.short_factors = {{1, 1, 1, 1}};
      c.rope.long_factors = {{1, 2, 3, last}};
    });
static_assert(valid_config<model>::value);
