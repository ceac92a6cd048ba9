// Attention over the sequences of a batch, and its reverse.
#if defined(CONSTFORMER_EXECUTE_ATTENTION_NODES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_ATTENTION_NODES_INL_HPP
#undef CONSTFORMER_EXECUTE_ATTENTION_NODES_INL_HPP
#else
#define CONSTFORMER_EXECUTE_ATTENTION_NODES_INL_HPP
#endif

#include <cmath>
#include <cstddef>

#include "hwy/highway.h"

#include "constformer/config/kinds.hpp"
#include "constformer/execute/cached_program.hpp"
#include "constformer/execute/pass_frame.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/graph/attend_options.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/graph/shape.hpp"
#include "constformer/kernels/flash_attention-inl.hpp"
#include "constformer/kernels/weigh_keys-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/passes/decoder_rules.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// How one call of attention is computed: `S` is its node, backwards, too; its first inputs are queries, keys and
/// values.
template <class S>
struct attention_call {
  using program = typename S::program;                                                     ///< whose call it is
  static constexpr attend_options const& options = program::graph.attentions[S::n.index];  ///< its options
  /// Its heads.
  static constexpr attention_extents extents{S::first::n.shape.axes[0].extent, S::second::n.shape.axes[0].extent,
                                             S::first::n.shape.axes[1].extent, S::third::inner};

  /// Rows of queries and keys of a sequence.
  struct rows_of_sequence {
    int first;      ///< of queries
    int count;      ///< of queries
    int first_key;  ///< of keys and values
    int keys;       ///< of keys and values
  };
  /// Those of sequence `s`.
  static rows_of_sequence rows(pass_frame const& f, int s) {
    int const first = S::first::first_of(f, s), first_key = S::second::first_of(f, s);
    return {first, S::first::first_of(f, s + 1) - first, first_key, S::second::first_of(f, s + 1) - first_key};
  }
  /// What the kernels read of them; `Out` is the node of the forward pass.
  template <class Out>
  static attention_rows values(pass_frame const& f, rows_of_sequence const& rows) {
    auto const query = static_cast<std::size_t>(rows.first), key = static_cast<std::size_t>(rows.first_key);
    return {S::first::at(f, query), S::second::at(f, key), S::third::at(f, key), Out::at(f, query), S::first::stride,
            S::second::stride,      S::third::stride,      Out::stride,          rows.count,        rows.keys};
  }
  /// Keys and values of the whole sequence, of which the queries are the end.
  static void look_back(pass_frame const& f, int sequence, attention_rows& rows) {
    rows.first = f.cache.pasts[sequence];
    rows.keys += rows.first;
    rows.k = S::second::kept(f, sequence, 0);
    rows.v = S::third::kept(f, sequence, 0);
    rows.k_stride = static_cast<std::size_t>(program::cache.places[S::n.inputs[1]].stride);
    rows.v_stride = static_cast<std::size_t>(program::cache.places[S::n.inputs[2]].stride);
  }
  /// Keys and values of the source.
  static void look_across(pass_frame const& f, int sequence, attention_rows& rows) {
    rows.first = f.cache.pasts[sequence];
    rows.keys = f.cache.source_length;
    rows.k = S::second::kept_source(f, 0);
    rows.v = S::third::kept_source(f, 0);
    rows.k_stride = static_cast<std::size_t>(program::cache.places[S::n.inputs[1]].stride);
    rows.v_stride = static_cast<std::size_t>(program::cache.places[S::n.inputs[2]].stride);
  }
  /// Whether it is the last attention to a source.
  static constexpr bool is_asked = S::id == source_look(program::graph);
  /// Keeps what the last row of each sequence asks, of the first head.
  static void keep_asked(pass_frame const& f) {
    for (int s = 0; f.cache.asked != nullptr && s < f.batch.sequences; ++s)
      copy_floats(S::first::at(f, static_cast<std::size_t>(f.batch.start(s + 1) - 1)), extents.head_dim,
                  f.cache.asked + std::ptrdiff_t{s} * asked_stride);
  }
  /// Floats from one sequence's to the next.
  static constexpr int asked_stride = padded(extents.head_dim);
  /// What such a query of a token at `position` attends to in the source: a weight for each of its tokens.
  static void weigh_source(pass_frame const& f, float const* asked, int position, float* out) {
    weigh_keys(rules<3>(f, 0, f.cache.source_length), extents, asked, S::second::kept_source(f, 0),
               static_cast<std::size_t>(program::cache.places[S::n.inputs[1]].stride), position, out);
  }
  /// What becomes of its scores; `Table` is the input that is the table of biases, if there is one.
  template <int Table>
  static score_rules rules(pass_frame const& f, int sequence, int keys) {
    float factor = options.scale != 0.0F ? options.scale : 1.0F / std::sqrt(static_cast<float>(extents.head_dim));
    if constexpr (options.scale_by_layer) factor /= static_cast<float>(f.layer + 1);
    return {.factor = factor,
            .softcap = options.softcap,
            .causal = options.mask != mask_kind::bidirectional,
            .window = options.unwindowed.contains(f.layer) ? 0 : options.window,
            .prefix = options.mask == mask_kind::prefix && f.batch.prefixes != nullptr ? f.batch.prefixes[sequence] : 0,
            .keys = keys,
            .biased = S::n.inputs[Table] >= 0,
            .buckets = options.relative,
            .table = S::template offset<Table>(f),
            .dropout = f.gradients == nullptr ? 0.0F : options.dropout,
            .coins = {f.coins, S::n.index, f.layer,
                      static_cast<std::size_t>(S::first::first_of(f, sequence)) * std::size_t{extents.heads}}};
  }
};

/// A worker has heads of sequences.
template <>
struct operation<node_kind::attention> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    using call = attention_call<S>;
    constexpr attention_extents e = call::extents;
    constexpr bool keeps = keeps_rows<typename S::program> && S::n.shape.rows == row_kind::token;
    constexpr bool crosses = S::second::n.shape.rows == row_kind::source;
    if constexpr (keeps && !crosses) {
      S::second::keep(self, f);
      S::third::keep(self, f);
      self.sync();
    }
    if constexpr (keeps && crosses) {
      S::second::keep_source(self, f);
      S::third::keep_source(self, f);
      self.sync();
    }
    work_range const mine = self.share(f.batch.sequences * e.heads);
    for (int i = mine.begin; i < mine.end; ++i) {
      int const sequence = i / e.heads;
      attention_rows rows = call::template values<S>(f, call::rows(f, sequence));
      if constexpr (keeps && !crosses) call::look_back(f, sequence, rows);
      if constexpr (keeps && crosses) call::look_across(f, sequence, rows);
      attention_pass(rows, e, call::template rules<3>(f, sequence, rows.keys), i % e.heads, f.own).run();
    }
    if constexpr (keeps && crosses && call::is_asked)
      if (self.index == 0) call::keep_asked(f);
  }
};

/// A worker has heads of keys of sequences. The inputs behind queries, keys and values: the forward pass, dy, where dk
/// and dv go, biases.
template <>
struct operation<node_kind::attention_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    using call = attention_call<S>;
    using dy = typename S::template input<4>;
    using dkv = typename S::template input<5>;
    constexpr attention_extents e = call::extents;
    constexpr int buckets = call::options.relative.buckets;
    S::for_rows(self, f, [&](std::size_t, float* out) HWY_ATTR { zero_floats(S::columns, out); });
    self.sync();
    work_range const mine = self.share(f.batch.sequences * e.kv_heads);
    for (int i = mine.begin; i < mine.end; ++i) {
      int const sequence = i / e.kv_heads;
      auto const rows = call::rows(f, sequence);
      auto const query = static_cast<std::size_t>(rows.first);
      float* const dk = dkv::at(f, static_cast<std::size_t>(rows.first_key));
      attention_gradients const g{.dy = dy::at(f, query),
                                  .dy_stride = dy::stride,
                                  .dq = S::at(f, query),
                                  .dq_stride = S::stride,
                                  .dk = dk,
                                  .dv = dk + S::second::columns,
                                  .kv_stride = dkv::stride,
                                  .dbias = f.shared + static_cast<std::size_t>(sequence) * e.heads * buckets};
      attention_reversal(call::template values<typename S::template input<3>>(f, rows), g, e,
                         call::template rules<6>(f, sequence, rows.keys), i % e.kv_heads, f.own)
          .run();
    }
    if constexpr (S::n.factor != 0.0F) {
      self.sync();
      add_bias_gradients<S>(self, f, e.heads, buckets);
    }
  }

 private:
  // Those of the sequences, in order, to the table's.
  template <class S>
  static HWY_INLINE void add_bias_gradients(worker const& self, pass_frame const& f, int heads, int buckets) {
    float* const out = f.gradients + (S::template input<6>::data(f) - f.parameters);
    work_range const mine = self.share(heads);
    for (int h = mine.begin; h < mine.end; ++h)
      for (int b = 0; b < buckets; ++b)
        for (int s = 0; s < f.batch.sequences; ++s) out[b * heads + h] += f.shared[(s * heads + h) * buckets + b];
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
