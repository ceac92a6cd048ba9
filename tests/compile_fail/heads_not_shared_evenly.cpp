// expect: attention: heads=32 is not a multiple of kv_heads=6
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int kv_heads = 8;
#else
constexpr int kv_heads = 6;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.heads = 32;
           c.kv_heads = kv_heads;
         });
static_assert(valid_config<model>::value);
