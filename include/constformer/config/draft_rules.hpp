#pragma once

#include "constformer/config/config.hpp"
#include "constformer/core/check.hpp"

namespace constformer {

/// Compiles if `Draft` can guess tokens for `Model`: both are decoders of the same vocabulary.
template <config const& Model, config const& Draft>
struct draft_fits {
  static_assert(check<(Draft.mask == mask_kind::causal && Draft.head == head_kind::language_model),
                      "draft: it is no decoder with a head">::value);
  static_assert(check<(Draft.vocab == Model.vocab), "draft: vocab={} is not vocab={} of the model", Draft.vocab,
                      Model.vocab>::value);
  static constexpr bool value = true;  ///< so that it can stand in a static_assert
};

}  // namespace constformer
