#pragma once

#include <cstdint>

#include "constformer/analysis/exact.hpp"
#include "constformer/analysis/matrices.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

/// Trained numbers of a model by place. Tied weights are counted once, in the token embedding. Of an encoder-decoder
/// model all but `encoder` is of the decoder; an embedding that both read is its.
struct parameter_breakdown {
  std::int64_t token_embedding = 0;     ///< (vocab, d_model)
  std::int64_t position_embedding = 0;  ///< (positions, d_model), learned positions only
  std::int64_t segment_embedding = 0;   ///< (segments, d_model)
  std::int64_t relative = 0;            ///< (buckets, heads), relative positions only
  std::int64_t norms = 0;            ///< weights and biases of all norms, and of that of a masked language model's head
  std::int64_t attention = 0;        ///< q, k, v and output of all layers, with biases
  std::int64_t cross_attention = 0;  ///< the same of cross-attention
  std::int64_t feed_forward = 0;     ///< gate, up and down of all layers, with biases
  std::int64_t head = 0;        ///< (vocab, d_model) unless tied; its bias; masked language models: its transform too
  std::int64_t values = 0;      ///< value embeddings (vocab, kv_heads·head_dim) and their gates
  std::int64_t mixing = 0;      ///< smear, residual gains and backout
  std::int64_t pooler = 0;      ///< (d_model, d_model) and bias
  std::int64_t classifier = 0;  ///< (labels, d_model) and bias
  std::int64_t encoder = 0;     ///< all of the encoder

  /// All of them.
  [[nodiscard]] constexpr std::int64_t total() const {
    return sum_of(token_embedding, position_embedding, segment_embedding, relative, norms, attention, cross_attention,
                  feed_forward, head, values, mixing, pooler, classifier, encoder);
  }
};

namespace detail {

constexpr std::int64_t stored_in(matrix_kind const& m) {
  return product_of(m.copies, sum_of(m.stored ? m.weights() : 0, m.biases()));
}

}  // namespace detail

/// Norms over the stream of one stack: before or after each part of a block, or both; on the embeddings; and after the
/// last block, unless norms come after each part.
[[nodiscard]] constexpr std::int64_t norms_of(config const& c) {
  int const of_block = c.place == norm_place::sandwich ? 4 : has_encoder(c) ? 3 : 2;
  return sum_of(product_of(of_block, c.layers), c.embedding_norm ? 1 : 0, c.place != norm_place::post ? 1 : 0);
}

/// Exact parameters of `c` by place, for the layouts of the checkpoints that the family publishes (GPT-2: Radford et
/// al. 2019; BERT: arXiv:1810.04805; Llama: arXiv:2302.13971). Buffers that files carry along (masks, rotary tables) do
/// not count.
[[nodiscard]] constexpr parameter_breakdown parameters_of(config const& c) {
  auto const [query, key, value, output, cross_query, cross_key, cross_value, cross_output, gate, up, down, transform,
              head, pooler, classifier, value_gate, smear_gate] = matrices_of(c);
  parameter_breakdown p;
  p.token_embedding = c.shared_tokens ? 0 : product_of(c.vocab, c.d_model);
  p.position_embedding =
      c.position == position_kind::learned ? product_of(c.first_position + c.positions, c.d_model) : 0;
  p.segment_embedding = product_of(c.segments, c.d_model);
  p.relative = product_of(c.relative.buckets, c.position == position_kind::relative ? c.heads : 0);
  p.norms = sum_of(
      product_of(sum_of(norms_of(c), transform.copies), c.d_model, (c.norm_weight ? 1 : 0) + (c.norm_bias ? 1 : 0)),
      c.qk_norm && c.norm_weight ? product_of(2, c.layers, c.head_dim) : 0);
  p.attention =
      sum_of(detail::stored_in(query), detail::stored_in(key), detail::stored_in(value), detail::stored_in(output));
  p.cross_attention = sum_of(detail::stored_in(cross_query), detail::stored_in(cross_key),
                             detail::stored_in(cross_value), detail::stored_in(cross_output));
  p.feed_forward = sum_of(detail::stored_in(gate), detail::stored_in(up), detail::stored_in(down));
  p.head = sum_of(detail::stored_in(transform), detail::stored_in(head));
  p.values = sum_of(product_of(c.value_layers.count(c.layers), c.vocab, c.kv_heads, c.head_dim),
                    detail::stored_in(value_gate));
  p.mixing = sum_of(detail::stored_in(smear_gate), smear_gate.copies, c.residual_gains ? product_of(2, c.layers) : 0,
                    c.backout ? 1 : 0);
  p.pooler = detail::stored_in(pooler);
  p.classifier = detail::stored_in(classifier);
  if (has_encoder(c)) p.encoder = parameters_of(encoder_of(c)).total();
  return p;
}

/// Exact number of parameters of `c`; tied weights once.
///
///     static_assert(parameter_count(configs::llama2_7b) == 6'738'415'616);
[[nodiscard]] constexpr std::int64_t parameter_count(config const& c) { return parameters_of(c).total(); }

/// Parameters that are entries of matrices or of the token embedding, which are stored as `c.weights`; the others stay
/// f32.
[[nodiscard]] constexpr std::int64_t matrix_parameter_count(config const& c) {
  std::int64_t sum = product_of(c.vocab, sum_of(c.shared_tokens ? 0 : c.d_model,
                                                product_of(c.value_layers.count(c.layers), c.kv_heads, c.head_dim)));
  for (matrix_kind const& m : matrices_of(c))
    if (m.stored && !m.plain) sum = sum_of(sum, product_of(m.copies, m.weights()));
  if (has_encoder(c)) sum = sum_of(sum, matrix_parameter_count(encoder_of(c)));
  return sum;
}

namespace detail {

// Bytes that matrices of other types than `c.weights` take more, or less if negative: of all of them, or of those whose
// `counts(kind)` says.
template <class Counts>
constexpr std::int64_t other_type_bytes(config const& c, Counts counts) {
  std::int64_t const query = product_of(c.heads, c.head_dim, c.d_model),
                     kv = product_of(c.kv_heads, c.head_dim, c.d_model);
  std::int64_t const ffn = product_of(c.d_ff, c.d_model), tokens = product_of(c.vocab, c.d_model);
  std::int64_t const values[weight_kinds]{
      tokens, tokens, query, kv, kv, query, product_of(c.gated ? 2 : 1, ffn), ffn, query, product_of(2, kv), query};
  std::int64_t sum = 0;
  for (int i = 0; i < c.types.count; ++i) {
    weight_type const& one = c.types.list[i];
    if (one.encoder || !counts(one.kind)) continue;
    std::int64_t const all = product_of(one.layers.count(layer_set::limit), values[static_cast<std::size_t>(one.kind)]);
    sum += bytes_of(one.type, all) - bytes_of(c.weights, all);
  }
  return sum;
}

}  // namespace detail

/// Bytes of the parameters without padding: matrices and token embeddings as `c.weights` and `c.types` say, the rest as f32.
[[nodiscard]] constexpr std::int64_t parameter_bytes(config const& c) {
  std::int64_t const matrices = matrix_parameter_count(c);
  std::int64_t const others = parameter_count(c) - matrices;
  dtype_group const group = group_of(c.weights);
  std::int64_t const bytes = sum_of(product_of(matrices / group.values, group.bytes), product_of(others, 4));
  if (c.types.count == 0) return bytes;
  auto const any = [](weight_kind) { return true; };
  return bytes + detail::other_type_bytes(c, any) + (has_encoder(c) ? detail::other_type_bytes(encoder_of(c), any) : 0);
}

}  // namespace constformer
