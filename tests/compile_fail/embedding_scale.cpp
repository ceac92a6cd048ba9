// expect: embedding: scale=0 is not between 0 and 1e12
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
<<<<<<< HEAD
constexpr float scale = 8.0F;
#else
constexpr float scale = 0.0F;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.embedding_scale = scale; });
=======
constexpr float changed = 1.0F;
#else
constexpr float changed = 0.0F;
#endif
inline constexpr config model =
    with(vaswani({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.embedding_scale = changed; });
>>>>>>> f08238d (Encoder-decoder models: configs with exact counts, the trained transliteration model, damaged files, a fuzz target, cases that must not compile)
static_assert(valid_config<model>::value);
