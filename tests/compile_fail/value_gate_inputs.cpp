// expect: values: value_gate_inputs=0 is not between 1 and d_model=64
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int value = 1;
#else
constexpr int value = 0;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.value_layers.add(1);
           c.value_gate_inputs = 12;
           c.value_gate_limit = 2;
           c.value_gate_inputs = value;
         });
static_assert(valid_config<model>::value);
