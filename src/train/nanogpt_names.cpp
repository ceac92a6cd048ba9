#include "nanogpt_names.hpp"

#include <string_view>
#include <utility>

#include "constformer/config/families.hpp"

namespace constformer::train {

namespace {

bool is_vector(std::string_view name) { return name.ends_with("bias") || name.find("ln_") != std::string_view::npos; }

}  // namespace

bool is_nanogpt(config const& model) {
  config wanted = gpt2({.layers = model.layers,
                        .d_model = model.d_model,
                        .heads = model.heads,
                        .vocab = model.vocab,
                        .positions = model.positions});
  wanted = with_biases(wanted, model.norm_bias);
  wanted.activation = activation_kind::gelu;
  wanted.capacity = model.capacity;
  return model == wanted;
}

std::vector<std::string> nanogpt_parameters(config const& model) {
  std::vector<std::string> out{"transformer.wte.weight", "transformer.wpe.weight"};
  auto const add = [&](std::string const& layer) {
    out.push_back("transformer." + layer + ".weight");
    if (model.norm_bias) out.push_back("transformer." + layer + ".bias");
  };
  for (int i = 0; i < model.layers; ++i)
    for (char const* const layer : {"ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"})
      add("h." + std::to_string(i) + "." + layer);
  add("ln_f");
  return out;
}

nanogpt_groups nanogpt_groups_of(config const& model) {
  nanogpt_groups out;
  for (std::string& name : nanogpt_parameters(model))
    (is_vector(name) ? out.vectors : out.matrices).push_back(std::move(name));
  return out;
}

}  // namespace constformer::train
