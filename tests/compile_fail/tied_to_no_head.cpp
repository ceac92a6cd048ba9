// expect: head: tied=true needs head=language_model or masked_language_model, it is none
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool tied = false;
#else
constexpr bool tied = true;
#endif
inline constexpr config model = with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.tied = tied; });
static_assert(valid_config<model>::value);
