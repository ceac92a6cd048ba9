#include "embedding_description.hpp"

#include <string>

namespace constformer::program {

namespace {

using nlohmann::ordered_json;

std::string describe(embedding_step const& s) {
  std::string const where = s.of_tokens ? " of each token" : "";
  switch (s.kind) {
    case embedding_step_kind::pool: {
      std::string out;
      for (pooling_kind const how : s.poolings) out += (out.empty() ? "pool " : "+") + std::string(name_of(how));
      return out + (s.include_prompt ? "" : " without the prompt");
    }
    case embedding_step_kind::dense:
      return "dense " + std::to_string(s.inputs) + " to " + std::to_string(s.outputs) + ", " +
             std::string(name_of(s.activation)) + (s.residual ? ", residual" : "") + where;
    case embedding_step_kind::layer_norm:
    case embedding_step_kind::normalize: break;
  }
  return std::string(name_of(s.kind)) + where;
}

}  // namespace

ordered_json describe_embedding(embedding_recipe const& recipe, int max_sequence) {
  ordered_json out = {{"steps", ordered_json::array()}, {"dimensions", recipe.dimensions},
                      {"max_sequence", max_sequence},   {"truncation", recipe.cut_left ? "left" : "right"},
                      {"default_prompt", nullptr},      {"prompts", ordered_json::object()}};
  for (embedding_step const& step : recipe.steps) out["steps"].push_back(describe(step));
  for (auto const& [name, text] : recipe.prompts) out["prompts"][name] = text;
  if (recipe.default_prompt) out["default_prompt"] = *recipe.default_prompt;
  return out;
}

}  // namespace constformer::program
