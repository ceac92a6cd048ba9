#include "nanochat_sizes.hpp"

#include "constformer/config/kinds.hpp"

namespace constformer {

namespace {

std::string pattern_in(json_fields const& fields) {
  std::string const pattern = fields.text("window_pattern", "L");
  bool const known = !pattern.empty() && pattern.find_first_not_of("SLsl") == std::string::npos;
  if (!known) fields.misfit("window_pattern", "it must be of the letters S and L");
  return pattern;
}

// A letter for each layer.
std::string pattern_of(config const& model) {
  if (model.window == 0) return "L";
  std::string out;
  for (int layer = 0; layer < model.layers; ++layer) out += model.unwindowed.contains(layer) ? 'L' : 'S';
  return out;
}

}  // namespace

nanochat_sizes read_nanochat_sizes(json_fields const& model_config) {
  shape const s{.layers = model_config.extent("n_layer"),
                .d_model = model_config.extent("n_embd"),
                .heads = model_config.extent("n_head"),
                .kv_heads = model_config.extent("n_kv_head"),
                .vocab = model_config.extent("vocab_size"),
                .positions = model_config.extent("sequence_len")};
  return {s, pattern_in(model_config)};
}

nanochat_era nanochat_era_of(config const& model) {
  if (model.smear_inputs > 0) return nanochat_era::smeared;
  if (!model.value_layers.empty()) return model.value_gate_inputs == 12 ? nanochat_era::gated : nanochat_era::values;
  return model.residual_gains ? nanochat_era::lambdas : nanochat_era::plain;
}

std::optional<nanochat_sizes> nanochat_sizes_of(config const& model) {
  if (model.family != family_kind::nanochat) return std::nullopt;
  nanochat_sizes out{{.layers = model.layers,
                      .d_model = model.d_model,
                      .heads = model.heads,
                      .kv_heads = model.kv_heads,
                      .vocab = model.vocab,
                      .positions = model.positions},
                     pattern_of(model)};
  config said = nanochat_of(out.sizes, nanochat_era_of(model), out.window_pattern);
  said.logit_softcap = model.logit_softcap;
  said.capacity = model.capacity;
  if (said != model) return std::nullopt;
  return out;
}

}  // namespace constformer
