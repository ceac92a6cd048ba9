#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "constformer/analysis/exact.hpp"
#include "constformer/analysis/pass.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"

namespace constformer {

/// Which rows of a pass a linear map takes.
enum class matrix_input : std::uint8_t { tokens, logits, sequence, source };

/// One kind of linear map of a model: y (outputs) = W (outputs, inputs) · x (inputs) + b (outputs).
struct matrix_kind {
  /// Query, key, value, attention output, the same of cross-attention, gate, up, down, head transform, head, pooler,
  /// classifier, value gate, smear gate.
  std::string_view name;
  std::int64_t outputs = 0;  ///< rows of W
  std::int64_t inputs = 0;   ///< columns of W
  std::int64_t copies = 0;   ///< how often it occurs in the model: once per layer, once, or never (0)
  bool bias = false;         ///< whether b is there
  bool stored = true;        ///< false: a tied head, whose weight is the token embedding
  /// Each token, each token whose logits are wanted, one row, or the encoder's output.
  matrix_input input = matrix_input::tokens;
  bool plain = false;  ///< stays f32 whatever `config.weights` is: a few rows that kernels read one by one

  /// Weights of one copy, without bias.
  [[nodiscard]] constexpr std::int64_t weights() const { return product_of(outputs, inputs); }
  /// Biases of one copy.
  [[nodiscard]] constexpr std::int64_t biases() const { return bias ? outputs : 0; }
  /// Rows that it takes in a pass.
  [[nodiscard]] constexpr std::int64_t rows(forward_pass const& p) const {
    switch (input) {
      case matrix_input::tokens: return p.tokens;
      case matrix_input::logits: return p.logits;
      case matrix_input::source: return p.encoded;
      case matrix_input::sequence: break;
    }
    return 1;
  }
};

/// Every linear map of `c`, of an encoder-decoder model those of the decoder, each kind once. q, k and v are counted
/// apart although kernels may run them in one pass. The one table from which parameters, operations, FLOPs and traffic
/// are counted.
[[nodiscard]] constexpr std::array<matrix_kind, 17> matrices_of(config const& c) {
  std::int64_t const query_width = product_of(c.heads, c.head_dim);
  std::int64_t const kv_width = product_of(c.kv_heads, c.head_dim);
  std::int64_t const crosses = has_encoder(c) ? c.layers : 0;
  std::int64_t const gates = c.gated ? c.layers : 0;
  std::int64_t const heads = c.head != head_kind::none ? 1 : 0;
  std::int64_t const transforms = c.head == head_kind::masked_language_model ? 1 : 0;
  std::int64_t const classifiers = c.labels > 0 ? 1 : 0;
  matrix_input const classified =
      c.classifier == classifier_kind::tokens ? matrix_input::tokens : matrix_input::sequence;
  std::int64_t const poolers = c.pooler ? 1 : 0;
  return {{
      {"query", query_width, c.d_model, c.layers, c.bias_qkv},
      {"key", kv_width, c.d_model, c.layers, c.bias_qkv},
      {"value", kv_width, c.d_model, c.layers, c.bias_qkv},
      {"attention output", c.d_model, query_width, c.layers, c.bias_attention_output},
      {"cross query", query_width, c.d_model, crosses, c.bias_qkv},
      {"cross key", kv_width, c.d_model, crosses, c.bias_qkv, true, matrix_input::source},
      {"cross value", kv_width, c.d_model, crosses, c.bias_qkv, true, matrix_input::source},
      {"cross output", c.d_model, query_width, crosses, c.bias_attention_output},
      {"gate", c.d_ff, c.d_model, gates, c.bias_ffn},
      {"up", c.d_ff, c.d_model, c.layers, c.bias_ffn},
      {"down", c.d_model, c.d_ff, c.layers, c.bias_ffn},
      {"head transform", c.d_model, c.d_model, transforms, true, true, matrix_input::logits},
      {"head", c.vocab, c.d_model, heads, transforms > 0 || c.bias_head, !c.tied, matrix_input::logits},
      {"pooler", c.d_model, c.d_model, poolers, true, true, matrix_input::sequence},
      {"classifier", c.labels, c.d_model, classifiers, true, true, classified},
      {"value gate", c.kv_heads, c.value_gate_inputs, c.value_layers.count(c.layers), false, true, matrix_input::tokens,
       true},
      {"smear gate", 1, c.smear_inputs, c.smear_inputs > 0 ? 1 : 0, false, true, matrix_input::tokens, true},
  }};
}

}  // namespace constformer
