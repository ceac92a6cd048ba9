// expect: cache: kv_dtype=bf16 needs a decoder, an encoder keeps no keys and values
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr dtype kept = dtype::f32;
#else
constexpr dtype kept = dtype::bf16;
#endif
inline constexpr config model =
    with(bert({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.kv_dtype = kept; });
static_assert(valid_config<model>::value);
