#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "constformer/kernels/adamw.hpp"
#include "constformer/kernels/muon.hpp"
#include "constformer/kernels/sgd.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/train/groups.hpp"

/// Groups of any model's parameters, by their roles, for each optimizer that `constformer train` knows.
namespace constformer::optimizer_groups {

namespace detail {

constexpr bool any(parameter_entry const&) { return true; }
constexpr bool is_head(parameter_entry const& p) {
  return p.role == parameter_role::matrix && p.name.view().ends_with("head.weight");
}
constexpr bool is_table(parameter_entry const& p) { return is_embedding(p) && !is_repeated(p); }
constexpr bool is_repeated_table(parameter_entry const& p) { return is_embedding(p) && is_repeated(p); }
// Muon moves none of these: what is not in the blocks, and vectors.
constexpr bool is_other(parameter_entry const& p) { return !is_head(p) && !is_embedding(p) && !is_block_matrix(p); }

// nanochat's scalars and its gate between neighbouring tokens.
constexpr bool is_residual_gain(parameter_entry const& p) { return p.name.view().ends_with("residual_gains"); }
constexpr bool is_embedding_gain(parameter_entry const& p) { return p.name.view().ends_with("embedding_gains"); }
constexpr bool is_mixing(parameter_entry const& p) {
  return p.name.view().ends_with("smear_gain") || p.name.view().ends_with("smear_gate.weight") ||
         p.name.view().ends_with("backout_gain");
}
constexpr bool is_rest(parameter_entry const& p) {
  return is_other(p) && !is_residual_gain(p) && !is_embedding_gain(p) && !is_mixing(p);
}

constexpr adamw_options still(adamw_options o) {
  o.decay = 0.0;
  return o;
}

// Keller Jordan's for all but Muon's.
inline constexpr adamw_options beside_muon{.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-10, .decay = 0.0};

constexpr adamw_options nanochat_adamw(double beta1, double beta2, double decay, double rate = 1.0) {
  return {.beta1 = beta1, .beta2 = beta2, .eps = 1e-10, .decay = decay, .rate = rate};
}

using adamw_group = parameter_group<adamw_options>;

}  // namespace detail

/// AdamW as nanoGPT and llama2.c have it: matrices and embeddings decay, scales and biases do not.
inline constexpr std::array adamw{detail::adamw_group{"matrices", is_matrix, {.beta2 = 0.95, .decay = 0.1}},
                                  detail::adamw_group{"vectors", is_vector, {.beta2 = 0.95, .decay = 0.0}}};

/// torch.optim.Adam of all alike, as the lecture has it.
inline constexpr std::array adam{detail::adamw_group{"all", detail::any, constformer::adam}};

/// BERT's AdamW: norms and biases do not decay.
inline constexpr std::array bert_adamw{
    detail::adamw_group{"matrices", is_matrix, constformer::bert_adamw},
    detail::adamw_group{"vectors", is_vector, detail::still(constformer::bert_adamw)}};

/// torch.optim.SGD of all alike.
inline constexpr std::array sgd{parameter_group<sgd_options>{"all", detail::any, {}}};

/// Keller Jordan's Muon of the blocks' matrices, AdamW of all else. Rates are told by the group's name.
inline constexpr std::tuple muon{parameter_group<muon_options<>>{"matrices", is_block_matrix, {}},
                                 detail::adamw_group{"head", detail::is_head, detail::beside_muon},
                                 detail::adamw_group{"embeddings", is_embedding, detail::beside_muon},
                                 detail::adamw_group{"scalars", detail::is_other, detail::beside_muon}};

/// nanochat's Muon and AdamW (optim.py and gpt.py at 92d63d4). What nanochat does not have – weights of norms, biases,
/// learned positions – goes with what is nearest: norms and biases with the gains of the stream, without decay.
inline constexpr std::tuple nanochat_muon{
    parameter_group<constformer::nanochat_muon::options>{"matrices", is_block_matrix, {.beta2 = 0.9, .decay = 0.28}},
    detail::adamw_group{"head", detail::is_head, detail::nanochat_adamw(0.8, 0.96, 0.01)},
    detail::adamw_group{"embeddings", detail::is_table, detail::nanochat_adamw(0.8, 0.995, 0.001)},
    detail::adamw_group{"embeddings of values", detail::is_repeated_table,
                        detail::nanochat_adamw(0.8, 0.995, 0.01, 0.5)},
    detail::adamw_group{"scalars of the stream", detail::is_residual_gain,
                        detail::nanochat_adamw(0.8, 0.95, 0.05, 0.01)},
    detail::adamw_group{"scalars", detail::is_embedding_gain, detail::nanochat_adamw(0.96, 0.95, 0.0)},
    detail::adamw_group{"mixing", detail::is_mixing, detail::nanochat_adamw(0.8, 0.95, 0.0)},
    detail::adamw_group{"scalars of norms", detail::is_rest, detail::nanochat_adamw(0.8, 0.95, 0.0, 0.01)}};

}  // namespace constformer::optimizer_groups
