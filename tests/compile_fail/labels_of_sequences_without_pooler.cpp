// expect: classifier: labels=3 of a sequence need pooler=true, it is false
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool pooler = true;
#else
constexpr bool pooler = false;
#endif
inline constexpr config model =
    with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}), [](config& c) {
      c.labels = 3;
      c.classifier = classifier_kind::sequence;
      c.pooler = pooler;
    });
static_assert(valid_config<model>::value);
