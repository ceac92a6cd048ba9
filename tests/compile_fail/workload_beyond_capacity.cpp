// expect: workload: context=100 and new_tokens=29 are more than capacity=128
#include "constformer/analysis/census.hpp"
#include "constformer/config/families.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int new_tokens = 28;
#else
constexpr int new_tokens = 29;
#endif
inline constexpr config model =
    llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128});
static_assert(census_of<model, workload{1, 100, new_tokens}>.kv.f32 >= 0);
