// expect: rope: scaling=linear needs position=rotary, it is learned
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr rope_scaling_kind scaling = rope_scaling_kind::none;
#else
constexpr rope_scaling_kind scaling = rope_scaling_kind::linear;
#endif
inline constexpr config model =
    with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}), [](config& c) {
      c.rope.scaling = scaling;
      c.rope.factor = 2.0F;
    });
static_assert(valid_config<model>::value);
