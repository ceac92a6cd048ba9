#pragma once

#include <array>
#include <cstdint>
#include <source_location>

#include "constformer/graph/shape.hpp"

namespace constformer {

/// What a node computes. Those behind `input_gradient` come from `differentiate`.
enum class node_kind : std::uint8_t {
  // Sources
  ids,        ///< column `index` of the batch, one integer a row
  input,      ///< rows of floats from outside
  parameter,  ///< parameter `index` of the model; inside a loop, that of the layer at hand
  zeros,      ///< 0 everywhere
  constant,   ///< a number for each layer: value `layer` of table `index`
  // Loops
  carry_in,   ///< what a loop carries, as an iteration finds it: inputs: the value before the loop
  carry_out,  ///< the same after the last iteration: inputs: the node that each iteration ends with, its carry_in
  // Point by point
  add,          ///< a + b
  multiply,     ///< a·b; b of the shape of a, or without its innermost axis
  subtract,     ///< a − b
  scale,        ///< factor·a
  activation,   ///< `activation_kind` `index` of a
  copy,         ///< a
  dropout,      ///< a/(1 − factor) where a counted coin says so, else 0; index: the site
  softcap,      ///< factor·tanh(a/factor)
  gain,         ///< a times one value of a row: inputs a, row; index: which, −1: that of the layer at hand
  sometimes,    ///< a in the layers of set `index`, 0 in the others
  skip_first,   ///< a, but 0 in rows at position 0
  shift,        ///< the row before of the same sequence, 0 where there is none; index −1: the row after
  pointwise,    ///< `function` of each value of a
  top_indices,  ///< places of the `index` largest of the innermost axis, the largest first, as numbers
  take,         ///< values of a's innermost axis at the places of b: inputs a, b
  keep_top,     ///< a where it is among the `index` largest of the innermost axis, else −10³⁰
  concatenate,  ///< a, then b, along the innermost axis
  swap,         ///< (…, x, y) as (…, y, x)
  spread,       ///< a, repeated along a new outermost axis
  fold,         ///< Σ over the outermost axis
  stretch,      ///< a, repeated along a new innermost axis
  inner_sum,    ///< Σ over the innermost axis of a·b, or of a: inputs a, b or none
  // By rows
  gather,          ///< rows of a table by ids: inputs table, ids; index: added to ids
  first_row,       ///< the first row of each sequence
  wanted_rows,     ///< the rows that are asked for
  sinusoid,        ///< a row of sines and cosines for each position: inputs positions; index: `position_kind`
  linear,          ///< a·Wᵀ (+ b): inputs a, W, b or none
  expert_linear,   ///< a·W[e]ᵀ for each expert e that a row has: inputs a (…, in) or (…, k, in), W, places (…, k)
  rms_norm,        ///< over the innermost axis: inputs a, weight or none; factor: eps
  layer_norm,      ///< over the innermost axis: inputs a, weight, bias or none; factor: eps
  deviation_norm,  ///< alike, with σ + eps below (`norm_kind`)
  softmax,         ///< over the innermost axis
  rope,            ///< each head rotates by its token's place: inputs a, positions, those of a second plane or none;
                   ///< index: of `graph::rotations`; factor: −1 backwards, else 1
  attention,       ///< inputs q, k, v, table of biases or none; index: of `graph::attentions`; the columns behind the
                   ///< heads' are log-sum-exps
  slice,           ///< columns [index, index + columns) of a: a view
  reshape,         ///< the same columns by other axes: a view
  stop,            ///< a view that no gradient passes
  written,         ///< a, once another node has written to it: a view; inputs a, that node
  cross_entropy,   ///< mean loss of a·Wᵀ (+ b): inputs a, W, b or none, targets. index: what it gives gradients of,
                   ///< of `loss_gradient`, added up; factor: cap of the logits (`softcap`), 0: none
  add_losses,      ///< a + b, both losses
  // Backward
  activation_gradient,  ///< inputs a, dy
  linear_gradient,      ///< dy·W: inputs dy, W
  weight_gradient,      ///< dyᵀ·a: inputs dy, a; gives the gradient of parameter `index`
  row_sum,              ///< Σ rows of a·b, or of a: inputs a, b or none; gives the gradient of parameter `index`
  gather_gradient,      ///< inputs dy, ids; gives the gradient of parameter `index`; factor: added to ids
  softcap_gradient,     ///< dy·(1 − (y/factor)²): inputs y, dy
  gain_total,           ///< Σ a·b over all rows: inputs a, b
  gain_gradient,        ///< Σ a·b into value `factor` of parameter `index`, −1: that of the layer at hand: inputs a, b
  first_row_gradient,   ///< dy in the first row of each sequence, else 0
  norm_gradient,        ///< inputs a, weight or none, dy; index: its node_kind; factor: eps
  normed,               ///< a, normed without weight: inputs a; index: its node_kind; factor: eps
  softmax_gradient,     ///< inputs y, dy
  pick,                 ///< indices [index, …) of the innermost axis of a
  keep_top_gradient,    ///< dy where y was kept, else 0: inputs y, dy
  attention_gradient,   ///< dq; inputs q, k, v, output with log-sum-exps, dy, zeros that become dk | dv, table or none;
                        ///< factor 1: it gives the gradient of the table, too
  take_gradient,        ///< dy at the places of b, added up, else 0: inputs dy, b
  expert_gradient,      ///< of what an `expert_linear` took: inputs dy, W, places
  expert_weight_gradient,  ///< of its matrices, parameter `index`: inputs dy, a, places
  place,                   ///< zeros but for columns [index, …), which are a
  activation_both,         ///< f(a), while dy becomes dy·f′(a): inputs a, dy; index: as of `activation`
};

/// What the loss of a head gives gradients of, as bits of its node's index.
namespace loss_gradient {
inline constexpr int input = 1;   ///< what the head takes
inline constexpr int weight = 2;  ///< W
inline constexpr int bias = 4;    ///< b
}  // namespace loss_gradient

/// Inputs of a node that has them all.
inline constexpr int most_inputs = 7;

/// One step of a forward or backward pass: ints, so that a pass over it is a loop in the compiler.
struct node {
  node_kind kind = node_kind::copy;                                 ///< what it computes
  std::array<int, most_inputs> inputs{-1, -1, -1, -1, -1, -1, -1};  ///< ids of nodes before this one; −1: none
  value_shape shape{};                                              ///< of what it gives
  int index = 0;                                                    ///< as its kind says
  float (*function)(float) = nullptr;                               ///< of `pointwise` nodes
  float factor = 0.0F;                                              ///< as its kind says
  int loop = -1;                                                    ///< the loop whose body it is in; −1: none
  int only = -1;                                                    ///< it runs in layers of that set alone; −1: in all
  std::source_location where{};                                     ///< the call in the model's code
};

/// Nodes that are repeated for each of `layers` equal layers.
struct loop {
  int layers = 0;     ///< iterations
  int begin = 0;      ///< its first node
  int end = 0;        ///< one past its last
  int reverses = -1;  ///< the loop whose backward pass it is: it counts down, and meets that one's layers
};

}  // namespace constformer
