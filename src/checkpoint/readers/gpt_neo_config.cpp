#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "config_fields.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/layer_set.hpp"
#include "constformer/core/error.hpp"
#include "family_readers.hpp"
#include "json.hpp"

namespace constformer {

namespace {

constexpr std::string_view expected_types = "a list of [[\"global\" or \"local\" …], repetitions] is expected";

// The kind of each layer: attention_layers, or attention_types, a list of patterns and how often each is repeated.
std::vector<std::string> kinds_of_layers(json_fields const& fields, int layers) {
  if (fields.has("attention_layers")) return fields.texts("attention_layers");
  std::vector<std::string> out;
  nlohmann::json const alternating = nlohmann::json::parse(R"([[["global", "local"], 12]])");
  nlohmann::json const* const given = fields.find("attention_types");
  nlohmann::json const& types = given == nullptr ? alternating : *given;
  if (!types.is_array()) fields.misfit("attention_types", expected_types);
  for (nlohmann::json const& part : types) {
    bool const fits = part.is_array() && part.size() == 2 && part[0].is_array() && part[1].is_number_unsigned();
    if (!fits) fields.misfit("attention_types", expected_types);
    for (auto times = part[1].get<std::size_t>(); times > 0 && out.size() <= static_cast<std::size_t>(layers); --times)
      for (nlohmann::json const& kind : part[0]) {
        if (!kind.is_string()) fields.misfit("attention_types", expected_types);
        out.push_back(kind.get<std::string>());
      }
  }
  return out;
}

layer_set local_layers(json_fields const& fields, int layers) {
  auto const kinds = kinds_of_layers(fields, layers);
  if (kinds.size() != static_cast<std::size_t>(layers))
    throw error(fields.where() + ": field \"attention_types\" tells of " + std::to_string(kinds.size()) +
                " layers, \"num_layers\" is " + std::to_string(layers));
  if (layers > layer_set::limit)
    throw error(fields.where() + ": field \"num_layers\" is " + std::to_string(layers) + ", " +
                std::to_string(layer_set::limit) + " is the limit of models with local attention");
  layer_set local;
  for (int layer = 0; layer < layers; ++layer) {
    std::string const& kind = kinds[static_cast<std::size_t>(layer)];
    if (kind != "global" && kind != "local")
      throw error(fields.where() + ": field \"attention_types\" has \"" + kind + "\", supported are global and local");
    if (kind == "local") local.add(layer);
  }
  return local;
}

}  // namespace

config read_gpt_neo(json_fields const& fields) {
  shape s{.layers = extent_of(fields, "num_layers", "num_hidden_layers"),
          .d_model = fields.extent("hidden_size"),
          .heads = extent_of(fields, "num_heads", "num_attention_heads"),
          .vocab = fields.extent("vocab_size"),
          .positions = fields.extent("max_position_embeddings", 2048)};
  s.head_dim = quotient(fields, "hidden_size", s.d_model, "num_heads", s.heads);
  if (fields.has("intermediate_size")) s.d_ff = fields.extent("intermediate_size");
  config c = gpt_neo(s, 0);
  set_window(c, fields.extent("window_size", 256), local_layers(fields, s.layers));
  c.activation = activation_of(fields, "activation_function", "gelu_new");
  c.norm_eps = fields.real("layer_norm_epsilon", 1e-5F, 0.0F);
  c.tied = fields.flag("tie_word_embeddings", true);
  return c;
}

}  // namespace constformer
