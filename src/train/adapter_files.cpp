#include "adapter_files.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "../checkpoint/readers/hugging_face_write.hpp"
#include "../checkpoint/readers/parameter_rows.hpp"
#include "../checkpoint/readers/safetensors_write.hpp"
#include "../checkpoint/readers/usual_prefix.hpp"
#include "adapter_modules.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/manifest.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/core/error.hpp"
#include "constformer/models/names.hpp"
#include "named_tensors.hpp"

namespace constformer::train {

namespace {

constexpr std::string_view a_matrix = ".lora_a.weight";

bool has_head(config const& model) { return model.head != head_kind::none || model.labels > 0; }

// The prefix that modules have in the class of transformers that the model is of.
std::string module_prefix(config const& model) {
  return has_head(model) ? std::string(usual_prefix(model.family)) : std::string();
}

// An adapter of one layer. B's rows are in the order of the module's file.
struct adapter_pair {
  std::string module;        // without the prefix
  bool prefixed;             // it has one
  std::span<float const> a;  // (rank, in)
  std::vector<float> b;      // (out, rank)
  std::int64_t rank, in, out;
};

class adapter_reader {
 public:
  adapter_reader(learner_facts const& facts, learner& from) : facts_(facts), from_(from) {}

  std::vector<adapter_pair> run() {
    std::vector<adapter_pair> out;
    for (std::size_t i = 0; i < facts_.entries.size(); ++i)
      for (int layer = 0; facts_.entries[i].name.view().ends_with(a_matrix) && layer < facts_.entries[i].layers;
           ++layer)
        out.push_back(read(i, layer));
    return out;
  }

 private:
  // `lora_b` stands behind `lora_a` in the table.
  adapter_pair read(std::size_t entry, int layer) {
    parameter_entry const& a = facts_.entries[entry];
    parameter_entry const& b = facts_.entries[entry + 1];
    std::string_view const path = a.name.view().substr(0, a.name.view().size() - a_matrix.size());
    adapter_pair out{.module = {},
                     .prefixed = true,
                     .a = from_.parameter(static_cast<int>(entry), layer),
                     .b = std::vector<float>(static_cast<std::size_t>(b.size())),
                     .rank = a.rows,
                     .in = a.cols,
                     .out = b.rows};
    auto values = std::span<float const>(from_.parameter(static_cast<int>(entry) + 1, layer));
    for (std::string const& part : adapted_layers(path)) values = put(part + ".weight", layer, values, out);
    return out;
  }

  // Rows of one layer, which `values` begins with, to where its file has them; returns the values of the next layer.
  std::span<float const> put(std::string const& parameter, int layer, std::span<float const> values,
                             adapter_pair& out) const {
    name_rule const& rule = *rule_for(names_of(*facts_.model), parameter);
    pack_step const& step =
        *std::ranges::find(plan_.view(), parameter, [](pack_step const& s) { return std::string(s.parameter.view()); });
    source_rows const rows = source_rows_of(*facts_.model, plan_, step);
    out.module = numbered(std::string(rule.tensor), layer);
    out.prefixed = rule.prefixed;
    for (std::int64_t r = 0; r < step.rows; ++r)
      std::ranges::copy(values.subspan(static_cast<std::size_t>(r * out.rank), static_cast<std::size_t>(out.rank)),
                        out.b.begin() + rows(r) * out.rank);
    return values.subspan(static_cast<std::size_t>(step.rows * out.rank));
  }

  learner_facts const& facts_;
  learner& from_;
  pack_plan plan_ = pack_plan_of(*facts_.model);
};

tensor_view view_of(std::string name, std::span<float const> values, std::int64_t rows, std::int64_t columns) {
  return {.name = std::move(name), .type = dtype::f32, .shape = {rows, columns}, .bytes = std::as_bytes(values)};
}

// Rows of queries and keys in the order of transformers: as the weights beside which they stand.
void bring_to_form(config const& model, std::vector<adapter_pair>& adapters) {
  checkpoint as_weights;
  as_weights.model = model;
  as_weights.prefix = usual_prefix(model.family);
  as_weights.linear_in_out = true;  // B is (out, rank) in all families
  for (adapter_pair const& one : adapters)
    as_weights.tensors.push_back(
        view_of((one.prefixed ? as_weights.prefix : "") + one.module + ".weight", one.b, one.out, one.rank));
  arranged_tensors const form = in_transformers_order(as_weights);
  for (adapter_pair& one : adapters) {
    std::string const name = (one.prefixed ? as_weights.prefix : "") + one.module + ".weight";
    auto const found = std::ranges::find(form.tensors, name, &tensor_view::name);
    std::vector<float> rows(one.b.size());
    std::memcpy(rows.data(), found->bytes.data(), found->bytes.size());
    one.b = std::move(rows);
  }
}

char const* task_of(config const& model) {
  if (model.head == head_kind::language_model) return has_encoder(model) ? "SEQ_2_SEQ_LM" : "CAUSAL_LM";
  if (model.labels > 0) return model.classifier == classifier_kind::tokens ? "TOKEN_CLS" : "SEQ_CLS";
  return "FEATURE_EXTRACTION";
}

std::string config_json(config const& model, run_settings const& settings) {
  nlohmann::ordered_json out{{"peft_type", "LORA"},
                             {"auto_mapping", nullptr},
                             {"base_model_name_or_path", settings.start},
                             {"revision", nullptr},
                             {"task_type", task_of(model)},
                             {"inference_mode", true},
                             {"r", settings.lora.rank},
                             {"lora_alpha", settings.lora.alpha},
                             {"lora_dropout", settings.lora.dropout},
                             {"target_modules", settings.lora.targets},
                             {"fan_in_fan_out", is_fan_in_fan_out(model, settings.lora)},
                             {"bias", "none"},
                             {"use_rslora", false},
                             {"use_dora", false},
                             {"init_lora_weights", true},
                             {"modules_to_save", nullptr},
                             {"layers_to_transform", nullptr},
                             {"layers_pattern", nullptr},
                             {"rank_pattern", nlohmann::ordered_json::object()},
                             {"alpha_pattern", nlohmann::ordered_json::object()}};
  if (double const alpha = settings.lora.alpha; alpha == std::floor(alpha))
    out["lora_alpha"] = static_cast<std::int64_t>(alpha);
  return out.dump(2) + "\n";
}

}  // namespace

void write_adapters(std::filesystem::path const& folder, learner_facts const& facts, learner& from,
                    run_settings const& settings) {
  std::vector<adapter_pair> adapters = adapter_reader(facts, from).run();
  bring_to_form(*facts.model, adapters);
  std::vector<tensor_view> tensors;
  for (adapter_pair const& one : adapters) {
    std::string const module =
        "base_model.model." + (one.prefixed ? module_prefix(*facts.model) : std::string()) + one.module;
    tensors.push_back(view_of(module + ".lora_A.weight", one.a, one.rank, one.in));
    tensors.push_back(view_of(module + ".lora_B.weight", one.b, one.out, one.rank));
  }
  write_safetensors(folder / "adapter_model.safetensors", std::move(tensors));
  write_file(folder / "adapter_config.json", config_json(*facts.model, settings));
}

}  // namespace constformer::train
