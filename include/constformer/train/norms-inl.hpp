// Norms of gradients, tensor by tensor, the same bits for any number of threads.
#if defined(CONSTFORMER_TRAIN_NORMS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_TRAIN_NORMS_INL_HPP
#undef CONSTFORMER_TRAIN_NORMS_INL_HPP
#else
#define CONSTFORMER_TRAIN_NORMS_INL_HPP
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hwy/highway.h"

#include "constformer/kernels/squares-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/passes/plan_memory.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// visit(offset, floats) for each tensor of `Program` that learns: by entry of the parameter table, then by layer.
template <class Program, class Visit>
constexpr void for_each_tensor(Visit const& visit) {
  auto const& table = parameter_table<typename Program::model>;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!learns(Program::graph.learns.trains, table[i])) continue;
    parameter_place const& place = Program::parameters.places[i];
    for (int layer = 0; layer < table[i].layers; ++layer) visit(place.offset + layer * place.step, place.step);
  }
}

/// Norms of the tensors of `Program`, each layer's one by itself. Squares are added up piece by piece.
template <class Program>
class gradient_norms {
 public:
  static constexpr std::int64_t piece = 4096;  ///< floats
  /// How many tensors there are.
  static constexpr std::size_t tensors = [] {
    std::size_t count = 0;
    for_each_tensor<Program>([&](std::int64_t, std::int64_t) { ++count; });
    return count;
  }();
  /// How many pieces they have.
  static constexpr int pieces = [] {
    std::int64_t count = 0;
    for_each_tensor<Program>([&](std::int64_t, std::int64_t floats) { count += (floats + piece - 1) / piece; });
    return static_cast<int>(count);
  }();

  /// This worker's share of the sums of squares of all `pieces`.
  static void measure(worker const& self, float const* gradients, double* sums) {
    work_range const mine = self.share(pieces);
    int next = 0;
    for_each_tensor<Program>([&](std::int64_t offset, std::int64_t floats) {
      for (std::int64_t at = 0; at < floats; at += piece, ++next)
        if (next >= mine.begin && next < mine.end)
          sums[next] = sum_of_squares(gradients + offset + at, HWY_MIN(piece, floats - at));
    });
  }

  /// Norms of tensors whose values are those gradients times `factor`; returns the norm of all as torch does, which is
  /// that of the norms.
  static double total(double const* sums, double factor, std::span<float> norms) {
    double squares = 0.0;
    std::size_t tensor = 0;
    for_each_tensor<Program>([&](std::int64_t, std::int64_t floats) {
      double sum = 0.0;
      for (std::int64_t at = 0; at < floats; at += piece) sum += *sums++;
      float const norm = static_cast<float>(std::sqrt(sum) * factor);
      norms[tensor++] = norm;
      squares += static_cast<double>(norm) * static_cast<double>(norm);
    });
    return static_cast<double>(static_cast<float>(std::sqrt(squares)));
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
