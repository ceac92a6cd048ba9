#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

template <class Kind>
struct named_step {
  Kind value;
  std::string_view name;
};

inline constexpr std::array step_names{
    named_step{embedding_step_kind::pool, "pool"}, named_step{embedding_step_kind::dense, "dense"},
    named_step{embedding_step_kind::layer_norm, "layer_norm"}, named_step{embedding_step_kind::normalize, "normalize"}};
inline constexpr std::array pooling_names{
    named_step{pooling_kind::mean, "mean"},
    named_step{pooling_kind::cls, "cls"},
    named_step{pooling_kind::last, "last"},
    named_step{pooling_kind::max, "max"},
    named_step{pooling_kind::mean_sqrt_len, "mean_sqrt_len"},
    named_step{pooling_kind::weighted_mean, "weighted_mean"},
    named_step{pooling_kind::pooler, "pooler"},
    named_step{pooling_kind::none, "none"},
};
inline constexpr std::array dense_activation_names{
    named_step{dense_activation::identity, "Identity"},
    named_step{dense_activation::tanh, "Tanh"},
    named_step{dense_activation::relu, "ReLU"},
    named_step{dense_activation::gelu, "GELU"},
    named_step{dense_activation::silu, "SiLU"},
    named_step{dense_activation::sigmoid, "Sigmoid"},
    named_step{dense_activation::elu, "ELU"},
    named_step{dense_activation::selu, "SELU"},
    named_step{dense_activation::leaky_relu, "LeakyReLU"},
    named_step{dense_activation::relu6, "ReLU6"},
    named_step{dense_activation::softplus, "Softplus"},
    named_step{dense_activation::softsign, "Softsign"},
    named_step{dense_activation::hardtanh, "Hardtanh"},
    named_step{dense_activation::mish, "Mish"},
};

constexpr auto const& step_names_of(embedding_step_kind) { return step_names; }
constexpr auto const& step_names_of(pooling_kind) { return pooling_names; }
constexpr auto const& step_names_of(dense_activation) { return dense_activation_names; }

}  // namespace detail

/// The name of a step, a pooling or an activation, as packed files have it; activations are called as PyTorch's
/// classes.
template <class Kind>
  requires requires(Kind k) { detail::step_names_of(k); }
[[nodiscard]] constexpr std::string_view name_of(Kind kind) {
  for (auto const& [value, name] : detail::step_names_of(kind))
    if (value == kind) return name;
  return "?";
}

/// The one of that name, if there is one.
template <class Kind>
  requires requires(Kind k) { detail::step_names_of(k); }
[[nodiscard]] constexpr std::optional<Kind> step_from(std::string_view name) {
  for (auto const& [value, text] : detail::step_names_of(Kind{}))
    if (text == name) return value;
  return std::nullopt;
}

}  // namespace constformer
