// expect: head: mask=causal needs head=language_model, it is masked_language_model
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr head_kind head = head_kind::language_model;
#else
constexpr head_kind head = head_kind::masked_language_model;
#endif
inline constexpr config model = with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.head = head; });
static_assert(valid_config<model>::value);
