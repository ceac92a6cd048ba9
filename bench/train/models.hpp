// The models whose steps are timed, as a user would write them.
#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/layer_norm.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/layers/transformer.hpp"

namespace bench_train {

using namespace constformer;

/// GPT-2's block.
template <int Width, int Heads>
struct gpt_block {
  using projection = linear_layer<Width, Width, true>;
  using wide_type = linear_layer<4 * Width, Width, true>;
  using narrow_type = linear_layer<Width, 4 * Width, true>;
  BOOST_HANA_DEFINE_STRUCT(gpt_block, (layer_norm<Width>, ln_1), (projection, query), (projection, key),
                           (projection, val), (projection, output), (layer_norm<Width>, ln_2), (wide_type, wide),
                           (narrow_type, narrow));

  constexpr value operator()(value x) const {
    value const h = ln_1(x);
    value const q = split_heads(query(h), Heads, Width / Heads);
    value const k = split_heads(key(h), Heads, Width / Heads, axes::kv_heads);
    value const v = split_heads(val(h), Heads, Width / Heads, axes::kv_heads);
    x = x + output(attend(q, k, v));
    return x + narrow(gelu_tanh(wide(ln_2(x))));
  }
};

/// GPT-2: positions learned, a tied head.
template <int Layers, int Width, int Heads, int Vocab, int Context>
struct gpt {
  using token_table = embedding_layer<Vocab, Width>;
  using place_table = embedding_layer<Context, Width>;
  using block_list = repeated<gpt_block<Width, Heads>, Layers>;
  BOOST_HANA_DEFINE_STRUCT(gpt, (token_table, wte), (place_table, wpe), (block_list, h), (layer_norm<Width>, ln_f));

  constexpr value operator()(value ids) const { return tied_logits(ln_f(h(wte(ids) + wpe(positions_of(ids)))), wte); }
};

/// Llama's block.
template <int Width, int Heads, int KvHeads, int Hidden>
struct llama_block {
  static constexpr int head_dim = Width / Heads;
  using query_type = linear_layer<Width, Width, false>;
  using key_value_type = linear_layer<KvHeads * head_dim, Width, false>;
  using wide_type = linear_layer<Hidden, Width, false>;
  using narrow_type = linear_layer<Width, Hidden, false>;
  BOOST_HANA_DEFINE_STRUCT(llama_block, (rms_norm<Width>, attention_norm), (query_type, query), (key_value_type, key),
                           (key_value_type, val), (query_type, output), (rms_norm<Width>, ffn_norm), (wide_type, gate),
                           (wide_type, wide), (narrow_type, narrow));

  constexpr value operator()(value x) const {
    value const h = attention_norm(x);
    value const q = rope(split_heads(query(h), Heads, head_dim));
    value const k = rope(split_heads(key(h), KvHeads, head_dim, axes::kv_heads));
    value const v = split_heads(val(h), KvHeads, head_dim, axes::kv_heads);
    x = x + output(attend(q, k, v));
    value const f = ffn_norm(x);
    return x + narrow(silu(gate(f)) * wide(f));
  }
};

/// llama2.c's: rotary positions, a tied head.
template <int Layers, int Width, int Heads, int KvHeads, int Hidden, int Vocab>
struct llama {
  using token_table = embedding_layer<Vocab, Width>;
  using block_list = repeated<llama_block<Width, Heads, KvHeads, Hidden>, Layers>;
  BOOST_HANA_DEFINE_STRUCT(llama, (token_table, tokens), (block_list, blocks), (rms_norm<Width>, final_norm));

  constexpr value operator()(value ids) const { return tied_logits(final_norm(blocks(tokens(ids))), tokens); }
};

/// The lecture's encoder-decoder that spells (docs/training.md): letters to phonemes.
inline constexpr config speller_config =
    lecture({.layers = 4, .d_model = 128, .heads = 4, .d_ff = 512, .vocab = 72, .positions = 64}, 30);
using speller = model_parameters<speller_config>;

/// A model and the batches it is trained on. With a shortest length their sequences have lengths from it to `Length`,
/// in turn, and sources of as many tokens.
template <class Model, int Vocab, int Sequences, int Length, int Shortest = 0, int SourceVocab = 0>
struct work {
  using model = Model;                              ///< traced
  static constexpr int vocab = Vocab;               ///< ids are below
  static constexpr int source_vocab = SourceVocab;  ///< the same of the source; 0: there is none
  static constexpr int sequences = Sequences;       ///< of a batch
  static constexpr int length = Length;             ///< tokens of each, at most
  static constexpr int shortest = Shortest;         ///< tokens of each, at least; 0: all have `length`
};

using gpt2 = gpt<12, 768, 12, 50257, 1024>;
using stories = llama<5, 64, 8, 4, 172, 512>;
using sort_letters = gpt<3, 48, 3, 3, 11>;

using gpt2_4x64 = work<gpt2, 50257, 4, 64>;                   ///< GPT-2 124M
using gpt2_1x1024 = work<gpt2, 50257, 1, 1024>;               ///< the same, its whole context
using char_12x64 = work<gpt<4, 128, 4, 65, 64>, 65, 12, 64>;  ///< nanoGPT's shakespeare_char on a CPU
using stories_16x256 = work<stories, 512, 16, 256>;           ///< stories260K
using sort_64x11 = work<sort_letters, 3, 64, 11>;             ///< letter sort
using g2p_32 = work<speller, 72, 32, 12, 5, 30>;              ///< grapheme to phoneme

}  // namespace bench_train
