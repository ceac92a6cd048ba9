#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/train/learner.hpp"

namespace constformer::train {

/// Tensors and what they view.
struct owned_tensors {
  std::vector<tensor_view> tensors;            ///< f32, by name
  std::vector<std::vector<std::byte>> values;  ///< theirs
};

/// Values of the shape of a parameter, by entry and layer: its own, or what an optimizer keeps of it.
using parameter_values = std::function<std::span<float>(int entry, int layer)>;

/// The parameters of a model as its family's files have them: names, parts fused, linear layers turned where the family
/// turns them (not if `linear_in_out` is false). A model that no config describes keeps its own names.
[[nodiscard]] owned_tensors to_tensors(learner_facts const& facts, parameter_values const& from,
                                       bool linear_in_out = true);

/// The other way: fills `to` from the tensors of `source`, a checkpoint of the same config. Throws `error` with its
/// name if one is missing or does not fit.
void read_tensors(learner_facts const& facts, checkpoint const& source, parameter_values const& to);

/// The parameters themselves.
[[nodiscard]] parameter_values parameters_of(learner& model);

/// What the optimizer keeps of them under `name`; throws `error` where it keeps nothing. `model` must outlive it.
[[nodiscard]] parameter_values states_of(learner& model, std::string_view name);

/// `name`, its `*` replaced by the layer.
[[nodiscard]] std::string numbered(std::string name, int layer);

/// Our own name of a parameter of one layer, `blocks.3.ffn.up.weight`.
[[nodiscard]] std::string parameter_name_of(learner_facts const& facts, int entry, int layer);

/// visit(entry, layer) for all parameters in the order of their table.
template <class Visit>
void for_each_parameter(learner_facts const& facts, Visit const& visit) {
  for (std::size_t i = 0; i < facts.entries.size(); ++i)
    for (int layer = 0; layer < facts.entries[i].layers; ++layer) visit(static_cast<int>(i), layer);
}

}  // namespace constformer::train
