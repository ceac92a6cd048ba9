// expect: workload: new_tokens=-1 must not be negative
#include "constformer/analysis/census.hpp"
#include "constformer/config/families.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int new_tokens = 0;
#else
constexpr int new_tokens = -1;
#endif
inline constexpr config model =
    llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128});
static_assert(census_of<model, workload{1, 1, new_tokens}>.kv.f32 >= 0);
