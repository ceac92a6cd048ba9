#include <array>
#include <string>
#include <string_view>

#include "constformer/checkpoint/ctranslate2.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "constformer/core/text.hpp"
#include "ctranslate2_variables.hpp"

namespace constformer {

namespace {

// Attributes that this reader looks at, or that change nothing here: where alignments are read, how texts begin.
constexpr std::array<std::string_view, 14> known_attributes{"num_heads",
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
                                                            "start_from_zero_embedding",
                                                            "alibi_use_positive_positions"};

class reader {
 public:
  explicit reader(ctranslate2_variables const& in) : in_(in) {}

  config read(float layer_norm_eps) const {
    check_attributes();
    auto const& source = in_.matrix("encoder.embeddings.weight");
    auto const& target = in_.matrix("decoder.embeddings.weight");
    int const heads = in_.heads_of("decoder");
    if (in_.extent(target, 1) % heads != 0)
      in_.fail("decoder/embeddings/weight is " + shape_text(target.shape) + ", which " + std::to_string(heads) +
               " heads do not divide");
    config c = opennmt({.layers = in_.count_layers("decoder"),
                        .d_model = in_.extent(target, 1),
                        .heads = heads,
                        .d_ff = in_.extent(in_.matrix("decoder.layer_0.ffn.linear_0.weight"), 0),
                        .vocab = in_.extent(target, 0),
                        .positions = ctranslate2_positions},
                       in_.extent(source, 0));
    in_.read_decoder_stack(c, layer_norm_eps);
    read_encoder(c);
    if (in_.is_same("encoder.embeddings.weight", "decoder.embeddings.weight")) c.encoder.vocab = 0;
    return c;
  }

 private:
  void check_attributes() const {
    in_.require_known(known_attributes);
    for (char const* const name : {"multi_query_attention", "scale_outputs"})
      for (std::string_view const side : {"encoder", "decoder"})
        if (in_.attribute(side, name, 0) != 0) in_.fail(std::string("attribute ") + name + " is not supported");
  }

  // What is one field of `config` must be the same on both sides.
  void require_equal(std::string const& name, double otherwise) const {
    if (in_.attribute("encoder", name, otherwise) != in_.attribute("decoder", name, otherwise))
      in_.fail("attribute " + name + " differs between encoder and decoder");
  }

  void read_encoder(config& c) const {
    require_equal("pre_norm", 1);
    require_equal("activation", 0);
    if (in_.embedding_scale_of("encoder", c.d_model) != c.embedding_scale)
      in_.fail("attribute scale_embeddings differs between encoder and decoder");
    int const heads = in_.heads_of("encoder");
    if (c.d_model % heads != 0)
      in_.fail("d_model " + std::to_string(c.d_model) + " is not a multiple of the encoder's " + std::to_string(heads) +
               " heads");
    c.encoder.layers = in_.count_layers("encoder");
    c.encoder.heads = heads;
    c.encoder.head_dim = c.d_model / heads;
    c.encoder.d_ff = in_.extent(in_.matrix("encoder.layer_0.ffn.linear_0.weight"), 0);
  }

  ctranslate2_variables const& in_;
};

}  // namespace

config ctranslate2_config(ctranslate2_content const& content, float layer_norm_eps, std::string_view where) {
  ctranslate2_variables const in(content, where);
  std::string_view const spec = content.spec;
  bool const alone = spec == "TransformerDecoderSpec" || spec == "TransformerDecoderModelSpec";
  if (!alone && spec != "TransformerBase" && spec != "TransformerBig" && spec != "TransformerSpec")
    in.fail("is a " + content.spec +
            ", supported are TransformerBase, TransformerBig, TransformerSpec and TransformerDecoderSpec");
  config const c = alone ? ctranslate2_decoder_config(in, layer_norm_eps) : reader(in).read(layer_norm_eps);
  if (message const misfit = first_misfit(c); !misfit.empty()) in.fail(std::string(misfit.view()));
  return c;
}

}  // namespace constformer
