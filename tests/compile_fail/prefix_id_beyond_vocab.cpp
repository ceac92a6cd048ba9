// expect: prefix: id 96 is not within vocab=96
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int id = 95;
#else
constexpr int id = 96;
#endif
inline constexpr config model = with(chatglm_6b({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128},
                                                {.end = 3, .blank = 2, .other_blank = 1}),
                                     [](config& c) { c.prefix.blank = id; });
static_assert(valid_config<model>::value);
