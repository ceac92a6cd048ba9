// expect: attention: d_model=64 is not heads=4 times head_dim=15
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int head_dim = 16;
#else
constexpr int head_dim = 15;
#endif
inline constexpr config model = with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.head_dim = head_dim; });
static_assert(valid_config<model>::value);
