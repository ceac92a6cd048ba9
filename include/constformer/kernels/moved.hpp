#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace constformer {

/// Most states that an optimizer keeps for a parameter.
inline constexpr std::size_t most_states = 2;

/// A parameter in all its layers, as an optimizer meets it. From layer to layer are `step` floats, a multiple of a
/// panel's rows, of which those behind rows·cols are 0 and may be moved like the others.
struct moved_parameter {
  float* values = nullptr;                              ///< of the first layer, row by row
  float const* gradient = nullptr;                      ///< alike
  std::array<float*, most_states> states{};             ///< of the first layer, in the order of the optimizer's names
  std::array<std::int64_t, most_states> state_steps{};  ///< floats of each from layer to layer
  std::int64_t step = 0;                                ///< floats of the others from layer to layer
  int rows = 0;                                         ///< of a layer
  int cols = 0;                                         ///< 0: a vector of `rows`
  int layers = 1;                                       ///< all moved alike
};

/// What is the same for all parameters of an update.
struct update_terms {
  double rate = 0.0;        ///< of the schedule, before that of the group
  int step = 1;             ///< counts from 1
  float factor = 1.0F;      ///< gradients are multiplied by it first
  float* own = nullptr;     ///< `product_scratch` floats of this worker
  float* shared = nullptr;  ///< as many floats as the optimizer says it works in, of all workers
};

}  // namespace constformer
