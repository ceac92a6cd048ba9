#include "nanochat_parameters.hpp"

#include <array>
#include <map>
#include <utility>

#include "../checkpoint/readers/nanochat_names.hpp"
#include "../checkpoint/readers/nanochat_sizes.hpp"
#include "../checkpoint/readers/usual_prefix.hpp"
#include "constformer/checkpoint/manifest.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/models/names.hpp"
#include "named_tensors.hpp"

namespace constformer::train {

namespace {

using by_name = std::map<std::string, nanochat_parameter>;

by_name parameters_by_name(learner_facts const& facts) {
  by_name out;
  for_each_parameter(facts, [&](int entry, int layer) {
    parameter_entry const& p = facts.entries[static_cast<std::size_t>(entry)];
    name_rule const* const rule = rule_for(names_of(*facts.model), p.name.view());
    if (rule == nullptr) return;
    std::string const ours = (rule->prefixed ? std::string(usual_prefix(facts.model->family)) : std::string()) +
                             numbered(std::string(tensor_of(*rule, p.name.view()).view()), layer);
    std::string const name = name_in_nanochat(ours, facts.model->layers);
    out[name] = {name, entry, layer, p.rows, p.cols};
  });
  return out;
}

// What AdamW moves, in nanochat's order.
struct named_group {
  std::string_view ours;
  std::vector<std::string> names;
};

std::vector<named_group> adamw_groups(int layers) {
  std::vector<std::string> tables;
  for (int i = 0; i < layers; ++i) tables.push_back("value_embeds." + std::to_string(i) + ".weight");
  return {{"head", {"lm_head.weight"}},
          {"embeddings", {"transformer.wte.weight"}},
          {"embeddings of values", std::move(tables)},
          {"scalars of the stream", {"resid_lambdas"}},
          {"scalars", {"x0_lambdas"}},
          {"mixing", {"smear_gate.weight", "smear_lambda", "backout_lambda"}}};
}

// Those of them that the model has: value embeddings are in every other layer.
std::vector<nanochat_parameter> found(by_name const& all, std::vector<std::string> const& names) {
  std::vector<nanochat_parameter> out;
  for (std::string const& name : names)
    if (auto const at = all.find(name); at != all.end()) out.push_back(at->second);
  return out;
}

void add_matrices(std::vector<nanochat_group>& out, by_name const& all, int layers) {
  std::vector<std::string> names;
  for (int i = 0; i < layers; ++i)
    for (char const* const part :
         {"attn.c_q", "attn.c_k", "attn.c_v", "attn.c_proj", "attn.ve_gate", "mlp.c_fc", "mlp.c_proj"})
      names.push_back("transformer.h." + std::to_string(i) + "." + part + ".weight");
  std::map<std::pair<int, int>, nanochat_group> by_shape;
  for (nanochat_parameter& p : found(all, names)) {
    nanochat_group& group = by_shape[{p.rows, p.cols}];
    group.ours = "matrices";
    group.muon = true;
    group.parameters.push_back(std::move(p));
  }
  for (auto& [shape, group] : by_shape) out.push_back(std::move(group));
}

}  // namespace

bool is_nanochat_table(std::string_view name) {
  return name == "transformer.wte.weight" || name == "lm_head.weight" || name.starts_with("value_embeds.");
}

int nanochat_rows(int vocab) { return (vocab + 63) / 64 * 64; }

std::vector<nanochat_group> nanochat_groups_of(learner_facts const& facts) {
  std::vector<nanochat_group> out;
  if (facts.model == nullptr || facts.model->family != family_kind::nanochat) return out;
  if (nanochat_era_of(*facts.model) != nanochat_era::smeared) return out;
  by_name const all = parameters_by_name(facts);
  for (named_group const& group : adamw_groups(facts.model->layers))
    out.push_back({group.ours, false, found(all, group.names)});
  add_matrices(out, all, facts.model->layers);
  return out;
}

}  // namespace constformer::train
