#pragma once

#include <cstdint>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// Which rows of a tensor a parameter has, along the output axis: `run` neighbours, then again after `stride` rows.
struct source_rows {
  std::int64_t first;   ///< of the tensor
  std::int64_t run;     ///< neighbours
  std::int64_t stride;  ///< from one run to the next
  /// The tensor's row that is row `row` of the parameter.
  [[nodiscard]] std::int64_t operator()(std::int64_t row) const { return first + row / run * stride + row % run; }
};

/// Which rows of its tensor the parameter of a step has in files of the model's family, which name it.
[[nodiscard]] source_rows source_rows_of(config const& model, pack_plan const& plan, pack_step const& step);

/// One parameter of one layer: which rows of which tensor, and where they go in a packed file.
struct parameter_rows {
  pack_step const* step;      ///< of the plan
  tensor_view const* tensor;  ///< of the checkpoint
  int layer;                  ///< from 0
  source_rows source;         ///< along the tensor's output axis
  bool transposed;            ///< the tensor is (in, out)
};

/// Whether a step is wanted: yes.
inline bool any_step(pack_step const&) { return true; }

/// All parameters of `model`, of the steps of `plan` that `counts` says. Throws `error` if a tensor is missing or has
/// another shape.
[[nodiscard]] std::vector<parameter_rows> parameter_rows_of(checkpoint const& source, config const& model,
                                                            pack_plan const& plan,
                                                            bool (*counts)(pack_step const&) = any_step);

}  // namespace constformer
