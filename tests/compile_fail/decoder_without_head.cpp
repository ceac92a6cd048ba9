// expect: head: mask=causal needs head=language_model, it is none
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr head_kind head = head_kind::language_model;
#else
constexpr head_kind head = head_kind::none;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.head = head; });
static_assert(valid_config<model>::value);
