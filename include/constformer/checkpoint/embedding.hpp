#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "constformer/core/named.hpp"

/// How hidden states become an embedding: the modules of sentence-transformers behind the stack.
namespace constformer {

/// What a step computes.
enum class embedding_step_kind : std::uint8_t { pool, dense, layer_norm, normalize };

/// How hidden states (tokens, width) become one vector (width); the names are those of sentence-transformers,
/// shortened. `pooler` is the model's own layer over the first token, `none` keeps all rows.
enum class pooling_kind : std::uint8_t { mean, cls, last, max, mean_sqrt_len, weighted_mean, pooler, none };

/// The activation of a dense step, by PyTorch's definitions and defaults.
enum class dense_activation : std::uint8_t {
  identity,
  tanh,
  relu,
  gelu,
  silu,
  sigmoid,
  elu,
  selu,
  leaky_relu,
  relu6,
  softplus,
  softsign,
  hardtanh,
  mish
};

/// One step. Its weights are float32 in the section modules of the packed file, one after the other from `offset` on.
struct embedding_step {
  embedding_step_kind kind = embedding_step_kind::pool;      ///< what is computed
  bool of_tokens = false;                                    ///< dense, normalize: on every row before pooling
  std::vector<pooling_kind> poolings{};                      ///< pool: their vectors are joined in this order
  bool include_prompt = true;                                ///< pool: whether rows of the prompt's tokens count
  int inputs = 0;                                            ///< dense, layer_norm: values of a row that is read
  int outputs = 0;                                           ///< dense: values of a row that is made
  dense_activation activation = dense_activation::identity;  ///< dense
  bool bias = false;                                         ///< dense
  bool residual = false;    ///< dense: the input is added, through a matrix of its own where the extents differ
  std::int64_t offset = 0;  ///< bytes; dense: W (outputs, inputs), bias (outputs), residual; layer_norm: weight, bias
};

/// Text that a checkpoint wants before the input, under its name.
struct embedding_prompt {
  std::string name;  ///< "query"
  std::string text;  ///< may be empty
};

/// Everything that a checkpoint's files say of embeddings.
struct embedding_recipe {
  std::vector<embedding_step> steps{};          ///< in the order in which they run; empty: nothing is said
  int dimensions = 0;                           ///< values of the result that are kept; 0: all
  bool cut_left = false;                        ///< text that is too long loses its beginning, not its end
  std::vector<embedding_prompt> prompts{};      ///< to choose from
  std::optional<std::string> default_prompt{};  ///< the name of the one to take if none is asked for
};

/// A recipe of one pooling.
[[nodiscard]] inline embedding_recipe pooled_by(pooling_kind kind) { return {.steps = {{.poolings = {kind}}}}; }

namespace detail {

inline constexpr std::array step_names{
    named{embedding_step_kind::pool, "pool"}, named{embedding_step_kind::dense, "dense"},
    named{embedding_step_kind::layer_norm, "layer_norm"}, named{embedding_step_kind::normalize, "normalize"}};
inline constexpr std::array pooling_names{
    named{pooling_kind::mean, "mean"},
    named{pooling_kind::cls, "cls"},
    named{pooling_kind::last, "last"},
    named{pooling_kind::max, "max"},
    named{pooling_kind::mean_sqrt_len, "mean_sqrt_len"},
    named{pooling_kind::weighted_mean, "weighted_mean"},
    named{pooling_kind::pooler, "pooler"},
    named{pooling_kind::none, "none"},
};
inline constexpr std::array dense_activation_names{
    named{dense_activation::identity, "Identity"},
    named{dense_activation::tanh, "Tanh"},
    named{dense_activation::relu, "ReLU"},
    named{dense_activation::gelu, "GELU"},
    named{dense_activation::silu, "SiLU"},
    named{dense_activation::sigmoid, "Sigmoid"},
    named{dense_activation::elu, "ELU"},
    named{dense_activation::selu, "SELU"},
    named{dense_activation::leaky_relu, "LeakyReLU"},
    named{dense_activation::relu6, "ReLU6"},
    named{dense_activation::softplus, "Softplus"},
    named{dense_activation::softsign, "Softsign"},
    named{dense_activation::hardtanh, "Hardtanh"},
    named{dense_activation::mish, "Mish"},
};

}  // namespace detail

// Where `name_of` and `kind_from` of core/named.hpp find the names that packed files have; activations are called
// as PyTorch's classes.
/// Names of `embedding_step_kind`.
constexpr auto const& kind_names(embedding_step_kind) { return detail::step_names; }
/// Names of `pooling_kind`.
constexpr auto const& kind_names(pooling_kind) { return detail::pooling_names; }
/// Names of `dense_activation`.
constexpr auto const& kind_names(dense_activation) { return detail::dense_activation_names; }

}  // namespace constformer
