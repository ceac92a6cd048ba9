#pragma once

#include <functional>
#include <string_view>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer::command {

/// Whether every value of blocks of type `stored` is, bit for bit, a value of `type`.
[[nodiscard]] bool holds_exactly(dtype type, dtype stored);

/// The type that kernels multiply, which a tensor of type `stored` is packed in: its own, or the smallest that holds it
/// exactly.
[[nodiscard]] dtype packed_as(dtype stored);

/// Sets `types`, `weights` and `group` of `model`, the config of `source`, from what each tensor is to be packed in.
/// Parts of one packed matrix get a type that holds all of them exactly.
void set_types(checkpoint const& source, config& model, std::function<dtype(tensor_view const&)> const& type_of_tensor);

/// Sets them as the file has them: of quantised tensors; else all bf16 if all matrices are, or f32.
void set_stored_types(checkpoint const& source, config& model);

/// Names of mixtures that `set_mixture` knows: those of llama-quantize.
inline constexpr std::string_view mixtures[]{"q4_k_m", "q5_k_m", "q6_k"};

/// Sets them as llama-quantize mixes them; matrices whose columns are not whole blocks of 256 get q8_0.
void set_mixture(config& model, std::string_view mixture);

}  // namespace constformer::command
