#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "constformer/checkpoint/checkpoint_check.hpp"
#include "constformer/checkpoint/manifest.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/core/text.hpp"
#include "constformer/core/type_text.hpp"
#include "constformer/graph/value.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/models/name_map.hpp"

namespace constformer {

/// True of a struct of layers whose call operator takes ids, or those of a source and ids.
template <class Model>
concept traced_model = is_struct<Model> && (requires(Model const& model, value ids) { model(ids); } ||
                                            requires(Model const& model, value ids) { model(ids, ids); });

/// What a checkpoint of a model of one's own holds: a tensor for each parameter, under its name, with the layer's index
/// for `*`.
template <std::size_t N>
[[nodiscard]] constexpr manifest<N> traced_manifest(std::array<parameter_entry, N> const& table) {
  manifest<N> out;
  for (parameter_entry const& p : table) {
    manifest_entry& entry = out.entries[out.size++];
    entry = {p.name, false, p.layers, p.cols == 0 ? 1 : 2, {p.rows, p.cols}};
  }
  return out;
}

namespace detail {

/// What does not fit: the model in itself, or a tensor.
template <class Model>
constexpr message misfit_of_traced_file(std::span<file_tensor const> tensors) {
  if constexpr (!traced_model<Model>) {
    return format_message("model: {} has no call operator that takes ids", type_text<Model>());
  } else {
    if (message const misfit = trace<Model>().misfit; !misfit.empty()) return misfit;
    auto const wanted = traced_manifest(parameter_table<Model>);
    return checkpoint_misfit(wanted.view(), name_map{}, false, "", tensors);
  }
}

}  // namespace detail

/// Compiles only if the tensors of a file (`Tensors`: a static constexpr object) are the parameters of `Model`; if not,
/// the error is a sentence.
template <class Model, auto const& Tensors>
struct traced_checkpoint_fits {
  /// The sentence; empty, or the struct does not compile.
  static constexpr message misfit = detail::misfit_of_traced_file<Model>(std::span<file_tensor const>(Tensors));
  static_assert(require_empty<misfit>::value);
  static constexpr bool value = true;  ///< true, or the struct does not compile
};

}  // namespace constformer
