#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "constformer/checkpoint/traced_fingerprint.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

/// A parameter of a traced model, as an object file tells it.
struct traced_parameter {
  char name[96]{};          ///< `blocks.*.attention.query.weight`, zeros behind it
  std::int32_t rows = 0;    ///< as in `parameter_entry`
  std::int32_t cols = 0;    ///< as in `parameter_entry`
  std::int32_t layers = 1;  ///< as in `parameter_entry`
  std::int32_t role = 0;    ///< `parameter_role`
  std::int64_t offset = 0;  ///< floats before the first layer's
  std::int64_t step = 0;    ///< floats from one layer's to the next
};

/// What is said of all of them.
struct traced_head {
  /// How it begins: the compiler alone knows a model of one's own, and an object file of it is where others read.
  static constexpr char mark[17] = "constformer 0001";
  char magic[16]{};               ///< `mark`
  std::uint64_t fingerprint = 0;  ///< of the model
  std::int64_t floats = 0;        ///< of all parameters
  std::int64_t count = 0;         ///< how many follow
};

/// What packing needs to know of a traced model with N parameters: plain bytes, in the order of memory.
template <std::size_t N>
struct traced_facts {
  traced_head head{};                            ///< first
  std::array<traced_parameter, N> parameters{};  ///< in the order of `parameter_table`
};

/// Of `Model`.
template <class Model>
[[nodiscard]] consteval auto facts_of() {
  constexpr auto const& table = parameter_table<Model>;
  constexpr auto layout = layout_parameters<Model>();
  traced_facts<table.size()> out;
  for (std::size_t i = 0; i < sizeof out.head.magic; ++i) out.head.magic[i] = traced_head::mark[i];
  out.head.fingerprint = traced_fingerprint<Model>();
  out.head.floats = layout.floats;
  out.head.count = static_cast<std::int64_t>(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    traced_parameter& p = out.parameters[i];
    for (std::size_t k = 0; k < table[i].name.size(); ++k) p.name[k] = table[i].name.view()[k];
    p.rows = table[i].rows;
    p.cols = table[i].cols;
    p.layers = table[i].layers;
    p.role = static_cast<std::int32_t>(table[i].role);
    p.offset = layout.places[i].offset;
    p.step = layout.places[i].step;
  }
  return out;
}

}  // namespace constformer
