#include "weight_choice.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/super_blocks.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/weight_types.hpp"
#include "pack_weights.hpp"

namespace constformer::command {

namespace {

bool is_quantised(dtype type) { return quantisation_group(type) > 0; }

// The smallest type that holds the values of both.
dtype joined(dtype a, dtype b) {
  if (a == b) return a;
  if (!is_quantised(a) || !is_quantised(b)) return dtype::f32;
  return holds_exactly(dtype::q8_0, a) && holds_exactly(dtype::q8_0, b) ? dtype::q8_0 : dtype::q8_f;
}

// The matrices of one kind: its types by layer.
struct kind_types {
  bool encoder;
  weight_kind kind;
  std::int64_t values;  // of one matrix
  std::vector<dtype> layers;

  [[nodiscard]] std::vector<dtype> distinct() const {
    std::vector<dtype> out = layers;
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
  }
  void join_all() {
    dtype all = layers.front();
    for (dtype const type : layers) all = joined(all, type);
    std::ranges::fill(layers, all);
  }
};

using all_kinds = std::vector<kind_types>;

kind_types* find(all_kinds& kinds, bool encoder, weight_kind kind) {
  auto const at = std::ranges::find_if(kinds, [&](auto const& k) { return k.encoder == encoder && k.kind == kind; });
  return at == kinds.end() ? nullptr : &*at;
}

void note(all_kinds& kinds, pack_step const& step, int layer, dtype type) {
  kind_types* of = find(kinds, step.encoder, step.matrix);
  if (of == nullptr) {
    kinds.push_back({step.encoder, step.matrix, 0, {}});
    of = &kinds.back();
  }
  auto const at = static_cast<std::size_t>(layer);
  if (of->layers.size() > at)
    of->layers[at] = joined(of->layers[at], type);  // gate and up
  else
    of->layers.push_back(type);
  of->values = std::max(of->values, std::int64_t{step.rows} * step.cols);
}

// Query, key and value that share panels have one type.
void join_shared_panels(all_kinds& kinds, config const& model, bool encoder) {
  config const stack = encoder ? encoder_of(model) : model;
  kind_types* const query = find(kinds, encoder, weight_kind::query);
  kind_types* const key = find(kinds, encoder, weight_kind::key);
  kind_types* const value = find(kinds, encoder, weight_kind::value);
  if (query == nullptr ||
      (stack.heads * stack.head_dim % panel_rows == 0 && stack.kv_heads * stack.head_dim % panel_rows == 0))
    return;
  for (std::size_t i = 0; i < query->layers.size(); ++i)
    query->layers[i] = key->layers[i] = value->layers[i] =
        joined(joined(query->layers[i], key->layers[i]), value->layers[i]);
}

// The type of most values.
dtype prevailing(all_kinds const& kinds) {
  std::map<dtype, std::int64_t> values;
  for (kind_types const& kind : kinds)
    for (dtype const type : kind.layers) values[type] += kind.values;
  return std::ranges::max_element(values, {}, [](auto const& one) { return one.second; })->first;
}

std::vector<weight_type> exceptions_of(all_kinds const& kinds, dtype weights) {
  std::vector<weight_type> out;
  for (kind_types const& kind : kinds)
    for (dtype const type : kind.distinct()) {
      if (type == weights) continue;
      weight_type one{.kind = kind.kind, .type = type, .encoder = kind.encoder};
      for (std::size_t i = 0; i < kind.layers.size(); ++i)
        if (kind.layers[i] == type) one.layers.add(static_cast<int>(i));
      out.push_back(one);
    }
  return out;
}

void set_kinds(all_kinds kinds, config& model) {
  bool const deep = model.layers > layer_set::limit || model.encoder.layers > layer_set::limit;
  for (bool const encoder : {false, true}) join_shared_panels(kinds, model, encoder);
  for (kind_types& kind : kinds)
    if (deep || kind.distinct().size() > packed_runs::limit) kind.join_all();
  if (deep) {  // layers beyond the limit cannot be told apart
    dtype all = kinds.front().layers.front();
    for (kind_types const& kind : kinds) all = joined(all, kind.layers.front());
    for (kind_types& kind : kinds) std::ranges::fill(kind.layers, all);
  }
  std::vector<weight_type> others;
  for (others = exceptions_of(kinds, prevailing(kinds)); others.size() > weight_types::limit;
       others = exceptions_of(kinds, prevailing(kinds)))
    std::ranges::max_element(kinds, {}, [](auto const& kind) { return kind.distinct().size(); })->join_all();
  model.weights = prevailing(kinds);
  model.group = quantisation_group(model.weights);
  model.types = weight_types{};
  for (weight_type const& one : others) model.types.list[model.types.count++] = one;
}

config plain(config model) {
  model.weights = dtype::f32;
  model.group = 0;
  model.types = weight_types{};
  return model;
}

// llama-quantize gives the first and last eighth of the layers, and every third between them, more bits.
bool has_more_bits(int layer, int layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

dtype mixed_type(std::string_view mixture, pack_step const& step, int layer, bool is_head) {
  if (step.cols % super_columns != 0) return dtype::q8_0;
  bool const more =
      (step.matrix == weight_kind::value || step.matrix == weight_kind::down) && has_more_bits(layer, step.layers);
  if (mixture == "q6_k" || is_head || more) return dtype::q6_k;
  return mixture == "q4_k_m" ? dtype::q4_k : dtype::q5_k;
}

}  // namespace

bool holds_exactly(dtype type, dtype stored) {
  if (!is_quantised(type) || !is_quantised(stored) || stored == dtype::q8_f) return false;
  switch (type) {
    case dtype::q8_f: return true;
    case dtype::q8_0:
      return stored == dtype::q8_0 || stored == dtype::q4_0 || stored == dtype::iq4_nl || stored == dtype::q5_0;
    case dtype::q6_k:
      return stored == dtype::q6_k || stored == dtype::q3_k || stored == dtype::tq1_0 || stored == dtype::tq2_0;
    default: return type == stored;
  }
}

dtype packed_as(dtype stored) {
  if (stored == dtype::i8) return dtype::f32;
  if (!is_quantised(stored)) return stored;
  for (dtype const type : {dtype::q4_0, dtype::iq4_nl, dtype::q4_k, dtype::q5_k, dtype::q6_k, dtype::q8_0})
    if (holds_exactly(type, stored)) return type;
  return dtype::q8_f;
}

void set_types(checkpoint const& source, config& model,
               std::function<dtype(tensor_view const&)> const& type_of_tensor) {
  all_kinds kinds;
  visit_matrices(source, plain(model), [&](pack_step const& step, int layer, tensor_view const& tensor) {
    note(kinds, step, layer, type_of_tensor(tensor));
  });
  set_kinds(std::move(kinds), model);
}

void set_stored_types(checkpoint const& source, config& model) {
  bool quantised = false, all_bf16 = true;
  for (tensor_view const& t : source.tensors) {
    if (t.shape.size() < 2) continue;
    quantised = quantised || is_quantised(t.type);
    all_bf16 = all_bf16 && t.type == dtype::bf16;
  }
  if (quantised) return set_types(source, model, [](tensor_view const& t) { return packed_as(t.type); });
  model = plain(model);
  if (all_bf16) model.weights = dtype::bf16;
}

void set_mixture(config& model, std::string_view mixture) {
  all_kinds kinds;
  bool const has_head = model.head != head_kind::none;
  pack_plan const plan = pack_plan_of(plain(model));
  for (pack_step const& step : plan.view())
    for (int layer = 0; step.typed && layer < step.layers; ++layer) {
      bool const is_head =
          step.matrix == weight_kind::head || (step.matrix == weight_kind::tokens && model.tied && has_head);
      note(kinds, step, layer, mixed_type(mixture, step, layer, is_head));
    }
  set_kinds(std::move(kinds), model);
}

}  // namespace constformer::command
