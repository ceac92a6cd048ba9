#pragma once

#include <string_view>

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/text.hpp"

namespace constformer {

namespace detail {

// Far above any published model, and low enough that products of two extents stay within 64 bits, of heads within 32.
inline constexpr int largest_extent = 1 << 24;

// Far above any published base or factor, and still finite when multiplied by a position.
inline constexpr float largest_factor = 1e12F;

struct extent_rule {
  std::string_view name;
  int config::* extent;
};

inline constexpr extent_rule positive_extents[]{
    {"layers", &config::layers},     {"d_model", &config::d_model},     {"heads", &config::heads},
    {"kv_heads", &config::kv_heads}, {"head_dim", &config::head_dim},   {"d_ff", &config::d_ff},
    {"vocab", &config::vocab},       {"positions", &config::positions}, {"capacity", &config::capacity},
};

constexpr message extents_misfit(config const& c) {
  for (auto const& [name, extent] : positive_extents) {
    if (c.*extent <= 0) return format_message("config: {}={} must be positive", name, c.*extent);
    if (c.*extent > largest_extent)
      return format_message("config: {}={} is above the limit {}", name, c.*extent, largest_extent);
  }
  if (c.first_position < 0 || (c.first_position > 0 && c.position != position_kind::learned))
    return format_message("config: first_position={} must not be negative, and needs position=learned, it is {}",
                          c.first_position, name_of(c.position));
  if (c.first_position > largest_extent)
    return format_message("config: first_position={} is above the limit {}", c.first_position, largest_extent);
  if (c.segments < 0) return format_message("config: segments={} must not be negative", c.segments);
  if (c.segments > largest_extent)
    return format_message("config: segments={} is above the limit {}", c.segments, largest_extent);
  return {};
}

constexpr message attention_misfit(config const& c) {
  if (c.heads % c.kv_heads != 0)
    return format_message("attention: heads={} is not a multiple of kv_heads={}", c.heads, c.kv_heads);
  if (c.heads > largest_extent / c.head_dim)
    return format_message("attention: heads={} times head_dim={} is above the limit {}", c.heads, c.head_dim,
                          largest_extent);
  bool const square = c.family == family_kind::gpt2 || c.family == family_kind::bert ||
                      c.family == family_kind::roberta || c.family == family_kind::distilbert ||
                      c.family == family_kind::gpt_neox || c.family == family_kind::gpt_neo ||
                      c.family == family_kind::chatglm_6b;
  if (square && c.heads * c.head_dim != c.d_model)
    return format_message("attention: d_model={} is not heads={} times head_dim={}", c.d_model, c.heads, c.head_dim);
  if (square && c.kv_heads != c.heads)
    return format_message("attention: kv_heads={} is not heads={}, and {} has no shared ones", c.kv_heads, c.heads,
                          name_of(c.family));
  if (c.window < 0) return format_message("attention: window={} must not be negative", c.window);
  if (c.window > 0 && c.mask != mask_kind::causal)
    return format_message("attention: window={} needs mask=causal, it is {}", c.window, name_of(c.mask));
  if (!c.unwindowed.empty() && c.window == 0)
    return format_message("attention: unwindowed={} layers need a window, it is 0",
                          c.unwindowed.count(layer_set::limit));
  if (!c.unwindowed.empty() && c.layers > layer_set::limit)
    return format_message("attention: layers={} are more than the {} that unwindowed can tell apart", c.layers,
                          layer_set::limit);
  if (int const beyond = c.unwindowed.count(layer_set::limit) - c.unwindowed.count(c.layers); beyond > 0)
    return format_message("attention: unwindowed={} layers are not below layers={}", beyond, c.layers);
  return {};
}

// Ids of tokens that the vocabulary has, or nothing where no prefix is.
constexpr message prefix_misfit(config const& c) {
  for (int const id : {c.prefix.end, c.prefix.blank, c.prefix.other_blank}) {
    if (c.mask == mask_kind::prefix && (id < 0 || id >= c.vocab))
      return format_message("prefix: id {} is not within vocab={}", id, c.vocab);
    if (c.mask != mask_kind::prefix && id != 0)
      return format_message("prefix: id {} needs mask=prefix, it is {}", id, name_of(c.mask));
  }
  return {};
}

// What nanochat adds around the blocks and to the values.
constexpr message mixing_misfit(config const& c) {
  if (c.smear_inputs < 0 || c.smear_inputs > c.d_model)
    return format_message("smear: smear_inputs={} is not between 0 and d_model={}", c.smear_inputs, c.d_model);
  if ((c.smear_inputs > 0 || c.residual_gains || c.backout) && c.place != norm_place::pre)
    return format_message("smear: smear_inputs, residual_gains and backout need place=pre, it is {}", name_of(c.place));
  if (c.smear_inputs > 0 && c.mask != mask_kind::causal)
    return format_message("smear: smear_inputs={} needs mask=causal, it is {}", c.smear_inputs, name_of(c.mask));
  if (c.value_layers.empty()) return {};
  if (int const beyond = c.value_layers.count(layer_set::limit) - c.value_layers.count(c.layers); beyond > 0)
    return format_message("values: value_layers={} layers are not below layers={}", beyond, c.layers);
  if (c.value_gate_inputs <= 0 || c.value_gate_inputs > c.d_model)
    return format_message("values: value_gate_inputs={} is not between 1 and d_model={}", c.value_gate_inputs,
                          c.d_model);
  if (!(c.value_gate_limit > 0 && c.value_gate_limit <= largest_factor))
    return format_message("values: value_gate_limit={} is not between 0 and {}", c.value_gate_limit, largest_factor);
  return {};
}

// What scores and the stream are multiplied by, and what scores and logits are capped with.
constexpr message cap_misfit(config const& c) {
  if (!(c.score_gain > 0 && c.score_gain <= largest_factor))
    return format_message("attention: score_gain={} is not between 0 and {}", c.score_gain, largest_factor);
  if (!(c.score_softcap >= 0 && c.score_softcap <= largest_factor))
    return format_message("attention: score_softcap={} is not between 0 and {}", c.score_softcap, largest_factor);
  if (!(c.residual_scale > 0 && c.residual_scale <= largest_factor))
    return format_message("norm: residual_scale={} is not between 0 and {}", c.residual_scale, largest_factor);
  if (c.residual_scale != 1 && c.place != norm_place::deep)
    return format_message("norm: residual_scale={} needs place=deep, it is {}", c.residual_scale, name_of(c.place));
  if (!(c.logit_softcap >= 0 && c.logit_softcap <= largest_factor))
    return format_message("head: logit_softcap={} is not between 0 and {}", c.logit_softcap, largest_factor);
  if (c.logit_softcap > 0 && c.head == head_kind::none)
    return format_message("head: logit_softcap={} needs head=language_model, it is none", c.logit_softcap);
  return {};
}

constexpr message rope_misfit(config const& c) {
  rope_config const& r = c.rope;
  if (c.position != position_kind::rotary) {
    if (r.rotary_dims != 0)
      return format_message("rope: rotary_dims={} needs position=rotary, it is {}", r.rotary_dims, name_of(c.position));
    if (r.backwards) return format_message("rope: backwards=true needs position=rotary, it is {}", name_of(c.position));
    if (r.scaling != rope_scaling_kind::none)
      return format_message("rope: scaling={} needs position=rotary, it is {}", name_of(r.scaling),
                            name_of(c.position));
    return {};
  }
  if (r.rotary_dims <= 0) return format_message("rope: rotary_dims={} must be positive", r.rotary_dims);
  if (r.rotary_dims % 2 != 0) return format_message("rope: rotary_dims={} is not a multiple of 2", r.rotary_dims);
  if (r.planes != 1 && r.planes != 2) return format_message("rope: planes={} is neither 1 nor 2", r.planes);
  if (r.planes == 2 && r.rotary_dims % 4 != 0)
    return format_message("rope: rotary_dims={} of planes=2 is not a multiple of 4", r.rotary_dims);
  if (r.planes == 2 && c.mask != mask_kind::prefix)
    return format_message("rope: planes=2 needs mask=prefix, it is {}", name_of(c.mask));
  if (r.planes == 2 && r.scaling != rope_scaling_kind::none)
    return format_message("rope: planes=2 has no scaling, it is {}", name_of(r.scaling));
  if (r.rotary_dims > c.head_dim)
    return format_message("rope: rotary_dims={} is more than head_dim={}", r.rotary_dims, c.head_dim);
  if (!(r.theta > 1 && r.theta <= largest_factor))
    return format_message("rope: theta={} is not between 1 and {}", r.theta, largest_factor);
  if (!(r.attention_factor > 0 && r.attention_factor <= largest_factor))
    return format_message("rope: attention_factor={} is not between 0 and {}", r.attention_factor, largest_factor);
  return {};
}

constexpr message factor_tables_misfit(rope_config const& r) {
  int const pairs = r.rotary_dims / 2;
  if (pairs > factor_table::limit)
    return format_message("rope: rotary_dims={} of scaling=longrope is above the limit {}", r.rotary_dims,
                          2 * factor_table::limit);
  for (factor_table const* table : {&r.short_factors, &r.long_factors})
    for (int j = 0; j < pairs; ++j)
      if (!(table->values[j] > 0 && table->values[j] <= largest_factor))
        return format_message("rope: factor {} of pair {} of scaling=longrope is not between 0 and {}",
                              table->values[j], j, largest_factor);
  return {};
}

constexpr message rope_scaling_misfit(config const& c) {
  rope_config const& r = c.rope;
  if (r.scaling == rope_scaling_kind::none) return {};
  if (!(r.factor >= 1 && r.factor <= largest_factor))
    return format_message("rope: factor={} of scaling={} is not between 1 and {}", r.factor, name_of(r.scaling),
                          largest_factor);
  if (r.scaling == rope_scaling_kind::linear) return {};
  if (r.original_positions <= 0)
    return format_message("rope: original_positions={} of scaling={} must be positive", r.original_positions,
                          name_of(r.scaling));
  if (r.scaling == rope_scaling_kind::longrope) return factor_tables_misfit(r);
  if (r.scaling == rope_scaling_kind::dynamic && r.rotary_dims == 2)
    return format_message(
        "rope: rotary_dims={} is too few for scaling=dynamic, whose exponent divides by rotary_dims-2", r.rotary_dims);
  if (r.scaling == rope_scaling_kind::llama3 && !(r.high_freq_factor > r.low_freq_factor && r.low_freq_factor > 0))
    return format_message("rope: high_freq_factor={} must be more than low_freq_factor={}, and both positive",
                          r.high_freq_factor, r.low_freq_factor);
  if (r.scaling == rope_scaling_kind::yarn && !(r.beta_fast > r.beta_slow && r.beta_slow > 0))
    return format_message("rope: beta_fast={} must be more than beta_slow={}, and both positive", r.beta_fast,
                          r.beta_slow);
  return {};
}

constexpr message sinusoid_misfit(config const& c) {
  if (!is_sinusoid(c.position)) return {};
  if (c.d_model % 2 != 0)
    return format_message("position: {} has pairs, d_model={} is not a multiple of 2", name_of(c.position), c.d_model);
  if (c.position == position_kind::sinusoid_opennmt && c.d_model < 4)
    return format_message("position: {} divides by d_model/2-1, d_model={} is below 4", name_of(c.position), c.d_model);
  return {};
}

// An encoder has half of the buckets for either side, and half of those for exact distances: none of them may be empty.
constexpr message relative_misfit(config const& c) {
  relative_config const& r = c.relative;
  if (c.position != position_kind::relative) {
    if (r.buckets != 0 || r.max_distance != 0)
      return format_message("relative: buckets={} and max_distance={} need position=relative, it is {}", r.buckets,
                            r.max_distance, name_of(c.position));
    return {};
  }
  if (r.buckets < 4 || r.buckets % 4 != 0)
    return format_message("relative: buckets={} is not a positive multiple of 4", r.buckets);
  if (r.buckets > largest_extent || r.max_distance > largest_extent)
    return format_message("relative: buckets={} or max_distance={} is above the limit {}", r.buckets, r.max_distance,
                          largest_extent);
  if (r.max_distance <= r.buckets / 2)
    return format_message("relative: max_distance={} must be more than half of buckets={}", r.max_distance, r.buckets);
  return {};
}

constexpr message scale_misfit(config const& c) {
  if (!(c.embedding_scale > 0 && c.embedding_scale <= largest_factor))
    return format_message("embedding: scale={} is not between 0 and {}", c.embedding_scale, largest_factor);
  if (c.zero_start && c.mask != mask_kind::causal)
    return format_message("embedding: zero_start=true needs mask=causal, it is {}", name_of(c.mask));
  if (c.zero_start && c.smear_inputs > 0)
    return format_message("embedding: zero_start=true needs smear_inputs=0, it is {}", c.smear_inputs);
  if (!(c.logit_scale > 0 && c.logit_scale <= largest_factor))
    return format_message("head: logit_scale={} is not between 0 and {}", c.logit_scale, largest_factor);
  return {};
}

// Dynamic scaling is the one way past the positions that the checkpoint was made for.
constexpr message capacity_misfit(config const& c) {
  bool const stretches = c.position == position_kind::rotary && c.rope.scaling == rope_scaling_kind::dynamic;
  if (c.capacity > c.positions && !stretches)
    return format_message("context: capacity={} is more than positions={}", c.capacity, c.positions);
  return {};
}

constexpr message norm_misfit(config const& c) {
  if (!(c.norm_eps > 0 && c.norm_eps < 1)) return format_message("norm: eps={} is not between 0 and 1", c.norm_eps);
  if (c.norm == norm_kind::rms_norm && c.norm_bias) return format_message("norm: rms_norm has no bias, norm_bias=true");
  if (c.norm == norm_kind::deviation_norm && c.d_model < 2)
    return format_message("norm: deviation_norm divides by d_model-1, d_model={} is below 2", c.d_model);
  if (c.encoder.layers > 0 && (c.parallel || (c.place != norm_place::pre && c.place != norm_place::post)))
    return format_message("norm: decoders with an encoder have place=pre or post and are not parallel, place={}",
                          name_of(c.place));
  if (!c.norm_weight && (c.norm != norm_kind::rms_norm || c.norm_adds_one))
    return format_message("norm: norm_weight=false needs norm=rms_norm and norm_adds_one=false, norm is {}",
                          name_of(c.norm));
  if (c.qk_norm_last && !c.qk_norm) return format_message("norm: qk_norm_last=true needs qk_norm=true, it is false");
  if (c.parallel && c.place != norm_place::pre)
    return format_message("norm: parallel=true needs place=pre, it is {}", name_of(c.place));
  return {};
}

constexpr message ffn_misfit(config const& c) {
  if (!c.gated && c.activation == activation_kind::identity)
    return format_message("ffn: activation=identity without a gate leaves a linear layer of d_ff={}", c.d_ff);
  return {};
}

constexpr message head_misfit(config const& c) {
  if (c.tied && c.head == head_kind::none)
    return format_message("head: tied=true needs head=language_model or masked_language_model, it is none");
  if (c.bias_head && c.head == head_kind::none)
    return format_message("head: bias_head=true needs head=language_model, it is none");
  if (c.shared_tokens && c.head != head_kind::none)
    return format_message("head: shared_tokens=true is for encoders, head is {}", name_of(c.head));
  if (c.head == head_kind::language_model && c.mask == mask_kind::bidirectional)
    return format_message("head: language_model needs mask=causal, it is bidirectional");
  if (c.head == head_kind::masked_language_model && c.mask != mask_kind::bidirectional)
    return format_message("head: mask=causal needs head=language_model, it is {}", name_of(c.head));
  if (c.pooler && c.mask != mask_kind::bidirectional)
    return format_message("pooler: needs mask=bidirectional, it is {}", name_of(c.mask));
  return {};
}

constexpr message classifier_misfit(config const& c) {
  if (c.labels < 0 || c.labels > largest_extent)
    return format_message("classifier: labels={} is not between 0 and {}", c.labels, largest_extent);
  if (c.labels > 0 && c.mask == mask_kind::causal)
    return format_message("classifier: labels={} need mask=bidirectional, it is causal", c.labels);
  if ((c.labels > 0) != (c.classifier != classifier_kind::none))
    return format_message("classifier: labels={} do not go with classifier={}", c.labels, name_of(c.classifier));
  if (c.labels > 0 && c.classifier != classifier_kind::tokens && !c.pooler)
    return format_message("classifier: labels={} of a sequence need pooler=true, it is false", c.labels);
  if (c.classifier == classifier_kind::next_sentence && c.labels != 2)
    return format_message("classifier: labels={} of next_sentence must be 2", c.labels);
  return {};
}

// Columns of a matrix of that kind: what its groups run along.
constexpr int columns_of(config const& c, weight_kind kind) {
  if (kind == weight_kind::output || kind == weight_kind::cross_output) return c.heads * c.head_dim;
  return kind == weight_kind::down ? c.d_ff : c.d_model;
}

constexpr bool quantises(config const& c) {
  bool any = c.group != 0;
  for (int i = 0; i < c.types.count; ++i) any = any || quantisation_group(c.types.list[i].type) != 0;
  return any;
}

// Blocks of 256 columns are whole.
constexpr message super_group_misfit(config const& c, weight_kind kind, dtype type) {
  constexpr int super_group = 256;
  int const columns = columns_of(c, kind);
  if (quantisation_group(type) != super_group || columns % super_group == 0) return {};
  return format_message("quantisation: {} of type {} has {} columns, which is not a multiple of {}", name_of(kind),
                        name_of(type), columns, super_group);
}

constexpr message types_misfit(config const& c) {
  if (c.types.count < 0 || c.types.count > weight_types::limit)
    return format_message("types: count={} is not between 0 and {}", c.types.count, weight_types::limit);
  if (c.types.count > 0 && c.layers > layer_set::limit)
    return format_message("types: layers={} are more than the {} that can be told apart", c.layers, layer_set::limit);
  for (int i = 0; i < c.types.count; ++i) {
    weight_type const& other = c.types.list[i];
    if (static_cast<std::size_t>(other.kind) >= weight_kinds)
      return format_message("types: kind {} is not known", static_cast<int>(other.kind));
    if (int const beyond =
            other.layers.count(layer_set::limit) - other.layers.count(other.encoder ? c.encoder.layers : c.layers);
        beyond > 0)
      return format_message("types: {} has {} layers that the model does not have", name_of(other.kind), beyond);
  }
  bool const plain = c.types.count == 0;
  for (std::size_t i = 0; i < weight_kinds; ++i) {
    auto const kind = static_cast<weight_kind>(i);
    bool const crosses =
        kind == weight_kind::cross_query || kind == weight_kind::cross_kv || kind == weight_kind::cross_output;
    if (crosses && !has_encoder(c)) continue;
    bool const once = kind == weight_kind::tokens || kind == weight_kind::head;
    dtype seen[4]{};
    int types = 0;
    for (int layer = 0; layer < (once || plain ? 1 : c.layers); ++layer) {
      dtype const type = type_of(c, kind, layer);
      bool known = false;
      for (int j = 0; j < types; ++j) known = known || seen[j] == type;
      if (known) continue;
      if (types == 4) return format_message("types: {} has more than {} types", name_of(kind), types);
      seen[types++] = type;
      if (message const sentence = super_group_misfit(c, kind, type); !sentence.empty()) return sentence;
    }
  }
  return {};
}

// A group of quantised weights runs along the contracted extent of each matrix. The last group of a row is filled up
// with zeros; an extent that is less than one group is a mistake.
constexpr message group_misfit(config const& c) {
  int const group = quantisation_group(c.weights);
  if (c.group != group)
    return format_message("quantisation: group={} does not fit weights={}, whose group is {}", c.group,
                          name_of(c.weights), group);
  bool const fits = c.inputs == dtype::f32 || (c.inputs == dtype::i8 && quantises(c)) ||
                    (c.inputs == dtype::bf16 && c.weights == dtype::bf16);
  if (!fits)
    return format_message("quantisation: inputs={} of weights={} must be f32, bf16 of bf16, or i8 of quantised types",
                          name_of(c.inputs), name_of(c.weights));
  if (group == 0 || c.types.count > 0) return {};
  if (c.d_model < group) return format_message("quantisation: d_model={} is less than group={}", c.d_model, group);
  if (c.d_ff < group) return format_message("quantisation: d_ff={} is less than group={}", c.d_ff, group);
  if (c.heads * c.head_dim < group)
    return format_message("quantisation: heads={} times head_dim={} is less than group={}", c.heads, c.head_dim, group);
  return {};
}

// Keys and values of a source come from its matrix a vector of columns at a time, which is no whole head that could
// have a scale.
constexpr message cache_misfit(config const& c) {
  if (c.kv_dtype == dtype::f32) return {};
  if (c.kv_dtype != dtype::bf16 && c.kv_dtype != dtype::i8)
    return format_message("cache: kv_dtype={} must be f32, bf16 or i8", name_of(c.kv_dtype));
  if (c.mask == mask_kind::bidirectional)
    return format_message("cache: kv_dtype={} needs a decoder, an encoder keeps no keys and values",
                          name_of(c.kv_dtype));
  if (c.kv_dtype == dtype::i8 && has_encoder(c))
    return format_message("cache: kv_dtype={} is not for decoders beside an encoder, they have f32 and bf16",
                          name_of(c.kv_dtype));
  return {};
}

// Of one stack, decoder or encoder.
constexpr message stack_misfit(config const& c) {
  using rule = message (*)(config const&);
  constexpr rule rules[]{extents_misfit, attention_misfit,    prefix_misfit,   mixing_misfit,   cap_misfit,
                         rope_misfit,    rope_scaling_misfit, sinusoid_misfit, relative_misfit, capacity_misfit,
                         norm_misfit,    ffn_misfit,          scale_misfit,    head_misfit,     classifier_misfit,
                         group_misfit,   types_misfit,        cache_misfit};
  for (rule const broken : rules)
    if (message const sentence = broken(c); !sentence.empty()) return sentence;
  return {};
}

constexpr message encoder_misfit(config const& c) {
  encoder_config const& e = c.encoder;
  if (e.layers < 0) return format_message("encoder: layers={} must not be negative", e.layers);
  if (e.vocab < 0) return format_message("encoder: vocab={} must not be negative", e.vocab);
  if (!has_encoder(c)) {
    if (e != encoder_config{})
      return format_message("encoder: heads={}, head_dim={}, d_ff={} and vocab={} need layers, there are none", e.heads,
                            e.head_dim, e.d_ff, e.vocab);
    return {};
  }
  if (c.head == head_kind::none) return format_message("encoder: needs a decoder with head=language_model, it is none");
  if (c.position == position_kind::rotary)
    return format_message("encoder: needs position=learned, relative or a sinusoid, it is {}", name_of(c.position));
  if (message const sentence = stack_misfit(encoder_of(c)); !sentence.empty())
    return format_message("encoder: {}", sentence);
  return {};
}

}  // namespace detail

/// The first rule that `c` breaks, as a sentence with the names and the numbers; empty if `c` is valid.
/// The same rules guard types at compile time (`valid_config`) and files at run time.
[[nodiscard]] constexpr message first_misfit(config const& c) {
  message const sentence = detail::stack_misfit(c);
  return sentence.empty() ? detail::encoder_misfit(c) : sentence;
}

/// Instantiated by every type that takes a config: compiles only if `Config` is valid, and says why if not.
template <config const& Config>
struct valid_config {
  static constexpr message misfit = first_misfit(Config);  ///< empty, or it does not compile
  static_assert(require_empty<misfit>::value);
  static constexpr bool value = true;  ///< so that it can stand in a static_assert
};

namespace detail {

inline constexpr config smallest_config{.layers = 1,
                                        .d_model = 1,
                                        .heads = 1,
                                        .kv_heads = 1,
                                        .head_dim = 1,
                                        .d_ff = 1,
                                        .vocab = 1,
                                        .positions = 1,
                                        .capacity = 1,
                                        .position = position_kind::none};

}  // namespace detail

/// `Config` itself if it is valid. If it is not, that is an error, and this is some valid config, so that a type built
/// on it adds no errors of its own: one mistake, one error.
template <config const& Config>
[[nodiscard]] constexpr config const& checked() {
  static_assert(valid_config<Config>::value);
  return valid_config<Config>::misfit.empty() ? Config : detail::smallest_config;
}

}  // namespace constformer
