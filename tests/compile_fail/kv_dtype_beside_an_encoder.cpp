// expect: cache: kv_dtype=i8 is not for decoders beside an encoder, they have f32 and bf16
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr dtype kept = dtype::bf16;
#else
constexpr dtype kept = dtype::i8;
#endif
inline constexpr config model =
    with(t5({.layers = 2, .d_model = 64, .heads = 4, .head_dim = 16, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.kv_dtype = kept; });
static_assert(valid_config<model>::value);
