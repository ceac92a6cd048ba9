// expect: head: logit_softcap=30 needs head=language_model, it is none
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float cap = 0.0F;
#else
constexpr float cap = 30.0F;
#endif
inline constexpr config model = with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.logit_softcap = cap; });
static_assert(valid_config<model>::value);
