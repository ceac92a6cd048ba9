#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "config_fields.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/layer_set.hpp"
#include "constformer/config/rules.hpp"
#include "ctranslate2_variables.hpp"
#include "rope_parameters.hpp"

// Defaults and formulas are those of CTranslate2's src/layers/attention_layer.cc and transformer.cc (4.8).

namespace constformer {

namespace {

// What this reader looks at, or what changes nothing here. `layer_*.` is of every layer.
constexpr auto known_attributes = std::to_array<std::string_view>({
    "num_heads",
    "pre_norm",
    "activation",
    "alignment_layer",
    "alignment_heads",
    "scale_embeddings",
    "embeddings.multiply_by_sqrt_depth",
    "scale_outputs",
    "start_from_zero_embedding",
    "final_logit_softcapping",
    "alibi_use_positive_positions",
    "multi_query_attention",  // num_heads_kv says it
    "sliding_window",         // those of the layers count
    "layer_norm.layer_norm_use_residual",
    "layer_*.self_attention.layer_norm.layer_norm_use_residual",
    "layer_*.self_attention.num_heads_kv",
    "layer_*.self_attention.head_dim",
    "layer_*.self_attention.queries_scale",
    "layer_*.self_attention.sliding_window",
    "layer_*.self_attention.rotary_dim",
    "layer_*.self_attention.rotary_interleave",
    "layer_*.self_attention.rotary_base",
    "layer_*.self_attention.rotary_scaling_type",
    "layer_*.self_attention.rotary_scaling_factor",
    "layer_*.self_attention.rotary_low_freq_factor",
    "layer_*.self_attention.rotary_high_freq_factor",
    "layer_*.self_attention.original_max_position_embeddings",
    "layer_*.self_attention.max_position_embeddings",
    "layer_*.ffn.layer_norm.layer_norm_use_residual",
});

constexpr std::string_view window_name = "sliding_window";

class reader {
 public:
  explicit reader(ctranslate2_variables const& in) : in_(in) {}

  config read(float layer_norm_eps) const {
    in_.require_known(known_attributes);
    auto const& tokens = in_.matrix("decoder.embeddings.weight");
    auto const& output = in_.matrix("decoder.layer_0.self_attention.linear_1.weight");
    int const heads = in_.heads_of("decoder");
    int const whole = in_.extent(output, 1) / heads;  // head_dim is written where heads are not d_model wide
    config c = ctranslate2_decoder({.layers = in_.count_layers("decoder"),
                                    .d_model = in_.extent(tokens, 1),
                                    .heads = heads,
                                    .kv_heads = extent("num_heads_kv", heads),
                                    .head_dim = extent("head_dim", whole),
                                    .d_ff = in_.extent(in_.matrix("decoder.layer_0.ffn.linear_0.weight"), 0),
                                    .vocab = in_.extent(tokens, 0),
                                    .positions = ctranslate2_positions});
    require_equal_layers(c.layers);
    read_positions(c);
    in_.read_decoder_stack(c, layer_norm_eps);
    read_norms(c);
    read_scores(c);
    read_windows(c);
    if (double const scale = in_.attribute("decoder", "scale_outputs", 1); scale != 0)
      c.logit_scale = static_cast<float>(scale);
    c.logit_softcap = static_cast<float>(in_.attribute("decoder", "final_logit_softcapping", 0));
    return c;
  }

 private:
  static std::string scope(int layer) { return "decoder.layer_" + std::to_string(layer) + "."; }

  // Of self-attention in the first layer.
  double number(std::string_view name, double otherwise) const {
    return in_.attribute(scope(0) + "self_attention", std::string(name), otherwise);
  }

  int extent(std::string_view name, int otherwise) const {
    double const value = number(name, otherwise);
    if (!(value >= 0 && value <= detail::largest_extent))
      in_.fail("attribute " + std::string(name) + " is " + std::to_string(value) + ", it must be between 0 and " +
               std::to_string(detail::largest_extent));
    return static_cast<int>(value);
  }

  // Windows may alternate; everything else is one field of `config`.
  void require_equal_layers(int layers) const {
    auto const compare = [&](int from, int to) {
      for (auto at = in_.content().attributes.lower_bound(scope(from));
           at != in_.content().attributes.end() && at->first.starts_with(scope(from)); ++at) {
        std::string const name = at->first.substr(scope(from).size());
        auto const other = in_.content().attributes.find(scope(to) + name);
        bool const same = other != in_.content().attributes.end() && other->second == at->second;
        if (!same && !name.ends_with(window_name))
          in_.fail("attribute " + name + " differs between layers " + std::to_string(from) + " and " +
                   std::to_string(to));
      }
    };
    for (int layer = 1; layer < layers; ++layer) {
      compare(0, layer);
      compare(layer, 0);
    }
  }

  // Without rotation and without a table there are OpenNMT's sinusoids.
  void read_positions(config& c) const {
    c.rope = {};
    c.position = position_kind::sinusoid_opennmt;
    double const dims = number("rotary_dim", -1);
    if (dims < 0) return;
    c.position = position_kind::rotary;
    c.rope.rotary_dims = dims == 0 ? c.head_dim : extent("rotary_dim", 0);
    c.rope.style = number("rotary_interleave", 1) != 0 ? rope_style::interleaved : rope_style::half_split;
    c.rope.theta = static_cast<float>(number("rotary_base", 10000));
    int const longest = extent("max_position_embeddings", 0);
    c.positions = c.capacity = longest > 0 ? longest : ctranslate2_positions;
    read_scaling(c);
  }

  void read_scaling(config& c) const {
    constexpr double none = -1, linear = 0, su = 1, llama3 = 2;
    double const type = number("rotary_scaling_type", none);
    if (!(type == none || type == linear || type == su || type == llama3))
      in_.fail("attribute rotary_scaling_type is " + std::to_string(type) + ", one of 0 to 2 is expected");
    auto const factor = static_cast<float>(number("rotary_scaling_factor", 1));
    if (type == su) read_su(c);
    // The converter leaves Llama 3's factor and trained length out, and CTranslate2 then keeps the frequencies.
    if (type == none || type == su || factor == 1.0F) return;
    c.rope.scaling = type == linear ? rope_scaling_kind::linear : rope_scaling_kind::llama3;
    c.rope.factor = factor;
    if (type == linear) return;
    c.rope.original_positions = extent("original_max_position_embeddings", 0);
    c.rope.low_freq_factor = static_cast<float>(number("rotary_low_freq_factor", 1));
    c.rope.high_freq_factor = static_cast<float>(number("rotary_high_freq_factor", 4));
  }

  void read_su(config& c) const {
    c.rope.scaling = rope_scaling_kind::longrope;
    c.rope.original_positions = extent("original_max_position_embeddings", 0);
    c.rope.long_factors = factors(c, "long");
    c.rope.short_factors = factors(c, "short");
    if (c.rope.original_positions > 1)  // whole times longer, as CTranslate2 counts
      c.rope.attention_factor =
          longrope_attention_factor(c.positions / c.rope.original_positions, c.rope.original_positions);
  }

  factor_table factors(config const& c, std::string const& length) const {
    std::string const name = scope(0) + "self_attention.rotary_scaling_" + length + "_factor";
    tensor_view const* const given = in_.find(name);
    if (given == nullptr) in_.fail("variable " + name + " is missing");
    int const pairs = c.rope.rotary_dims / 2;
    if (given->shape.size() != 1 || given->shape[0] != pairs || pairs > factor_table::limit)
      in_.fail("variable " + name + " is " + shape_text(given->shape) + ", " + std::to_string(pairs) +
               " pairs rotate and " + std::to_string(factor_table::limit) + " is the limit");
    factor_table out;
    read_rows_f32(*given, 0, 1, std::span(out.values, static_cast<std::size_t>(pairs)));
    return out;
  }

  // Beside the usual norms there are those of parallel halves. One norm for both halves, and norms behind them, have
  // other names, which no layer of ours reads.
  void read_norms(config& c) const {
    c.parallel = in_.find(scope(0) + "input_layer_norm.weight") != nullptr;
    if (c.parallel && (c.gated || in_.find(scope(0) + "pre_feedforward_layer_norm.weight") != nullptr))
      in_.fail("has input_layer_norm beside a gate or norms behind each half, which is not supported");
    if (in_.find(scope(0) + "shared_layer_norm.weight") != nullptr)
      in_.fail("has shared_layer_norm, one norm for both halves of a block is not supported");
    c.qk_norm = in_.find(scope(0) + "self_attention.q_norm.weight") != nullptr;
    c.norm_adds_one = in_.attribute("decoder", "layer_norm.layer_norm_use_residual", 0) != 0;
    for (char const* const half : {"self_attention", "ffn"})
      if (!c.parallel &&
          (in_.attribute(scope(0) + half, "layer_norm.layer_norm_use_residual", 0) != 0) != c.norm_adds_one)
        in_.fail("attribute layer_norm_use_residual differs between norms");
  }

  void read_scores(config& c) const {
    double const scale = number("queries_scale", 0);
    if (scale == 0) return;
    c.scale_scores = false;
    c.score_gain = static_cast<float>(scale);
  }

  void read_windows(config& c) const {
    layer_set sliding;
    int window = 0;
    for (int layer = 0; layer < c.layers; ++layer) {
      double const own = in_.attribute(scope(layer) + "self_attention", std::string(window_name), 0);
      if (own == 0) continue;
      if (layer >= layer_set::limit)
        in_.fail("has a window in layer " + std::to_string(layer) + ", " + std::to_string(layer_set::limit) +
                 " layers are the limit");
      if (!(own > 0 && own <= detail::largest_extent) || (window != 0 && own != window))
        in_.fail("attribute sliding_window is " + std::to_string(own) + " in layer " + std::to_string(layer) +
                 ", one positive width is expected");
      window = static_cast<int>(own);
      sliding.add(layer);
    }
    set_window(c, window, sliding);
  }

  ctranslate2_variables const& in_;
};

}  // namespace

config ctranslate2_decoder_config(ctranslate2_variables const& in, float layer_norm_eps) {
  return reader(in).read(layer_norm_eps);
}

bool is_ctranslate2_setting(std::string_view tensor) {
  return tensor.ends_with(".rotary_scaling_long_factor") || tensor.ends_with(".rotary_scaling_short_factor");
}

}  // namespace constformer
