// expect: cache: kv_dtype=f16 must be f32, bf16 or i8
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr dtype kept = dtype::i8;
#else
constexpr dtype kept = dtype::f16;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.kv_dtype = kept; });
static_assert(valid_config<model>::value);
