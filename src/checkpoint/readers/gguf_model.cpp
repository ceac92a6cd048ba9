#include "gguf_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "constformer/kernels/rope.hpp"
#include "config_fields.hpp"
#include "encoder_decoder_configs.hpp"
#include "family_readers.hpp"
#include "gguf_keys.hpp"
#include "gguf_names.hpp"
#include "rope_parameters.hpp"

namespace constformer {

namespace {

// The keys of one architecture: `llama.block_count` is "block_count" here.
class model_keys {
 public:
  model_keys(gguf_file const& file, std::string_view architecture)
      : file_(file), prefix_(std::string(architecture) + ".") {}

  /// The key's whole name, which counts as looked up from now on.
  [[nodiscard]] std::string full(std::string_view key) const { return *read_.insert(prefix_ + std::string(key)).first; }

  [[nodiscard]] std::set<std::string, std::less<>> const& read() const { return read_; }

  [[noreturn]] void fail(std::string_view key, std::string const& what) const {
    throw error(file_.where + ": key " + full(key) + " " + what);
  }

  [[nodiscard]] int extent(std::string_view key) const {
    auto const value = file_.integer(full(key));
    if (!value) fail(key, "is missing");
    return checked(key, *value);
  }
  [[nodiscard]] int extent(std::string_view key, int otherwise) const {
    auto const value = file_.integer(full(key));
    return value ? checked(key, *value) : otherwise;
  }
  [[nodiscard]] float real(std::string_view key) const {
    auto const value = file_.real(full(key));
    if (!value) fail(key, "is missing");
    return finite(key, *value);
  }
  [[nodiscard]] float real(std::string_view key, float otherwise) const {
    auto const value = file_.real(full(key));
    return value ? finite(key, *value) : otherwise;
  }
  [[nodiscard]] std::string text(std::string_view key, std::string_view otherwise) const {
    return file_.text(full(key)).value_or(std::string(otherwise));
  }
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const {
    return file_.flag(full(key)).value_or(otherwise);
  }

  [[nodiscard]] gguf_file const& file() const { return file_; }

  /// The tensor of that name, or nullptr.
  [[nodiscard]] gguf_tensor const* tensor(std::string_view name) const {
    auto const at =
        std::find_if(file_.tensors.begin(), file_.tensors.end(), [&](gguf_tensor const& t) { return t.name == name; });
    return at == file_.tensors.end() ? nullptr : &*at;
  }

  /// Rows of a matrix that every file of the architecture has.
  [[nodiscard]] int rows_of(std::string_view name) const {
    gguf_tensor const* const t = tensor(name);
    if (t == nullptr) throw error(file_.where + ": tensor " + std::string(name) + " is missing");
    if (t->shape.front() > detail::largest_extent)
      throw error(file_.where + ": tensor " + std::string(name) + " is " + shape_text(t->shape) + ", at most " +
                  std::to_string(detail::largest_extent) + " rows are supported");
    return static_cast<int>(t->shape.front());
  }

 private:
  [[nodiscard]] int checked(std::string_view key, int value) const {
    if (value < 1 || value > detail::largest_extent)
      fail(key, "is " + std::to_string(value) + ", it must be between 1 and " + std::to_string(detail::largest_extent));
    return value;
  }
  [[nodiscard]] float finite(std::string_view key, float value) const {
    if (!std::isfinite(value)) fail(key, "is no finite number");
    return value;
  }

  gguf_file const& file_;
  std::string prefix_;
  mutable std::set<std::string, std::less<>> read_;
};

shape read_shape(model_keys const& keys) {
  shape s{.layers = keys.extent("block_count"),
          .d_model = keys.extent("embedding_length"),
          .heads = keys.extent("attention.head_count"),
          .d_ff = keys.extent("feed_forward_length"),
          .vocab = keys.rows_of("token_embd.weight"),
          .positions = keys.extent("context_length")};
  s.kv_heads = keys.extent("attention.head_count_kv", s.heads);
  if (!keys.file().find(keys.full("attention.key_length")) && s.d_model % s.heads != 0)
    keys.fail("embedding_length", "is " + std::to_string(s.d_model) +
                                      ", which is not a multiple of attention.head_count " + std::to_string(s.heads));
  s.head_dim = keys.extent("attention.key_length", s.d_model / s.heads);
  if (int const value = keys.extent("attention.value_length", s.head_dim); value != s.head_dim)
    keys.fail("attention.value_length", "is " + std::to_string(value) + ", only attention.key_length " +
                                            std::to_string(s.head_dim) + " is supported");
  return s;
}

// Llama 3's scaling is in the file as one factor per pair, which divides its frequency. Published models have one of a
// few settings; whichever gives these factors is the one.
void set_llama3_scaling(rope_config& rope, gguf_tensor const& factors, gguf_file const& file) {
  std::vector<float> given(static_cast<std::size_t>(count_of(factors.shape)));
  read_rows_f32({factors.name, factors.type, factors.shape, factors.bytes}, 0, 1, given);
  if (given.size() != static_cast<std::size_t>(rope.rotary_dims / 2))
    throw error(file.where + ": tensor " + factors.name + " has " + std::to_string(given.size()) + " factors, " +
                std::to_string(rope.rotary_dims / 2) + " pairs rotate");
  if (std::ranges::all_of(given, [](float f) { return f == 1.0F; })) return;
  rope_config scaled = rope;
  scaled.scaling = rope_scaling_kind::llama3;
  scaled.factor = *std::ranges::max_element(given);
  scaled.low_freq_factor = 1.0F;
  scaled.high_freq_factor = 4.0F;
  scaled.original_positions = 8192;
  bool fits = std::isfinite(scaled.factor) && scaled.factor >= 1.0F;
  for (std::size_t j = 0; fits && j < given.size(); ++j) {
    double const frequency =
        std::pow(static_cast<double>(rope.theta), -2.0 * static_cast<double>(j) / rope.rotary_dims);
    double const expected = frequency / detail::llama3_frequency(scaled, frequency);
    fits = std::abs(expected - static_cast<double>(given[j])) <= 1e-4 * expected;
  }
  if (!fits)
    throw error(file.where + ": tensor " + factors.name +
                " holds other frequency factors than those of Llama 3 (1, 4, 8192), which are not supported");
  rope = scaled;
}

// One factor for each pair of rotating dims.
factor_table read_factors(model_keys const& keys, gguf_tensor const& factors, int pairs) {
  if (count_of(factors.shape) != pairs || pairs > factor_table::limit)
    throw error(keys.file().where + ": tensor " + factors.name + " is " + shape_text(factors.shape) + ", " +
                std::to_string(pairs) + " pairs rotate and " + std::to_string(factor_table::limit) + " is the limit");
  factor_table out;
  read_rows_f32({factors.name, factors.type, factors.shape, factors.bytes}, 0, 1,
                std::span(out.values, static_cast<std::size_t>(pairs)));
  return out;
}

// LongRoPE's two tables. The temperature of scores is in the file, or follows from the lengths.
void read_longrope(model_keys const& keys, config& c, std::string const& scaling) {
  gguf_tensor const* const long_factors = keys.tensor("rope_factors_long.weight");
  gguf_tensor const* const short_factors = keys.tensor("rope_factors_short.weight");
  if (long_factors == nullptr && short_factors == nullptr && scaling != "longrope") return;
  if (c.rope.scaling != rope_scaling_kind::none)
    keys.fail("rope.scaling.type", "is \"" + scaling + "\" beside LongRoPE's tensors");
  if (long_factors == nullptr || short_factors == nullptr)
    throw error(keys.file().where + ": tensors rope_factors_long.weight and rope_factors_short.weight come together");
  c.rope.scaling = rope_scaling_kind::longrope;
  c.rope.original_positions = keys.extent("rope.scaling.original_context_length", c.positions);
  c.rope.long_factors = read_factors(keys, *long_factors, c.rope.rotary_dims / 2);
  c.rope.short_factors = read_factors(keys, *short_factors, c.rope.rotary_dims / 2);
  c.rope.attention_factor =
      keys.real("rope.scaling.attn_factor",
                longrope_attention_factor(static_cast<double>(c.positions) / c.rope.original_positions,
                                          c.rope.original_positions));
}

// The factor counts under its first name too, and 0 means 1.
float rope_factor(model_keys const& keys) {
  float const factor = keys.real("rope.scaling.factor", keys.real("rope.scale_linear", 0.0F));
  if (factor != 0 && !(factor >= 1)) keys.fail("rope.scaling.factor", "is " + std::to_string(factor) + ", below 1");
  return factor == 0 ? 1.0F : factor;
}

// As llama.cpp extrapolates: cos and sin are multiplied by 0.1·ln(factor) + 1, times a factor of the file's own.
void read_yarn(model_keys const& keys, rope_config& rope, int positions) {
  rope.scaling = rope_scaling_kind::yarn;
  rope.original_positions = keys.extent("rope.scaling.original_context_length", positions);
  rope.beta_fast = keys.real("rope.scaling.yarn_beta_fast", 32.0F);
  rope.beta_slow = keys.real("rope.scaling.yarn_beta_slow", 1.0F);
  double const own = static_cast<double>(keys.real("rope.scaling.attn_factor", 1.0F));
  rope.attention_factor = static_cast<float>(own * (0.1 * std::log(static_cast<double>(rope.factor)) + 1.0));
}

void read_rope(model_keys const& keys, config& c) {
  c.rope.theta = keys.real("rope.freq_base", 10000.0F);
  c.rope.rotary_dims = keys.extent("rope.dimension_count", c.head_dim);
  std::string const scaling = keys.text("rope.scaling.type", "linear");  // which is none where the factor is 1
  if (scaling == "linear" || scaling == "yarn")
    c.rope.factor = rope_factor(keys);
  else if (scaling != "none" && scaling != "longrope")
    keys.fail("rope.scaling.type", "is \"" + scaling + "\", supported are none, linear, yarn and longrope");
  if (scaling == "yarn")
    read_yarn(keys, c.rope, c.positions);
  else if (c.rope.factor != 1)
    c.rope.scaling = rope_scaling_kind::linear;
  read_longrope(keys, c, scaling);
  if (gguf_tensor const* const factors = keys.tensor("rope_freqs.weight")) {
    if (c.rope.scaling != rope_scaling_kind::none)
      keys.fail("rope.scaling.type", "is \"" + scaling + "\" beside the tensor rope_freqs.weight");
    set_llama3_scaling(c.rope, *factors, keys.file());
  }
}

void read_llama_like(model_keys const& keys, config& c) {
  c.norm_eps = keys.real("attention.layer_norm_rms_epsilon");
  read_rope(keys, c);
  c.bias_qkv = keys.tensor("blk.0.attn_q.bias") != nullptr;
  c.bias_attention_output = keys.tensor("blk.0.attn_output.bias") != nullptr;
  c.bias_ffn = keys.tensor("blk.0.ffn_down.bias") != nullptr;
}

config read_llama(model_keys const& keys) {
  config c = llama(read_shape(keys));
  read_llama_like(keys, c);
  c.rope.style = rope_style::interleaved;  // the converter puts query and key rows in Meta's order
  return c;
}

config read_qwen2(model_keys const& keys) {
  config c = qwen2(read_shape(keys));
  read_llama_like(keys, c);
  return c;
}

config read_qwen3(model_keys const& keys) {
  config c = qwen3(read_shape(keys));
  read_llama_like(keys, c);
  return c;
}

// Before llama.cpp's converter wrote windows (August 2024), its reader knew them by the sizes of the releases.
int window_of_first_files(config const& c) {
  constexpr int layers_of_mini = 32, layers_of_medium = 40;
  bool const release = c.layers == layers_of_mini || c.layers == layers_of_medium;
  return release && c.positions == 4096 ? 2047 : 0;
}

config read_phi3(model_keys const& keys) {
  config c = phi3(read_shape(keys));
  read_llama_like(keys, c);
  // 0 is written for none.
  auto const window = keys.file().integer(keys.full("attention.sliding_window"));
  c.window = !window ? window_of_first_files(c) : *window == 0 ? 0 : keys.extent("attention.sliding_window");
  return c;
}

config read_gpt2(model_keys const& keys) {
  config c = gpt2(read_shape(keys));
  c.norm_eps = keys.real("attention.layer_norm_epsilon");
  return c;
}

config read_bert(model_keys const& keys) {
  shape s = read_shape(keys);
  s.positions = keys.rows_of("position_embd.weight");
  config c = bert(s);
  c.norm_eps = keys.real("attention.layer_norm_epsilon");
  if (keys.flag("attention.causal", false)) keys.fail("attention.causal", "is true, only false is supported");
  c.segments = keys.rows_of("token_types.weight");
  c.pooler = keys.tensor("cls.weight") != nullptr;  // the converter leaves it out of all but rankers
  if (c.pooler && keys.tensor("cls.output.weight") != nullptr) {
    c.classifier = classifier_kind::sequence;
    c.labels = keys.rows_of("cls.output.weight");
  }
  return c;
}

// The converter stores 1 + w of norms, so nothing is added to them here.
config read_gemma(model_keys const& keys) {
  config c = gemma(read_shape(keys));
  read_llama_like(keys, c);
  c.norm_adds_one = false;
  return c;
}

config read_gemma2(model_keys const& keys) {
  constexpr int layers_of_27b =
      46;  // the file does not say what scores are divided by; llama.cpp knows the model by its layers
  config c = gemma2(read_shape(keys), 0);
  read_llama_like(keys, c);
  c.norm_adds_one = false;
  int const scalar = c.layers == layers_of_27b ? std::max(c.d_model / c.heads, 1) : c.head_dim;
  c.score_gain = query_scalar_gain(c.head_dim, scalar);
  c.score_softcap = keys.real("attn_logit_softcapping", 50.0F);
  c.logit_softcap = keys.real("final_logit_softcapping", 30.0F);
  set_window(c, keys.extent("attention.sliding_window", 4096), every(2, 0, c.layers));
  return c;
}

// Files have neither the distance from which on all share a bucket, nor the activation: a gate tells T5 1.1.
config read_t5(model_keys const& keys) {
  bool const gated = keys.tensor("enc.blk.0.ffn_gate.weight") != nullptr;
  shape s = read_shape(keys);
  int const encoder_layers = s.layers;
  s.layers = keys.extent("decoder_block_count", s.layers);
  s.positions = t5_positions;
  config c = gated ? t5_v1_1(s) : t5(s);
  c.encoder.layers = encoder_layers;
  c.norm_eps = keys.real("attention.layer_norm_rms_epsilon");
  c.relative.buckets = keys.extent("attention.relative_buckets_count");
  if (keys.tensor("output.weight") == nullptr) c.logit_scale = detail::inverse_root(c.d_model);
  return c;
}

// llama.cpp's numbers. A model that ranks pools the first token for its classifier.
std::optional<pooling_kind> read_pooling(model_keys const& keys) {
  auto const type = keys.file().integer(keys.full("pooling_type"));
  if (!type || *type == -1) return std::nullopt;
  switch (*type) {
    case 0: return pooling_kind::none;
    case 1: return pooling_kind::mean;
    case 2:
    case 4: return pooling_kind::cls;
    case 3: return pooling_kind::last;
    default: break;
  }
  keys.fail("pooling_type",
            "is " + std::to_string(*type) + ", supported are 0 (none), 1 (mean), 2 (cls), 3 (last) and 4 (rank)");
}

struct architecture {
  std::string_view name;
  config (*read)(model_keys const&);
  std::span<gguf_name const> const& names;
};

constexpr std::array architectures{
    architecture{"llama", read_llama, gguf_llama_names}, architecture{"qwen2", read_qwen2, gguf_llama_names},
    architecture{"qwen3", read_qwen3, gguf_qwen3_names}, architecture{"phi3", read_phi3, gguf_phi3_names},
    architecture{"gpt2", read_gpt2, gguf_gpt2_names},    architecture{"bert", read_bert, gguf_bert_names},
    architecture{"gemma", read_gemma, gguf_llama_names}, architecture{"gemma2", read_gemma2, gguf_gemma2_names},
    architecture{"t5", read_t5, gguf_t5_gated_names},
};

// Factors of frequencies, which are read into the config.
bool is_rope_table(std::string_view name) {
  return name == "rope_freqs.weight" || name == "rope_factors_long.weight" || name == "rope_factors_short.weight";
}

std::span<gguf_name const> names_of(architecture const& family, config const& c) {
  return c.family == family_kind::t5 ? gguf_t5_names : family.names;
}

architecture const& architecture_of(gguf_file const& file) {
  auto const name = file.text("general.architecture");
  if (!name) throw error(file.where + ": key general.architecture is missing");
  std::string known;
  for (architecture const& a : architectures) {
    if (a.name == *name) return a;
    known += (known.empty() ? "" : ", ") + std::string(a.name);
  }
  throw error(file.where + ": general.architecture \"" + *name + "\" is not supported (" + known + ")");
}

// T5's files say it; its releases begin a target with pad.
std::optional<int> decoder_start(model_keys const& keys, int vocab, special_ids const& ids) {
  if (keys.file().text("general.architecture") != "t5") return std::nullopt;
  auto const id = keys.file().id(keys.full("decoder_start_token_id"), static_cast<std::size_t>(vocab));
  return id ? id : ids.pad;
}

special_ids read_ids(model_keys const& keys, int vocab) {
  auto const id = [&](char const* key) {
    return keys.file().id(std::string("tokenizer.ggml.") + key, static_cast<std::size_t>(vocab));
  };
  special_ids ids;
  ids.bos = id("bos_token_id");
  ids.pad = id("padding_token_id");
  ids.decoder_start = decoder_start(keys, vocab, ids);
  for (char const* const key : {"eos_token_id", "eot_token_id", "eom_token_id"}) {
    auto const end = id(key);
    if (end && std::ranges::find(ids.eos, *end) == ids.eos.end()) ids.eos.push_back(*end);
  }
  return ids;
}

}  // namespace

gguf_model read_gguf_model(gguf_file const& file) {
  architecture const& family = architecture_of(file);
  if (file.tensors.empty()) throw error(file.where + ": holds no tensors, only a vocabulary");
  model_keys const keys(file, family.name);
  if (file.integer(keys.full("expert_count")).value_or(0) > 1)  // 0 and 1 are no mixture
    keys.fail("expert_count", "asks for a mixture of experts, which is not supported");
  gguf_model out{family.read(keys), {}, {}, {}, {}};
  out.model.tied = out.model.head == head_kind::language_model;
  if (message const misfit = first_misfit(out.model); !misfit.empty())
    throw error(file.where + ": " + std::string(misfit.view()));
  for (gguf_tensor const& t : file.tensors)
    if (!is_rope_table(t.name))
      out.tensors.push_back({hugging_face_name(names_of(family, out.model), t.name), t.type, t.shape, t.bytes});
  std::ranges::sort(out.tensors, {}, &tensor_view::name);
  out.ids = read_ids(keys, out.model.vocab);
  out.pooling = read_pooling(keys);
  out.unread = unread_gguf_keys(file, family.name, out.model, keys.read());
  return out;
}

}  // namespace constformer
