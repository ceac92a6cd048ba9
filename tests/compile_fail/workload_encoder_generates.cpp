// expect: workload: new_tokens=1 needs head=language_model, it is none
#include "constformer/analysis/census.hpp"
#include "constformer/config/families.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int new_tokens = 0;
#else
constexpr int new_tokens = 1;
#endif
inline constexpr config model = bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128});
static_assert(census_of<model, workload{1, 8, new_tokens}>.kv.f32 >= 0);
