#include "named_tensors.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include "../checkpoint/readers/parameter_rows.hpp"
#include "../checkpoint/readers/usual_prefix.hpp"
#include "constformer/checkpoint/manifest.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/checkpoint/parameters.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "constformer/models/names.hpp"

namespace constformer::train {

namespace {

int entry_named(learner_facts const& facts, std::string_view name) {
  for (std::size_t i = 0; i < facts.entries.size(); ++i)
    if (facts.entries[i].name.view() == name) return static_cast<int>(i);
  throw error("the trained model has no parameter " + std::string(name));
}

void add_tensor(owned_tensors& out, std::string name, std::vector<std::int64_t> shape) {
  auto const& values = out.values.emplace_back(static_cast<std::size_t>(count_of(shape)) * sizeof(float));
  out.tensors.push_back({.name = std::move(name), .type = dtype::f32, .shape = std::move(shape), .bytes = values});
}

std::span<std::byte> values_of(owned_tensors& in, tensor_view const& t) {
  auto const at = std::ranges::find(in.values, t.bytes.data(), [](auto const& bytes) { return bytes.data(); });
  return *at;
}

void put(std::span<std::byte> to, std::int64_t at, float value) {
  std::memcpy(to.data() + static_cast<std::size_t>(at) * sizeof value, &value, sizeof value);
}

// Every tensor that checkpoints of the family hold, of zeros.
owned_tensors empty_tensors(learner_facts const& facts, bool linear_in_out) {
  name_map const& names = names_of(*facts.model);
  manifest<pack_plan::capacity> wanted;
  for (parameter_entry const& p : facts.entries) {
    name_rule const* const rule = rule_for(names, p.name.view());
    if (rule == nullptr)
      throw error("checkpoints of " + std::string(name_of(facts.model->family)) + " have no name for " +
                  std::string(p.name.view()));
    wanted.add(*rule, p, rule->transposed && linear_in_out);
  }
  owned_tensors out;
  for (manifest_entry const& t : wanted.view()) {
    std::string const name =
        std::string(t.prefixed ? usual_prefix(facts.model->family) : "") + std::string(t.tensor.view());
    for (int layer = 0; layer < t.layers; ++layer)
      add_tensor(out, numbered(name, layer), {t.extents.begin(), t.extents.begin() + t.rank});
  }
  std::ranges::sort(out.tensors, {}, &tensor_view::name);
  return out;
}

void write_rows(parameter_rows const& p, std::span<float const> values, std::span<std::byte> to) {
  std::int64_t const cols = std::max(p.step->cols, 1), width = p.step->cols == 0 ? 1 : p.tensor->shape[1];
  for (int r = 0; r < p.step->rows; ++r)
    for (std::int64_t c = 0; c < cols; ++c)
      put(to, p.transposed ? c * width + p.source(r) : p.source(r) * width + c,
          values[static_cast<std::size_t>(r * cols + c)] - p.step->addend);
}

owned_tensors own_tensors(learner_facts const& facts, parameter_values const& from) {
  owned_tensors out;
  for_each_parameter(facts, [&](int entry, int layer) {
    parameter_entry const& p = facts.entries[static_cast<std::size_t>(entry)];
    std::vector<std::int64_t> shape{p.rows};
    if (p.cols != 0) shape.push_back(p.cols);
    add_tensor(out, parameter_name_of(facts, entry, layer), std::move(shape));
    std::memcpy(out.values.back().data(), from(entry, layer).data(), out.values.back().size());
  });
  return out;
}

}  // namespace

std::string numbered(std::string name, int layer) {
  if (std::size_t const star = name.find('*'); star != std::string::npos) name.replace(star, 1, std::to_string(layer));
  return name;
}

owned_tensors to_tensors(learner_facts const& facts, parameter_values const& from, bool linear_in_out) {
  if (facts.model == nullptr) return own_tensors(facts, from);
  owned_tensors out = empty_tensors(facts, linear_in_out);
  checkpoint target;
  target.model = *facts.model;
  target.prefix = usual_prefix(facts.model->family);
  target.tensors = out.tensors;
  target.linear_in_out = linear_in_out;
  pack_plan const plan = pack_plan_of(*facts.model);
  for (parameter_rows const& p : parameter_rows_of(target, target.model, plan))
    write_rows(p, from(entry_named(facts, p.step->parameter.view()), p.layer), values_of(out, *p.tensor));
  return out;
}

std::string parameter_name_of(learner_facts const& facts, int entry, int layer) {
  return numbered(std::string(facts.entries[static_cast<std::size_t>(entry)].name.view()), layer);
}

parameter_values parameters_of(learner& model) {
  return [&model](int entry, int layer) { return model.parameter(entry, layer); };
}

parameter_values states_of(learner& model, std::string_view name) {
  return [states = model.states(), name](int entry, int layer) {
    for (optimizer_state const& state : states)
      if (state.name == name && static_cast<int>(state.entry) == entry && state.layer == layer) return state.values;
    throw error("the optimizer keeps no " + std::string(name) + " of each parameter");
  };
}

void read_tensors(learner_facts const& facts, checkpoint const& source, parameter_values const& to) {
  read_parameters(source, [&](std::string_view name, int layer) { return to(entry_named(facts, name), layer); });
}

}  // namespace constformer::train
