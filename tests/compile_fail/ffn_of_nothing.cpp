// expect: ffn: activation=identity without a gate leaves a linear layer of d_ff=256
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool gated = true;
#else
constexpr bool gated = false;
#endif
inline constexpr config model =
    with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}), [](config& c) {
      c.activation = activation_kind::identity;
      c.gated = gated;
    });
static_assert(valid_config<model>::value);
