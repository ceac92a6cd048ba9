#include "config_fields.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

struct activation_name {
  std::string_view name;
  activation_kind kind;
};

// gelu_new, gelu_fast, gelu_accurate and both tanh forms are one formula, written in five ways.
constexpr std::array activations{
    activation_name{"gelu", activation_kind::gelu},
    activation_name{"gelu_python", activation_kind::gelu},
    activation_name{"gelu_new", activation_kind::gelu_tanh},
    activation_name{"gelu_fast", activation_kind::gelu_tanh},
    activation_name{"gelu_accurate", activation_kind::gelu_tanh},
    activation_name{"gelu_pytorch_tanh", activation_kind::gelu_tanh},
    activation_name{"gelu_python_tanh", activation_kind::gelu_tanh},
    activation_name{"quick_gelu", activation_kind::quick_gelu},
    activation_name{"relu", activation_kind::relu},
    activation_name{"relu2", activation_kind::relu2},
    activation_name{"silu", activation_kind::silu},
    activation_name{"swish", activation_kind::silu},
    activation_name{"tanh", activation_kind::tanh},
    activation_name{"sigmoid", activation_kind::sigmoid},
    activation_name{"linear", activation_kind::identity},
};

}  // namespace

std::optional<activation_kind> activation_from_hugging_face(std::string_view name) {
  for (activation_name const& candidate : activations)
    if (candidate.name == name) return candidate.kind;
  return std::nullopt;
}

activation_kind activation_of(json_fields const& fields, std::string_view field, std::string_view otherwise) {
  if (auto const kind = activation_from_hugging_face(fields.text(field, otherwise))) return *kind;
  fields.misfit(
      field,
      "supported are gelu, gelu_new, gelu_fast, gelu_accurate, gelu_pytorch_tanh, quick_gelu, relu, relu2, silu, "
      "swish, tanh, sigmoid and linear");
}

void refuse_flag(json_fields const& fields, std::string_view field) {
  if (fields.flag(field, false)) fields.misfit(field, "only false is supported");
}

int extent_of(json_fields const& fields, std::string_view field, std::string_view alias) {
  bool const own = fields.has(field), other = fields.has(alias);
  if (!own && other) return fields.extent(alias);
  int const size = fields.extent(field);
  if (other && fields.extent(alias) != size)
    fields.misfit(alias, "which is another name of \"" + std::string(field) + "\", " + std::to_string(size));
  return size;
}

int extent_of(json_fields const& fields, std::string_view field, std::string_view alias, int otherwise) {
  return fields.has(field) || fields.has(alias) ? extent_of(fields, field, alias) : otherwise;
}

int quotient(json_fields const& fields, std::string_view width, int dividend, std::string_view heads, int divisor) {
  if (dividend % divisor != 0)
    throw error(fields.where() + ": field \"" + std::string(width) + "\" is " + std::to_string(dividend) +
                ", which is not a multiple of \"" + std::string(heads) + "\" " + std::to_string(divisor));
  return dividend / divisor;
}

layer_set sliding_layers(json_fields const& fields, int count) {
  auto const types = fields.texts("layer_types");
  if (types.size() != static_cast<std::size_t>(count))
    throw error(fields.where() + ": field \"layer_types\" has " + std::to_string(types.size()) + " entries for " +
                std::to_string(count) + " layers");
  if (count > layer_set::limit)
    throw error(fields.where() + ": field \"layer_types\" has " + std::to_string(count) + " entries, " +
                std::to_string(layer_set::limit) + " is the limit");
  layer_set sliding;
  for (int layer = 0; layer < count; ++layer) {
    std::string const& type = types[static_cast<std::size_t>(layer)];
    if (type != "full_attention" && type != "sliding_attention")
      throw error(fields.where() + ": field \"layer_types\" has \"" + type +
                  "\", supported are full_attention and sliding_attention");
    if (type == "sliding_attention") sliding.add(layer);
  }
  return sliding;
}

void set_window(config& c, int window, layer_set const& sliding) {
  c.window = sliding.empty() ? 0 : window;
  c.unwindowed = {};
  if (c.window == 0 || sliding.count(c.layers) == c.layers) return;
  for (int layer = 0; layer < c.layers && layer < layer_set::limit; ++layer)
    if (!sliding.contains(layer)) c.unwindowed.add(layer);
}

}  // namespace constformer
