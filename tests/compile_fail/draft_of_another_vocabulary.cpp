// expect: draft: vocab=97 is not vocab=96 of the model
#include "constformer/config/draft_rules.hpp"
#include "constformer/config/families.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int vocab = 96;
#else
constexpr int vocab = 97;
#endif
inline constexpr config model =
    llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128});
inline constexpr config draft =
    llama({.layers = 1, .d_model = 32, .heads = 2, .kv_heads = 2, .d_ff = 64, .vocab = vocab, .positions = 64});
static_assert(draft_fits<model, draft>::value);
