#include <string>

#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/core/error.hpp"
#include "encoder_decoder_configs.hpp"
#include "json.hpp"

namespace constformer {

namespace {

// The lecture code's own numbers, and those of the paper.
config read_form(json_fields const& fields, std::string const& form, shape s, int source_vocab) {
  if (form == "lecture") {
    s.d_ff = fields.extent("d_ff", 2048);
    return lecture(s, source_vocab);
  }
  if (form != "paper") fields.misfit("form", "\"lecture\" or \"paper\" is expected");
  s.d_ff = fields.extent("d_ff", 4 * s.d_model);
  config c = vaswani(s);
  if (!fields.flag("shared_embedding", true))
    c.encoder.vocab = source_vocab;
  else if (source_vocab != s.vocab)
    fields.misfit("source_vocab", "an embedding that is shared has target_vocab " + std::to_string(s.vocab) + " rows");
  c.tied = fields.flag("tied", true);
  c.bias_head = fields.flag("head_bias", false);
  return c;
}

}  // namespace

config read_transformer(json_fields const& fields) {
  shape const s{.layers = fields.extent("layers"),
                .d_model = fields.extent("d_model"),
                .heads = fields.extent("heads"),
                .vocab = fields.extent("target_vocab"),
                .positions = fields.extent("positions", 200)};
  if (s.d_model % s.heads != 0)
    throw error(fields.where() + ": field \"d_model\" is " + std::to_string(s.d_model) +
                ", which is not a multiple of \"heads\" " + std::to_string(s.heads));
  config c = read_form(fields, fields.text("form", "lecture"), s, fields.extent("source_vocab"));
  c.norm_eps = fields.real("norm_eps", c.norm_eps, 0.0F);
  return c;
}

}  // namespace constformer
