// expect: workload: context=0 must be positive
#include "constformer/analysis/census.hpp"
#include "constformer/config/families.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int context = 1;
#else
constexpr int context = 0;
#endif
inline constexpr config model =
    llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128});
static_assert(census_of<model, workload{1, context, 0}>.kv.f32 >= 0);
