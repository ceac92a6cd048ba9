// expect: context: capacity=129 is more than positions=128
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int capacity = 128;
#else
constexpr int capacity = 129;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.capacity = capacity; });
static_assert(valid_config<model>::value);
