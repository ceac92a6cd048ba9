#include "hugging_face_write.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/config/kinds.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "constformer/models/name_map.hpp"
#include "constformer/models/names.hpp"

namespace constformer {

namespace {

// The rule that names a tensor, if one does.
name_rule const* rule_of(checkpoint const& source, std::string_view tensor) {
  std::string_view const layer = tensor.substr(0, tensor.rfind('.'));
  for (name_rule const& rule : names_of(source.model).rules) {
    bool const fits = rule.prefixed
                          ? layer.starts_with(source.prefix) && matches(layer.substr(source.prefix.size()), rule.tensor)
                          : matches(layer, rule.tensor);
    if (fits) return &rule;
  }
  return nullptr;
}

bool is_query_or_key(name_rule const& rule) {
  return rule.layer.ends_with("attention.query") || rule.layer.ends_with("attention.key");
}

std::vector<float> values_of(tensor_view const& t) {
  std::vector<float> values(static_cast<std::size_t>(count_of(t.shape)));
  read_rows_f32(t, 0, matrix_of(t).rows, values);
  return values;
}

std::vector<std::byte> bytes_of(std::vector<float> const& values) {
  std::vector<std::byte> out(sizeof(float) * values.size());
  if (!out.empty()) std::memcpy(out.data(), values.data(), out.size());
  return out;
}

// Of a norm that is stored as 1 + w.
std::vector<float> less_one(tensor_view const& t, checkpoint const& source) {
  std::vector<float> values = values_of(t);
  for (float& v : values) {
    float const w = v - 1.0F;
    if (w + 1.0F != v)
      throw error(source.path.string() + ": tensor " + t.name + " holds " + std::to_string(v) +
                  ", which no float32 plus 1 gives, as norms of " + std::string(name_of(source.model.family)) +
                  " need");
    v = w;
  }
  return values;
}

// Row `row` of the result is row `from(row)`; rows of a vector are its values.
template <class From>
std::vector<std::byte> with_rows(tensor_view const& t, From from) {
  auto const rows = static_cast<std::size_t>(t.shape.front());
  std::size_t const width = t.bytes.size() / rows;
  std::vector<std::byte> out(t.bytes.size());
  for (std::size_t row = 0; row < rows; ++row)
    std::memcpy(out.data() + row * width, t.bytes.data() + from(row) * width, width);
  return out;
}

std::vector<std::byte> half_split(tensor_view const& t, config const& c) {
  auto const head = static_cast<std::size_t>(c.head_dim), rotary = static_cast<std::size_t>(c.rope.rotary_dims);
  return with_rows(t, [=](std::size_t row) {
    std::size_t const within = row % head;
    if (within >= rotary) return row;
    return row - within + (within < rotary / 2 ? 2 * within : 2 * (within - rotary / 2) + 1);
  });
}

std::vector<std::byte> transposed(tensor_view const& t) {
  auto const rows = static_cast<std::size_t>(t.shape[0]), columns = static_cast<std::size_t>(t.shape[1]);
  std::size_t const width = t.bytes.size() / (rows * columns);
  std::vector<std::byte> out(t.bytes.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      std::memcpy(out.data() + (c * rows + r) * width, t.bytes.data() + (r * columns + c) * width, width);
  return out;
}

void replace_bytes(arranged_tensors& form, tensor_view& t, std::vector<std::byte> bytes) {
  form.storage.push_back(std::move(bytes));
  t.bytes = form.storage.back();
}

void replace_values(arranged_tensors& form, tensor_view& t, std::vector<float> const& values) {
  replace_bytes(form, t, bytes_of(values));
  t.type = dtype::f32;
  t.scales = {};
}

// What the layout of transformers asks of one tensor.
void rearrange(arranged_tensors& form, tensor_view& t, checkpoint const& source, config const& wanted) {
  name_rule const* const rule = rule_of(source, t.name);
  if (rule == nullptr || t.shape.empty()) return;
  config const& c = source.model;
  if (c.position == position_kind::rotary && c.rope.style != wanted.rope.style && is_query_or_key(*rule)) {
    if (t.shape.front() % c.head_dim != 0)
      throw error(source.path.string() + ": tensor " + t.name + " is " + shape_text(t.shape) +
                  ", rows of whole heads of " + std::to_string(c.head_dim) + " are needed");
    replace_bytes(form, t, half_split(t, c));
  }
  if (c.norm_adds_one != wanted.norm_adds_one && rule->layer.ends_with("norm"))
    replace_values(form, t, less_one(t, source));
  if (rule->transposed && !source.linear_in_out && t.shape.size() == 2) {
    replace_bytes(form, t, transposed(t));
    std::swap(t.shape[0], t.shape[1]);
  }
}

// A bias of zeros for each of GPT-2's norms and linear layers: LayerNorm and products add nothing to what they have.
void add_zero_biases(arranged_tensors& form, checkpoint const& source) {
  constexpr std::string_view weight = "weight";
  for (std::size_t i = 0, count = form.tensors.size(); i < count; ++i) {
    tensor_view const& t = form.tensors[i];
    name_rule const* const rule = rule_of(source, t.name);
    bool const biased = rule != nullptr && (rule->layer.starts_with("blocks.") || rule->layer == "final_norm");
    if (!biased || !t.name.ends_with(weight) || t.shape.empty()) continue;
    tensor_view bias{t.name.substr(0, t.name.size() - weight.size()) + "bias", dtype::f32, {t.shape.back()}, {}};
    replace_values(form, bias, std::vector<float>(static_cast<std::size_t>(t.shape.back())));
    form.tensors.push_back(std::move(bias));
  }
  std::ranges::sort(form.tensors, {}, &tensor_view::name);
}

}  // namespace

arranged_tensors in_transformers_order(checkpoint const& source) {
  arranged_tensors out{source.tensors, {}};
  config const wanted = as_transformers(source.model);
  for (tensor_view& t : out.tensors) {
    bool const floating = t.type == dtype::f32 || t.type == dtype::f16 || t.type == dtype::bf16;
    if (!floating) replace_values(out, t, values_of(t));
    rearrange(out, t, source, wanted);
  }
  return out;
}

hugging_face_form in_hugging_face_form(checkpoint const& source) {
  written_config written = write_hugging_face_config(source);
  if (written.text.empty()) throw error(source.path.string() + ": " + written.refusal);
  hugging_face_form out{in_transformers_order(source), std::move(written.text)};
  if (as_transformers(source.model).bias_ffn && !source.model.bias_ffn) add_zero_biases(out, source);
  return out;
}

}  // namespace constformer
