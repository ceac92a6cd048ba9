// The first values of the residual stream, and the rotary factors of its rows.
#if defined(CONSTFORMER_LAYERS_EMBEDDING_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_EMBEDDING_INL_HPP
#undef CONSTFORMER_LAYERS_EMBEDDING_INL_HPP
#else
#define CONSTFORMER_LAYERS_EMBEDDING_INL_HPP
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/kernels/rope.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
#include "constformer/checkpoint/packed_value.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The embeddings of `Config`: tokens, and positions and segments where it has them. `Tokens` is the config whose table
/// of tokens is read: an encoder's own, or its decoder's.
template <config const& Config, config const& Tokens = Config>
class embedding_layer {
  static constexpr packed_layout place = packed_layout_of(Config);
  // From the start of the section of `Config`; an encoder's lies within its decoder's.
  static constexpr std::int64_t tokens =
      Config.shared_tokens ? packed_layout_of(Tokens).tokens - packed_layout_of(Tokens).encoder : place.tokens;
  static constexpr bool in_panels = Config.shared_tokens ? Tokens.tied : Config.tied;
  static constexpr int width = Config.d_model;
  static constexpr std::size_t stride = padded(width);

  // Value k of a token: from its row, or, where the head shares the weight, from its lane of the head's panel.
  static HWY_INLINE float token_value(std::byte const* table, std::size_t id, std::size_t k) {
    constexpr dtype type = type_of(Config.shared_tokens ? Tokens : Config, weight_kind::tokens);
    if constexpr (in_panels)
      return panel_value<type>(reinterpret_cast<stored<type> const*>(table), {Tokens.vocab, width},
                               static_cast<std::int64_t>(id), static_cast<std::int64_t>(k));
    else
      return row_value<type>(reinterpret_cast<stored_row<type> const*>(table), width, id, k);
  }

  static HWY_INLINE void embed_token(stage const& s, int token, float* x) {
    std::byte const* const table = s.weights + tokens;
    auto const id = static_cast<std::size_t>(token);
    for (std::size_t k = 0; k < width; ++k) x[k] = token_value(table, id, k);
    if constexpr (Config.embedding_scale != 1.0F) {
      for (std::size_t k = 0; k < width; ++k) x[k] *= Config.embedding_scale;
    }
  }

  // x += gain·σ(gate·x[:inputs])·x of the token before, unsmeared. That is made anew from its id, so that the cache
  // keeps an id and a prompt gives the same bits in whatever chunks it comes. `before` is room for a row.
  static HWY_INLINE void smear(stage const& s, int row, float* HWY_RESTRICT x, float* HWY_RESTRICT before) {
    s.kept_ids[s.slot(row, s.position(row))] = s.ids[row];
    int const id = s.id_before(row);
    if (id < 0) return;
    embed_token(s, id, before);
    norm_in_place(s, before);
    float const* const gate = floats_at(s.weights, place.smear_gate);
    float sum = 0.0F;
    for (int k = 0; k < Config.smear_inputs; ++k) sum += gate[k] * x[k];
    float const share = *floats_at(s.weights, place.smear_gain) / (1.0F + std::exp(-sum));
    for (std::size_t k = 0; k < width; ++k) x[k] += share * before[k];
  }

  static HWY_INLINE void norm_in_place(stage const& s, float* x) {
    if constexpr (Config.embedding_norm)
      normalize_row<Config>(x, norm_weights_at<Config>(s.weights, place.embedding_norm, place.embedding_norm_bias), x);
  }

  static HWY_INLINE void embed_row(worker const& self, stage const& s, int row) {
    float* const x = s.x + static_cast<std::size_t>(row) * stride;
    bool const nothing = Config.zero_start && s.position(row) == 0;
    if (nothing)
      for (std::size_t k = 0; k < width; ++k) x[k] = 0.0F;
    else
      embed_token(s, s.ids[row], x);
    if constexpr (Config.position == position_kind::learned) {
      float const* const position = floats_at(s.weights, place.positions) +
                                    static_cast<std::size_t>(Config.first_position + s.position(row)) * stride;
      for (std::size_t k = 0; k < width; ++k) x[k] += position[k];
    }
    if constexpr (is_sinusoid(Config.position)) {
      float const* const position = s.sinusoids + static_cast<std::size_t>(s.position(row)) * stride;
      for (std::size_t k = 0; k < width; ++k) x[k] += position[k];
    }
    if constexpr (Config.segments > 0) {
      auto const segment = static_cast<std::size_t>(s.segments == nullptr ? 0 : s.segments[row]);
      float const* const type = floats_at(s.weights, place.segments) + segment * stride;
      for (std::size_t k = 0; k < width; ++k) x[k] += type[k];
    }
    norm_in_place(s, x);
    if constexpr (Config.smear_inputs > 0)
      smear(s, row, x, s.own_normed + static_cast<std::size_t>(self.index) * stride);
    if constexpr (Config.residual_gains) {
      float* const first = s.first + static_cast<std::size_t>(row) * stride;
      for (std::size_t k = 0; k < width; ++k) first[k] = x[k];
    }
    if constexpr (Config.position == position_kind::rotary) {
      constexpr std::size_t dims = Config.rope.rotary_dims;
      constexpr std::size_t plane = dims / Config.rope.planes;
      std::size_t const own = Config.rope.scaling == rope_scaling_kind::dynamic ? static_cast<std::size_t>(row) : 0;
      std::span<float const> const frequencies(s.frequencies + own * (plane / 2), plane / 2);
      float* const cos = s.cos + static_cast<std::size_t>(row) * dims;
      float* const sin = s.sin + static_cast<std::size_t>(row) * dims;
      int position = s.position(row);
      if constexpr (Config.rope.planes == 2) {
        prefix_place const prefix = s.prefix(row);
        rope_factors(frequencies, prefix.second(position), Config.rope.attention_factor, cos + plane, sin + plane);
        position = prefix.first(position);
      }
      rope_factors(frequencies, position, Config.rope.attention_factor, cos, sin);
    }
  }

 public:
  /// Fills x and the rotary factors of this worker's rows, with a barrier after.
  static HWY_NOINLINE void forward(worker const& self, stage const& s) {
    work_range const mine = self.share(s.rows);
    for (int row = mine.begin; row < mine.end; ++row) embed_row(self, s, row);
    self.sync();
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
