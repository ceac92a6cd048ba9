// expect: classifier: labels=3 do not go with classifier=none
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr classifier_kind kind = classifier_kind::tokens;
#else
constexpr classifier_kind kind = classifier_kind::none;
#endif
inline constexpr config model =
    with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}), [](config& c) {
      c.labels = 3;
      c.classifier = kind;
    });
static_assert(valid_config<model>::value);
