// expect: config: first_position=2 must not be negative, and needs position=learned, it is rotary
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int first_position = 0;
#else
constexpr int first_position = 2;
#endif
inline constexpr config model = with(llama({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.first_position = first_position; });
static_assert(valid_config<model>::value);
