// expect: rope: backwards=true needs position=rotary, it is learned
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool value = false;
#else
constexpr bool value = true;
#endif
inline constexpr config model = with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.rope.backwards = value; });
static_assert(valid_config<model>::value);
