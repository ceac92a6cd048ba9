// expect: attention: heads=65536 times head_dim=512 is above the limit 16777216
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int head_dim = 256;
#else
constexpr int head_dim = 512;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.heads = 65536;
           c.head_dim = head_dim;
         });
static_assert(valid_config<model>::value);
