#include <cstddef>
#include <string>
#include <string_view>

#include "config_fields.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/layer_set.hpp"
#include "constformer/core/error.hpp"
#include "family_readers.hpp"
#include "json.hpp"
#include "rope_parameters.hpp"

namespace constformer {

namespace {

int head_dim_of(json_fields const& fields, shape const& s, llama_defaults const& defaults) {
  if (fields.has("head_dim")) return fields.extent("head_dim");
  if (defaults.head_dim != 0) return defaults.head_dim;
  return quotient(fields, "hidden_size", s.d_model, "num_attention_heads", s.heads);
}

int positions_of(json_fields const& fields, llama_defaults const& defaults) {
  constexpr std::string_view field = "max_position_embeddings";
  return defaults.positions == 0 ? fields.extent(field) : fields.extent(field, defaults.positions);
}

}  // namespace

config read_llama_like(json_fields const& fields, config (*family)(shape const&), llama_defaults const& defaults) {
  shape s{.layers = fields.extent("num_hidden_layers"),
          .d_model = fields.extent("hidden_size"),
          .heads = fields.extent("num_attention_heads"),
          .d_ff = fields.extent("intermediate_size"),
          .vocab = fields.extent("vocab_size"),
          .positions = positions_of(fields, defaults)};
  int const absent_kv_heads =
      fields.names("num_key_value_heads") || defaults.kv_heads == 0 ? s.heads : defaults.kv_heads;
  s.kv_heads = fields.extent("num_key_value_heads", absent_kv_heads);
  s.head_dim = head_dim_of(fields, s, defaults);
  config c = family(s);
  c.activation = activation_of(fields, defaults.activation_field, defaults.activation);
  c.norm_eps = fields.real("rms_norm_eps", defaults.norm_eps, 0.0F);
  rope_style const style = c.rope.style;
  c.rope = read_rope(fields, s.head_dim, s.positions, defaults.rope);
  c.rope.style = style;
  c.tied = fields.flag("tie_word_embeddings", defaults.tied);
  return c;
}

config read_llama(json_fields const& fields) {
  config c = read_llama_like(fields, llama, {.positions = 2048});
  c.bias_qkv = c.bias_attention_output = fields.flag("attention_bias", false);
  c.bias_ffn = fields.flag("mlp_bias", false);
  return c;
}

config read_mistral(json_fields const& fields) {
  auto const full = [](shape const& s) { return mistral(s, 0); };
  config c = read_llama_like(fields, full, {.kv_heads = 8, .positions = 131072});
  c.window =
      fields.names("sliding_window") && !fields.has("sliding_window") ? 0 : fields.extent("sliding_window", 4096);
  return c;
}

namespace {

// Which layers slide: layer_types says it, or use_sliding_window and max_window_layers do.
void read_qwen_window(json_fields const& fields, config& c) {
  bool const uses = fields.flag("use_sliding_window", false);
  bool const null_window = fields.names("sliding_window") && !fields.has("sliding_window");
  int const window = !uses || null_window ? 0 : fields.extent("sliding_window", 4096);
  layer_set sliding;
  if (fields.has("layer_types")) {
    sliding = sliding_layers(fields, c.layers);
    if (!sliding.empty() && window == 0)
      throw error(fields.where() +
                  ": field \"layer_types\" asks for sliding_attention, but no sliding_window is in use");
    set_window(c, window, sliding);
  } else if (window > 0) {
    std::size_t const full = fields.count("max_window_layers", 28);
    if (full < static_cast<std::size_t>(c.layers)) set_window(c, window, every(1, static_cast<int>(full), c.layers));
  }
}

}  // namespace

config read_qwen2(json_fields const& fields) {
  config c = read_llama_like(fields, qwen2, {.kv_heads = 32, .positions = 32768});
  read_qwen_window(fields, c);
  return c;
}

config read_qwen3(json_fields const& fields) {
  config c = read_llama_like(fields, qwen3, {.kv_heads = 32, .positions = 32768, .head_dim = 128});
  c.bias_qkv = c.bias_attention_output = fields.flag("attention_bias", false);
  read_qwen_window(fields, c);
  return c;
}

config read_phi3(json_fields const& fields) {
  config c = read_llama_like(
      fields, phi3, {.positions = 4096, .norm_eps = 1e-5F, .rope = {.su = true, .original = 4096, .absent = 1.0F}});
  bool const known = c.rope.scaling == rope_scaling_kind::none || c.rope.scaling == rope_scaling_kind::longrope;
  if (!known)
    throw error(fields.where() + ": rope scaling " + std::string(name_of(c.rope.scaling)) +
                " is none of a Phi-3, which has longrope");
  if (fields.has("sliding_window")) c.window = fields.extent("sliding_window");
  return c;
}

}  // namespace constformer
