// expect: head: bias_head=true needs head=language_model, it is none
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool changed = false;
#else
constexpr bool changed = true;
#endif
inline constexpr config model =
    with(bert({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.bias_head = changed; });
static_assert(valid_config<model>::value);
