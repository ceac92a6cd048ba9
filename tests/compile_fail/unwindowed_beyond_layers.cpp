// expect: attention: unwindowed=2 layers are not below layers=2
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr layer_set set = every(1, 1, 2);
#else
constexpr layer_set set = every(1, 1, 4);
#endif
inline constexpr config model =
    with(mistral({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}, 16),
         [](config& c) { c.unwindowed = set; });
static_assert(valid_config<model>::value);
