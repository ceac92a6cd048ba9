// expect: relative: buckets=32 and max_distance=128 need position=relative, it is sinusoid
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr relative_config changed = relative_config{};
#else
constexpr relative_config changed = (relative_config{.buckets = 32, .max_distance = 128});
#endif
inline constexpr config model =
    with(vaswani({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.relative = changed; });
static_assert(valid_config<model>::value);
