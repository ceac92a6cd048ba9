// expect: head: language_model needs mask=causal, it is bidirectional
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr mask_kind mask = mask_kind::causal;
#else
constexpr mask_kind mask = mask_kind::bidirectional;
#endif
inline constexpr config model = with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.mask = mask; });
static_assert(valid_config<model>::value);
