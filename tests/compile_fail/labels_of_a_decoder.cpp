// expect: classifier: labels=3 need mask=bidirectional, it is causal
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int labels = 0;
#else
constexpr int labels = 3;
#endif
inline constexpr config model =
    with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}), [](config& c) {
      c.labels = labels;
      c.classifier = labels > 0 ? classifier_kind::tokens : classifier_kind::none;
    });
static_assert(valid_config<model>::value);
