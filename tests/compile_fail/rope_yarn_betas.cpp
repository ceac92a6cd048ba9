// expect: rope: beta_fast=1 must be more than beta_slow=32, and both positive
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float beta_slow = 0.5F;
#else
constexpr float beta_slow = 32.0F;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.rope.scaling = rope_scaling_kind::yarn;
           c.rope.factor = 2.0F;
           c.rope.original_positions = 64;
           c.rope.beta_fast = 1.0F;
           c.rope.beta_slow = beta_slow;
         });
static_assert(valid_config<model>::value);
