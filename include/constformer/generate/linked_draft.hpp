#pragma once

#include "constformer/generate/linked_weights.hpp"
#include "constformer/generate/session.hpp"

namespace constformer {

/// A smaller model of the same vocabulary in the program of another one, for which it guesses tokens.
struct linked_draft {
  model_unit const* unit;  ///< compiled beside the program's own
  weights_place weights;   ///< packed
};

/// Defined by programs that `constformer build --draft` makes; in others there is none, and its address is null.
[[nodiscard, gnu::weak]] linked_draft draft_of_program();

/// Where the weights of that model are; defined by the unit that `constformer build --draft` generates.
[[nodiscard]] weights_place linked_draft_weights();

}  // namespace constformer
