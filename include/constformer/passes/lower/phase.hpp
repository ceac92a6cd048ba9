#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "constformer/core/text.hpp"

namespace constformer {

/// What workers do together between two barriers.
enum class phase_kind : std::uint8_t {
  rows,     ///< each row by one worker, step by step
  product,  ///< rows times a matrix in panels; a worker has panels
  attend    ///< heads are normed and rotated, keys and values kept, and queries attend
};

/// What becomes of the sums of a product while they are in registers.
enum class finish_kind : std::uint8_t {
  store,     ///< scale·W·x + b
  capped,    ///< cap·tanh((scale·W·x + b)/cap)
  activate,  ///< f(W·x + b)
  gate,      ///< f(gate)·up, whose panels lie in turn
  add,       ///< kept·a + W·x + b
};

/// How a product ends.
struct finish_plan {
  finish_kind kind = finish_kind::store;  ///< which of them
  int activation = 0;                     ///< `activation_kind` of `activate` and `gate`
  float scale = 1.0F;                     ///< of `store` and `capped`
  float cap = 0.0F;                       ///< of `capped`
  int addend = -1;                        ///< the value a of `add`
  float kept = 1.0F;                      ///< of `add`
};

/// What happens to heads before they attend.
struct heads_plan {
  int query_norm = -1;      ///< the node that norms each head of queries; −1: none
  int key_norm = -1;        ///< the same of keys
  bool norms_last = false;  ///< after the rotation
  int rotation = -1;        ///< of `graph::rotations`; −1: none
};

/// A phase: ints, like a node. Values are called by the nodes that give them.
struct phase {
  static constexpr std::size_t most_steps = 8;          ///< limit of `steps`
  static constexpr std::size_t most_matrices = 3;       ///< limit of `matrices`
  phase_kind kind = phase_kind::rows;                   ///< what is done
  int loop = -1;                                        ///< the loop in whose body it is; −1: none
  int out = -1;                                         ///< the value that it gives
  int input = -1;                                       ///< the value that it reads whole rows of; −1: none
  int norm = -1;                                        ///< of a product: the node that norms its input; −1: none
  std::array<int, most_matrices> matrices{-1, -1, -1};  ///< of a product: `linear` nodes that are one matrix
  bool in_turn = false;                                 ///< whose panels lie in turn, else one follows the other
  finish_plan finish{};                                 ///< of a product
  heads_plan heads{};                                   ///< of `attend`
  std::array<int, most_steps> steps{-1, -1, -1, -1, -1, -1, -1, -1};  ///< of `rows`: nodes, each reads the one before
  bool meets = false;                                                 ///< all workers meet before it
};

/// Phases in the order in which they run, as a constant; those of a loop stand side by side.
template <std::size_t N>
struct phase_list {
  std::array<phase, N> phases{};  ///< all of them
  message misfit{};               ///< why there are none, with the place of the call in the model's code
};

}  // namespace constformer
