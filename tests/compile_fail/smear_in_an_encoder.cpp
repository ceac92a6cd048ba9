// expect: smear: smear_inputs=4 needs mask=causal, it is bidirectional
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int value = 0;
#else
constexpr int value = 4;
#endif
inline constexpr config model =
    with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}), [](config& c) {
      c.place = norm_place::pre;
      c.smear_inputs = value;
    });
static_assert(valid_config<model>::value);
