#include "parameter_rows.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "constformer/checkpoint/manifest.hpp"
#include "constformer/checkpoint/parameters.hpp"
#include "constformer/core/error.hpp"
#include "constformer/models/names.hpp"

namespace constformer {

namespace {

std::string tensor_name(checkpoint const& source, name_rule const& rule, std::string_view parameter, int layer) {
  std::string name = (rule.prefixed ? source.prefix : std::string()) + std::string(tensor_of(rule, parameter).view());
  if (std::size_t const star = name.find('*'); star != std::string::npos) name.replace(star, 1, std::to_string(layer));
  return name;
}

// Rows of the parts before `rule` in the same tensor.
std::int64_t rows_before(pack_plan const& plan, name_map const& names, name_rule const& rule,
                         std::string_view parameter) {
  std::int64_t rows = 0;
  std::string_view const suffix =
      parameter.substr(std::min(parameter.rfind('.'), parameter.size()));  // scalars have none
  for (pack_step const& step : plan.view()) {
    name_rule const* other = rule_for(names, step.parameter.view());
    if (other != nullptr && other->tensor == rule.tensor && other->part < rule.part &&
        step.parameter.view().ends_with(suffix))
      rows += step.rows;
  }
  return rows;
}

source_rows rows_of(pack_plan const& plan, name_map const& names, name_rule const& rule, pack_step const& step,
                    config const& model) {
  std::int64_t const before = rows_before(plan, names, rule, step.parameter.view());
  if (!rule.per_head) return {before, step.rows, step.rows};
  name_rule last = rule;
  last.part = std::numeric_limits<int>::max();
  return {before / model.heads, model.head_dim, rows_before(plan, names, last, step.parameter.view()) / model.heads};
}

// Rows of a tensor that follow one another, at most `most`.
std::int64_t rows_at_once(parameter_rows const& p, int first, std::int64_t most) {
  return std::min({most, p.step->rows - std::int64_t{first}, p.source.run - first % p.source.run});
}

void read_matrix(parameter_rows const& p, std::span<float> out) {
  constexpr std::int64_t batch = 64;  // transposed reads take neighbours of each line
  auto const cols = static_cast<std::size_t>(p.step->cols);
  for (int first = 0; first < p.step->rows;) {
    std::int64_t const count = rows_at_once(p, first, batch);
    auto const some = out.subspan(static_cast<std::size_t>(first) * cols, static_cast<std::size_t>(count) * cols);
    if (p.transposed)
      read_columns_f32(*p.tensor, p.source(first), count, some);
    else
      read_rows_f32(*p.tensor, p.source(first), count, some);
    first += static_cast<int>(count);
  }
}

void read_vector(parameter_rows const& p, std::span<float> out) {
  std::vector<float> all(static_cast<std::size_t>(p.tensor->shape[0]));
  read_rows_f32(*p.tensor, 0, 1, all);
  for (int row = 0; row < p.step->rows; ++row)
    out[static_cast<std::size_t>(row)] = all[static_cast<std::size_t>(p.source(row))] + p.step->addend;
}

}  // namespace

source_rows source_rows_of(config const& model, pack_plan const& plan, pack_step const& step) {
  name_map const& names = names_of(model);
  return rows_of(plan, names, *rule_for(names, step.parameter.view()), step, model);
}

std::vector<parameter_rows> parameter_rows_of(checkpoint const& source, config const& model, pack_plan const& plan,
                                              bool (*counts)(pack_step const&)) {
  std::vector<parameter_rows> tasks;
  name_map const& names = names_of(model);
  for (pack_step const& step : plan.view()) {
    if (!counts(step)) continue;
    std::string_view const parameter = step.parameter.view();
    name_rule const* const found = rule_for(names, parameter);
    if (found == nullptr)
      throw error(source.path.string() + ": checkpoints of " + std::string(name_of(model.family)) +
                  " have no name for " + std::string(parameter));
    name_rule const& rule = *found;
    source_rows const rows = rows_of(plan, names, rule, step, model);
    for (int layer = 0; layer < step.layers; ++layer) {
      std::string const name = tensor_name(source, rule, parameter, layer);
      tensor_view const* tensor = source.find(name);
      if (tensor == nullptr) throw error(source.path.string() + ": tensor " + name + " is missing");
      bool const transposed = rule.transposed && source.linear_in_out && step.cols != 0;
      std::size_t const rank = step.cols == 0 ? 1 : 2;
      std::size_t const out = transposed ? 1 : 0;
      bool const fits = tensor->shape.size() == rank && tensor->shape[out] > rows(step.rows - 1) &&
                        (rank == 1 || tensor->shape[1 - out] == step.cols);
      if (!fits)
        throw error(source.path.string() + ": tensor " + name + " is " + shape_text(tensor->shape) + ", rows " +
                    std::to_string(rows.first) + " to " + std::to_string(rows(step.rows - 1) + 1) + " of " +
                    std::to_string(step.cols) + " columns are needed");
      tasks.push_back({&step, tensor, layer, rows, transposed});
    }
  }
  return tasks;
}

void read_parameters(checkpoint const& source, parameter_place_of const& place) {
  pack_plan const plan = pack_plan_of(source.model);
  for (parameter_rows const& p : parameter_rows_of(source, source.model, plan)) {
    std::span<float> const out = place(p.step->parameter.view(), p.layer);
    auto const wanted = static_cast<std::size_t>(p.step->rows) * static_cast<std::size_t>(std::max(p.step->cols, 1));
    if (out.size() != wanted)
      throw error(std::string(p.step->parameter.view()) + ": there is room for " + std::to_string(out.size()) +
                  " values, the checkpoint has " + std::to_string(wanted));
    if (p.step->cols == 0)
      read_vector(p, out);
    else
      read_matrix(p, out);
  }
}

}  // namespace constformer
