#include "adapter_modules.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "constformer/checkpoint/manifest.hpp"
#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/core/error.hpp"
#include "constformer/models/names.hpp"

namespace constformer::train {

namespace {

struct adaptable_layer {
  std::string_view name;  // in a block
  bool adapter_options::* wanted;
};

constexpr std::array<adaptable_layer, 7> adaptable{{{"attention.query", &adapter_options::query},
                                                    {"attention.key", &adapter_options::key},
                                                    {"attention.value", &adapter_options::value},
                                                    {"attention.output", &adapter_options::output},
                                                    {"ffn.gate", &adapter_options::gate},
                                                    {"ffn.up", &adapter_options::up},
                                                    {"ffn.down", &adapter_options::down}}};

// Which of them a parameter of a block belongs to; those of cross-attention are those of attention.
adaptable_layer const* layer_of(std::string_view parameter) {
  std::string layer(parameter.substr(0, parameter.rfind('.')));
  if (std::size_t const cross = layer.find(".cross."); cross != std::string::npos)
    layer.replace(cross, std::string_view(".cross.").size(), ".attention.");
  for (adaptable_layer const& one : adaptable)
    if (layer.ends_with("blocks.*." + std::string(one.name))) return &one;
  return nullptr;
}

bool is_target(std::vector<std::string> const& targets, std::string_view module) {
  return std::ranges::any_of(
      targets, [&](std::string const& target) { return module == target || module.ends_with("." + target); });
}

// visit(rule, parameter) for the matrices of a model that its files name.
template <class Visit>
void for_each_matrix(config const& model, Visit const& visit) {
  pack_plan const plan = pack_plan_of(model);
  for (pack_step const& step : plan.view())
    if (name_rule const* const rule = rule_for(names_of(model), step.parameter.view());
        rule != nullptr && step.cols > 0)
      visit(*rule, step.parameter.view());
}

void require_known(config const& model, std::vector<std::string> const& targets) {
  for (std::string const& target : targets) {
    bool known = false;
    std::string modules;
    for_each_matrix(model, [&](name_rule const& rule, std::string_view parameter) {
      known = known || is_target({target}, rule.tensor);
      std::string const last(rule.tensor.substr(rule.tensor.rfind('.') + 1));
      if (layer_of(parameter) != nullptr && (modules + ",").find(" " + last + ",") == std::string::npos)
        modules += (modules.empty() ? " " : ", ") + last;
    });
    if (!known) throw error("--lora-targets: the model has no layer " + target + ", there is" + modules);
  }
}

// True if files hold both layers as one matrix.
bool are_joint(config const& model, std::string_view one, std::string_view other) {
  std::optional<std::string_view> first, second;
  for_each_matrix(model, [&](name_rule const& rule, std::string_view parameter) {
    if (parameter.ends_with(one)) first = rule.tensor;
    if (parameter.ends_with(other)) second = rule.tensor;
  });
  return first && second && *first == *second;
}

}  // namespace

std::vector<std::string> adapted_layers(std::string_view path) {
  std::string const block(path.substr(0, path.rfind('.') + 1));
  if (path.ends_with("qkv_adapter")) return {block + "query", block + "key", block + "value"};
  if (path.ends_with("gate_up_adapter")) return {block + "gate", block + "up"};
  return {block.substr(0, block.size() - 1)};
}

std::vector<std::string> usual_targets(config const& model) {
  std::vector<std::string> out;
  for_each_matrix(model, [&](name_rule const& rule, std::string_view parameter) {
    adaptable_layer const* const layer = layer_of(parameter);
    if (layer == nullptr || (layer->name != "attention.query" && layer->name != "attention.value")) return;
    std::string target(rule.tensor.substr(rule.tensor.rfind('.') + 1));
    if (std::ranges::find(out, target) == out.end()) out.push_back(std::move(target));
  });
  return out;
}

adapter_options adapters_of(config const& model, lora_settings const& settings) {
  require_known(model, settings.targets);
  adapter_options out{.rank = settings.rank,
                      .scale = static_cast<float>(settings.alpha / settings.rank),
                      .dropout = static_cast<float>(settings.dropout)};
  for_each_matrix(model, [&](name_rule const& rule, std::string_view parameter) {
    adaptable_layer const* const layer = layer_of(parameter);
    if (!is_target(settings.targets, rule.tensor)) return;
    if (layer == nullptr) throw error("--lora-targets: " + std::string(rule.tensor) + " takes no adapter");
    out.*layer->wanted = true;
  });
  for_each_matrix(model, [&](name_rule const& rule, std::string_view parameter) {
    adaptable_layer const* const layer = layer_of(parameter);
    if (layer != nullptr && out.*layer->wanted && !is_target(settings.targets, rule.tensor))
      throw error("--lora-targets: " + std::string(rule.tensor) +
                  " must be among them, as its like in other layers is");
  });
  if (out.query && are_joint(model, "attention.query.weight", "attention.key.weight")) {
    out.query = out.key = out.value = false;
    out.joint_qkv = true;
  }
  if (out.gate && are_joint(model, "ffn.gate.weight", "ffn.up.weight")) {
    out.gate = out.up = false;
    out.joint_gate_up = true;
  }
  return out;
}

bool is_fan_in_fan_out(config const& model, lora_settings const& settings) {
  bool out = false;
  for_each_matrix(model, [&](name_rule const& rule, std::string_view) {
    out = out || (rule.transposed && is_target(settings.targets, rule.tensor));
  });
  return out;
}

}  // namespace constformer::train
