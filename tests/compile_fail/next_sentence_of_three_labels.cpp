// expect: classifier: labels=3 of next_sentence must be 2
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int labels = 2;
#else
constexpr int labels = 3;
#endif
inline constexpr config model =
    with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}), [](config& c) {
      c.labels = labels;
      c.classifier = classifier_kind::next_sentence;
    });
static_assert(valid_config<model>::value);
