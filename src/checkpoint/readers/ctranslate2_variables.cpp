#include "ctranslate2_variables.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "constformer/models/name_map.hpp"

namespace constformer {

namespace {

// In the order of ctranslate2's ActivationType.
constexpr std::array activations{activation_kind::relu,   activation_kind::gelu_tanh,  activation_kind::silu,
                                 activation_kind::gelu,   activation_kind::quick_gelu, activation_kind::tanh,
                                 activation_kind::sigmoid};

}  // namespace

void ctranslate2_variables::fail(std::string const& what) const { throw error(std::string(where_) + ": " + what); }

tensor_view const* ctranslate2_variables::find(std::string const& name) const {
  auto const at = std::ranges::lower_bound(content_.tensors, name, {}, &tensor_view::name);
  return at != content_.tensors.end() && at->name == name ? &*at : nullptr;
}

tensor_view const& ctranslate2_variables::matrix(std::string const& name) const {
  tensor_view const* const found = find(name);
  if (found == nullptr) fail("variable " + name + " is missing");
  if (found->shape.size() != 2) fail("variable " + name + " is " + shape_text(found->shape) + ", not a matrix");
  return *found;
}

int ctranslate2_variables::extent(tensor_view const& tensor, std::size_t axis) const {
  if (tensor.shape[axis] > detail::largest_extent)
    fail("variable " + tensor.name + " is " + shape_text(tensor.shape) + ", above the limit " +
         std::to_string(detail::largest_extent));
  return static_cast<int>(tensor.shape[axis]);
}

void ctranslate2_variables::require_known(std::span<std::string_view const> known) const {
  for (auto const& [name, value] : content_.attributes) {
    std::string_view bare = name;
    for (std::string_view const side : {"encoder.", "decoder."})
      if (bare.starts_with(side)) bare.remove_prefix(side.size());
    auto const is_bare = [&](std::string_view pattern) { return matches(bare, pattern); };
    if (value != 0 && std::ranges::none_of(known, is_bare))
      fail("attribute " + name + " is " + std::to_string(value) + ", only 0 is supported");
  }
}

double ctranslate2_variables::attribute(std::string_view side, std::string const& name, double otherwise) const {
  for (std::string const& key : {std::string(side) + "." + name, name})
    if (auto const found = content_.attributes.find(key); found != content_.attributes.end()) return found->second;
  return otherwise;
}

int ctranslate2_variables::heads_of(std::string_view side) const {
  double const heads = attribute(side, "num_heads", content_.spec == "TransformerBig" ? 16 : 8);
  if (!(heads >= 1 && heads <= 4096)) fail("attribute num_heads is " + std::to_string(heads));
  return static_cast<int>(heads);
}

int ctranslate2_variables::count_layers(std::string const& side) const {
  int layers = 0;
  while (find(side + ".layer_" + std::to_string(layers) + ".ffn.linear_0.weight") != nullptr) ++layers;
  if (layers == 0) fail("variable " + side + ".layer_0.ffn.linear_0.weight is missing");
  return layers;
}

activation_kind ctranslate2_variables::activation_of(std::string_view side) const {
  double const activation = attribute(side, "activation", 0);
  if (!(activation >= 0 && activation < static_cast<double>(activations.size())))
    fail("attribute activation is " + std::to_string(activation) + ", one of 0 to 6 is expected");
  return activations[static_cast<std::size_t>(activation)];
}

// A flag, or the scale itself.
float ctranslate2_variables::embedding_scale_of(std::string_view side, int d_model) const {
  double const scale = attribute(side, "scale_embeddings", attribute(side, "embeddings.multiply_by_sqrt_depth", 1));
  if (scale == 0) return 1.0F;
  return scale == 1 ? detail::root_of(d_model) : static_cast<float>(scale);
}

void ctranslate2_variables::read_decoder_stack(config& c, float layer_norm_eps) const {
  c.place = attribute("decoder", "pre_norm", 1) != 0 ? norm_place::pre : norm_place::post;
  std::string const first = "decoder.layer_0.";
  c.norm_bias = find(first + "ffn.layer_norm.bias") != nullptr || find(first + "input_layer_norm.bias") != nullptr;
  c.norm = c.norm_bias ? norm_kind::layer_norm : norm_kind::rms_norm;
  c.norm_eps = layer_norm_eps > 0 ? layer_norm_eps : c.norm_bias ? 1e-5F : 1e-6F;
  c.embedding_norm = find("decoder.layernorm_embedding.weight") != nullptr;
  c.activation = activation_of("decoder");
  c.gated = find(first + "ffn.linear_0_noact.weight") != nullptr;
  c.bias_qkv = find(first + "self_attention.linear_0.bias") != nullptr;
  c.bias_attention_output = find(first + "self_attention.linear_1.bias") != nullptr;
  c.bias_ffn = find(first + "ffn.linear_0.bias") != nullptr;
  c.bias_head = find("decoder.projection.bias") != nullptr;
  c.zero_start = attribute("decoder", "start_from_zero_embedding", 0) != 0;
  c.embedding_scale = embedding_scale_of("decoder", c.d_model);
  c.tied = is_same("decoder.projection.weight", "decoder.embeddings.weight");
  if (find("decoder.position_encodings.encodings") == nullptr) return;
  c.position = position_kind::learned;
  c.positions = c.capacity = extent(matrix("decoder.position_encodings.encodings"), 0);
}

bool ctranslate2_variables::is_same(std::string const& a, std::string const& b) const {
  auto const target = [&](std::string const& name) {
    auto const found = content_.aliases.find(name);
    return found == content_.aliases.end() ? name : found->second;
  };
  return target(a) == target(b);
}

}  // namespace constformer
