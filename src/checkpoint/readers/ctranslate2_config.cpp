#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "constformer/checkpoint/ctranslate2.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "constformer/core/text.hpp"

namespace constformer {

namespace {

// Sinusoids have no end, so only memory bounds the context.
constexpr int sinusoid_positions = 4096;

// In the order of ctranslate2's ActivationType.
constexpr std::array activations{activation_kind::relu,   activation_kind::gelu_tanh,  activation_kind::silu,
                                 activation_kind::gelu,   activation_kind::quick_gelu, activation_kind::tanh,
                                 activation_kind::sigmoid};

// Attributes that this reader looks at, or that change nothing here: where alignments are read, how texts begin.
constexpr std::array<std::string_view, 13> known_attributes{"num_heads",
                                                            "pre_norm",
                                                            "activation",
                                                            "embeddings_merge",
                                                            "alignment_layer",
                                                            "alignment_heads",
                                                            "scale_embeddings",
                                                            "embeddings.multiply_by_sqrt_depth",
                                                            "with_target_bos",
                                                            "user_decoder_start_tokens",
                                                            "multi_query_attention",
                                                            "scale_outputs",
                                                            "alibi_use_positive_positions"};

class reader {
 public:
  reader(ctranslate2_content const& content, std::string_view where) : content_(content), where_(where) {}

  config read(float layer_norm_eps) const {
    check_spec();
    check_attributes();
    auto const& source = matrix("encoder.embeddings.weight");
    auto const& target = matrix("decoder.embeddings.weight");
    int const heads = heads_of("decoder");
    if (extent(target, 1) % heads != 0)
      fail("decoder/embeddings/weight is " + shape_text(target.shape) + ", which " + std::to_string(heads) +
           " heads do not divide");
    config c = opennmt({.layers = count_layers("decoder"),
                        .d_model = extent(target, 1),
                        .heads = heads,
                        .d_ff = extent(matrix("decoder.layer_0.ffn.linear_0.weight"), 0),
                        .vocab = extent(target, 0),
                        .positions = sinusoid_positions},
                       extent(source, 0));
    read_encoder(c);
    read_norms(c, layer_norm_eps);
    read_linears(c);
    read_positions(c);
    read_scales(c);
    c.tied = is_same("decoder.projection.weight", "decoder.embeddings.weight");
    if (is_same("encoder.embeddings.weight", "decoder.embeddings.weight")) c.encoder.vocab = 0;
    if (message const misfit = first_misfit(c); !misfit.empty()) fail(std::string(misfit.view()));
    return c;
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw error(std::string(where_) + ": " + what); }

  void check_spec() const {
    for (std::string_view const known : {"TransformerBase", "TransformerBig", "TransformerSpec"})
      if (content_.spec == known) return;
    fail("is a " + content_.spec + ", supported are TransformerBase, TransformerBig and TransformerSpec");
  }

  // An attribute that is not known and not 0 might change the arithmetic.
  void check_attributes() const {
    for (auto const& [name, value] : content_.attributes) {
      std::string_view bare = name;
      for (std::string_view const side : {"encoder.", "decoder."})
        if (bare.starts_with(side)) bare.remove_prefix(side.size());
      if (value != 0 && std::find(known_attributes.begin(), known_attributes.end(), bare) == known_attributes.end())
        fail("attribute " + name + " is " + std::to_string(value) + ", only 0 is supported");
    }
    for (std::string_view const side : {"encoder", "decoder"}) {
      if (attribute(side, "multi_query_attention", 0) != 0) fail("attribute multi_query_attention is not supported");
      if (attribute(side, "scale_outputs", 0) != 0) fail("attribute scale_outputs is not supported");
    }
  }

  tensor_view const* find(std::string const& name) const {
    for (tensor_view const& t : content_.tensors)
      if (t.name == name) return &t;
    return nullptr;
  }

  tensor_view const& matrix(std::string const& name) const {
    tensor_view const* const found = find(name);
    if (found == nullptr) fail("variable " + name + " is missing");
    if (found->shape.size() != 2) fail("variable " + name + " is " + shape_text(found->shape) + ", not a matrix");
    return *found;
  }

  int extent(tensor_view const& tensor, std::size_t axis) const {
    if (tensor.shape[axis] > detail::largest_extent)
      fail("variable " + tensor.name + " is " + shape_text(tensor.shape) + ", above the limit " +
           std::to_string(detail::largest_extent));
    return static_cast<int>(tensor.shape[axis]);
  }

  // Of a side, or of both.
  double attribute(std::string_view side, std::string const& name, double otherwise) const {
    for (std::string const& key : {std::string(side) + "." + name, name})
      if (auto const found = content_.attributes.find(key); found != content_.attributes.end()) return found->second;
    return otherwise;
  }

  int heads_of(std::string_view side) const {
    double const heads = attribute(side, "num_heads", content_.spec == "TransformerBig" ? 16 : 8);
    if (!(heads >= 1 && heads <= 4096)) fail("attribute num_heads is " + std::to_string(heads));
    return static_cast<int>(heads);
  }

  int count_layers(std::string const& side) const {
    int layers = 0;
    while (find(side + ".layer_" + std::to_string(layers) + ".ffn.linear_0.weight") != nullptr) ++layers;
    if (layers == 0) fail("variable " + side + ".layer_0.ffn.linear_0.weight is missing");
    return layers;
  }

  void read_encoder(config& c) const {
    int const heads = heads_of("encoder");
    if (c.d_model % heads != 0)
      fail("d_model " + std::to_string(c.d_model) + " is not a multiple of the encoder's " + std::to_string(heads) +
           " heads");
    c.encoder.layers = count_layers("encoder");
    c.encoder.heads = heads;
    c.encoder.head_dim = c.d_model / heads;
    c.encoder.d_ff = extent(matrix("encoder.layer_0.ffn.linear_0.weight"), 0);
  }

  void read_norms(config& c, float layer_norm_eps) const {
    if (attribute("encoder", "pre_norm", 1) != attribute("decoder", "pre_norm", 1))
      fail("attribute pre_norm differs between encoder and decoder");
    c.place = attribute("decoder", "pre_norm", 1) != 0 ? norm_place::pre : norm_place::post;
    c.norm_bias = find("decoder.layer_0.ffn.layer_norm.bias") != nullptr;
    c.norm = c.norm_bias ? norm_kind::layer_norm : norm_kind::rms_norm;
    c.norm_eps = layer_norm_eps > 0 ? layer_norm_eps : c.norm_bias ? 1e-5F : 1e-6F;
    c.embedding_norm = find("decoder.layernorm_embedding.weight") != nullptr;
  }

  void read_linears(config& c) const {
    double const activation = attribute("decoder", "activation", 0);
    if (!(activation >= 0 && activation < static_cast<double>(activations.size())) ||
        activation != attribute("encoder", "activation", 0))
      fail("attribute activation is " + std::to_string(activation) +
           ", one of 0 to 6 is expected, the same for encoder and decoder");
    c.activation = activations[static_cast<std::size_t>(activation)];
    c.gated = find("decoder.layer_0.ffn.linear_0_noact.weight") != nullptr;
    c.bias_qkv = find("decoder.layer_0.self_attention.linear_0.bias") != nullptr;
    c.bias_attention_output = find("decoder.layer_0.self_attention.linear_1.bias") != nullptr;
    c.bias_ffn = find("decoder.layer_0.ffn.linear_0.bias") != nullptr;
    c.bias_head = find("decoder.projection.bias") != nullptr;
  }

  void read_positions(config& c) const {
    if (find("decoder.position_encodings.encodings") == nullptr) return;
    c.position = position_kind::learned;
    c.positions = c.capacity = extent(matrix("decoder.position_encodings.encodings"), 0);
  }

  // A flag, or the scale itself.
  void read_scales(config& c) const {
    double const older = attribute("decoder", "embeddings.multiply_by_sqrt_depth", 1);
    double const scale = attribute("decoder", "scale_embeddings", older);
    if (scale != attribute("encoder", "scale_embeddings", attribute("encoder", "embeddings.multiply_by_sqrt_depth", 1)))
      fail("attribute scale_embeddings differs between encoder and decoder");
    if (scale == 0) c.embedding_scale = 1.0F;
    if (scale != 0 && scale != 1) c.embedding_scale = static_cast<float>(scale);
  }

  bool is_same(std::string const& a, std::string const& b) const {
    auto const target = [&](std::string const& name) {
      auto const found = content_.aliases.find(name);
      return found == content_.aliases.end() ? name : found->second;
    };
    return target(a) == target(b);
  }

  ctranslate2_content const& content_;
  std::string_view where_;
};

}  // namespace

config ctranslate2_config(ctranslate2_content const& content, float layer_norm_eps, std::string_view where) {
  return reader(content, where).read(layer_norm_eps);
}

}  // namespace constformer
