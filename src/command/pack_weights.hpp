#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"

namespace constformer::command {

/// Fills `out`, zeroed and packed_layout_of(model).bytes long, by the steps of pack_plan_of(model).
void pack_weights(checkpoint const& source, config const& model, std::span<std::byte> out);

/// Throws `error` unless the tensors that the model needs are there and hold what it asks for.
void require_tensors(checkpoint const& source);

/// Calls visit(step, layer, tensor) for every matrix of `model` that may have a type of its own, and the tensor of the
/// checkpoint that it is, or is a part of.
void visit_matrices(checkpoint const& source, config const& model,
                    std::function<void(pack_step const&, int, tensor_view const&)> const& visit);

/// Where each tensor of the checkpoint went, for `info`.
[[nodiscard]] std::vector<packed_tensor> packed_tensors(checkpoint const& source, config const& model);

/// Where the values of a tensor are to be written, all of them, in its own type.
using tensor_place = std::function<std::span<std::byte>(tensor_view const&)>;

/// pack_weights backwards: writes every parameter of `packed` to its rows of the tensors of `target`, which have the
/// shapes it was packed from. What was added to a vector is taken off; packed_tensor::stored_bytes has what that does
/// not give back.
void unpack_weights(checkpoint const& target, config const& model, std::span<std::byte const> packed,
                    tensor_place const& place);

}  // namespace constformer::command
