// expect: embedding: scale=0 is not between 0 and 1e12
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float scale = 8.0F;
#else
constexpr float scale = 0.0F;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.embedding_scale = scale; });
static_assert(valid_config<model>::value);
