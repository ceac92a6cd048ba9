// expect: workload: source=0 must be positive, for the model has an encoder
#include "constformer/analysis/census.hpp"
#include "constformer/config/families.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int source = 6;
#else
constexpr int source = 0;
#endif
inline constexpr config model = opennmt({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}, 96);
static_assert(census_of<model, workload{1, 1, 8, source}>.kv.f32 >= 0);
