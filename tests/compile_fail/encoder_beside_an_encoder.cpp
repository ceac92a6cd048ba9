// expect: encoder: needs a decoder with head=language_model, it is none
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr encoder_config changed = encoder_config{};
#else
constexpr encoder_config changed = encoder_config{.layers = 1, .heads = 4, .head_dim = 16, .d_ff = 128};
#endif
inline constexpr config model =
    with(bert({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.encoder = changed; });
static_assert(valid_config<model>::value);
