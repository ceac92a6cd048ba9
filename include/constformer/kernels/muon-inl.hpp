// One step of Muon over the matrices of a parameter.
#if defined(CONSTFORMER_KERNELS_MUON_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_MUON_INL_HPP
#undef CONSTFORMER_KERNELS_MUON_INL_HPP
#else
#define CONSTFORMER_KERNELS_MUON_INL_HPP
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/kernels/muon.hpp"
#include "constformer/kernels/norm-inl.hpp"
#include "constformer/kernels/polar-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// One matrix that Muon moves. All workers call all of its functions; what one writes for others it does before a sync.
template <muon_form Form>
class muon_matrix {
 public:
  /// Layer `layer` of a parameter.
  muon_matrix(worker const& self, muon_options<Form> const& options, moved_parameter const& p, int layer,
              update_terms const& terms)
      : self_(self),
        options_(options),
        terms_(terms),
        rows_(p.rows),
        cols_(p.cols),
        weight_(p.values + p.step * layer),
        gradient_(p.gradient + p.step * layer),
        mean_(p.states[0] + p.state_steps[0] * layer),
        square_(form.normalised ? p.states[1] + p.state_steps[1] * layer : nullptr),
        mine_(self.share(p.rows, 4)) {
    int const low = HWY_MIN(rows_, cols_), high = HWY_MAX(rows_, cols_);
    std::int64_t const matrix = muon_options<Form>::matrix_floats(rows_, cols_);
    float* at = terms.shared;
    auto const take = [&at](std::int64_t floats) { return std::exchange(at, at + floats); };
    first_ = take(matrix);
    second_ = take(matrix);
    int const squares = polar_is_wide(low, high) ? 4 : 2;
    for (int i = 0; i < squares; ++i) squares_[i] = rows_of(take(low * muon_stride(low)), low, low);
    sums_ = take(padded(high));
    scales_ = take(padded(high));
  }

  /// Moves it by one step.
  HWY_INLINE void move() {
    float_rows update = rows_of(first_, rows_, cols_);
    mix_momentum(update);
    self_.sync();
    divide_by_norm(update);
    self_.sync();
    update = orthogonal(update);
    float const scale = form.renormed || form.normalised ? norm(update) : 1.0F;
    apply(update, scale);
    self_.sync();
  }

 private:
  // clang 19 reads members of a template argument from wrong places at run time where the struct has padding.
  static constexpr muon_form form = Form;

  static float_rows rows_of(float* data, int rows, int cols) {
    return {data, static_cast<std::size_t>(muon_stride(cols)), rows, cols};
  }
  static float* row(float_rows const& m, int r) { return m.data + static_cast<std::size_t>(r) * m.stride; }
  static HWY_INLINE float squares(float const* x, int width) {
    return sum_of(x, width, [](float_vec v) HWY_ATTR { return hn::Mul(v, v); });
  }
  // map(place in the row, values at that place) for whole vectors of a row, the last one in part.
  template <class Map>
  static HWY_INLINE void for_row(int width, Map const& map) {
    for (int i = 0; i < width; i += lanes) map(i, static_cast<std::size_t>(HWY_MIN(lanes, width - i)));
  }
  // True of matrices whose rows have a mean square each, else columns have.
  [[nodiscard]] bool by_rows() const { return rows_ >= cols_; }

  // m += (g − m)(1 − μ), and the gradient mixed with it by μ, its rows' squares beside.
  HWY_INLINE void mix_momentum(float_rows const& out) {
    float_tag const d;
    auto const times = hn::Set(d, terms_.factor), rest = hn::Set(d, static_cast<float>(1.0 - options_.momentum));
    for (int r = mine_.begin; r < mine_.end; ++r) {
      std::int64_t const at = std::int64_t{r} * cols_;
      float* const to = row(out, r);
      for_row(cols_, [&](int i, std::size_t n) HWY_ATTR {
        auto const g = hn::Mul(hn::LoadN(d, gradient_ + at + i, n), times);
        auto const before = hn::LoadN(d, mean_ + at + i, n);
        auto const m = hn::MulAdd(hn::Sub(g, before), rest, before);
        hn::StoreN(m, d, mean_ + at + i, n);
        hn::StoreN(options_.nesterov ? hn::MulAdd(hn::Sub(g, m), rest, m) : m, d, to + i, n);
      });
      sums_[r] = squares(to, cols_);
    }
  }

  // Rows are brought to one norm, and the matrix to one of at most 1.
  HWY_INLINE void divide_by_norm(float_rows const& x) {
    float_tag const d;
    double const mean = std::sqrt(total(sums_, rows_) / rows_);
    auto const row_scale = [&](int r) {
      return form.equilibrated ? mean / HWY_MAX(std::sqrt(static_cast<double>(sums_[r])), 1e-6) : 1.0;
    };
    double squares = 0.0;
    for (int r = 0; r < rows_; ++r) squares += static_cast<double>(sums_[r]) * row_scale(r) * row_scale(r);
    double const share = 1.0 / (std::sqrt(squares) * form.margin + form.eps);
    for (int r = mine_.begin; r < mine_.end; ++r) {
      auto const by = hn::Set(d, static_cast<float>(row_scale(r) * share));
      float* const at = row(x, r);
      for_row(cols_,
              [&](int i, std::size_t n) HWY_ATTR { hn::StoreN(hn::Mul(hn::LoadN(d, at + i, n), by), d, at + i, n); });
    }
  }

  [[nodiscard]] polar_space space(float_rows const& x, float_rows const& y) const {
    return {x, y, squares_[0], squares_[1], squares_[2], squares_[3]};
  }

  // A tall matrix is turned before, and back afterwards.
  HWY_INLINE float_rows orthogonal(float_rows const& x) {
    auto const all = polar_steps(form.method);
    std::span<polar_step const> const steps(all.data(), static_cast<std::size_t>(options_.steps));
    if (rows_ <= cols_) return make_orthogonal(self_, space(x, rows_of(second_, rows_, cols_)), steps, terms_.own).x;
    work_range const columns = self_.share(cols_, panel_rows);
    float_rows const turned = rows_of(second_, cols_, rows_);
    transpose(x, columns.begin, columns.end, turned);
    self_.sync();
    polar_space const done = make_orthogonal(self_, space(turned, rows_of(first_, cols_, rows_)), steps, terms_.own);
    float_rows const back = rows_of(done.y.data, rows_, cols_);
    transpose(done.x, mine_.begin, mine_.end, back);
    return back;
  }

  // Factors of rows or columns into scales_; returns what all are multiplied by besides.
  HWY_INLINE float norm(float_rows const& x) {
    work_range const lines = by_rows() ? mine_ : self_.share(cols_, panel_rows);
    int const high = HWY_MAX(rows_, cols_);
    double const length = HWY_MIN(rows_, cols_);  // of a line
    sum_lines(x, lines);
    self_.sync();
    double const before = std::sqrt(total(sums_, high));
    double const renorm = form.renormed ? std::sqrt(length) / HWY_MAX(before, 1e-6) : 1.0;
    if (!form.normalised) return static_cast<float>(renorm);
    self_.sync();  // before sums_ are something else
    for (int i = lines.begin; i < lines.end; ++i) {
      float const mean = static_cast<float>(static_cast<double>(sums_[i]) * renorm * renorm / length);
      square_[i] += static_cast<float>(1.0 - options_.beta2) * (mean - square_[i]);
      scales_[i] = 1.0F / std::sqrt(HWY_MAX(square_[i], 1e-10F));
      sums_[i] = mean * static_cast<float>(length) * scales_[i] * scales_[i];
    }
    self_.sync();
    double const after = HWY_MAX(std::sqrt(total(sums_, high)), 1e-10);
    return static_cast<float>(before * renorm / after * renorm);
  }

  // Σ x² of each of these rows, or columns.
  HWY_INLINE void sum_lines(float_rows const& x, work_range lines) {
    float_tag const d;
    if (by_rows()) {
      for (int r = lines.begin; r < lines.end; ++r) sums_[r] = squares(row(x, r), cols_);
      return;
    }
    for_row(lines.end - lines.begin, [&](int i, std::size_t n) HWY_ATTR {
      auto sum = hn::Zero(d);
      for (int r = 0; r < rows_; ++r) {
        auto const v = hn::LoadN(d, row(x, r) + lines.begin + i, n);
        sum = hn::MulAdd(v, v, sum);
      }
      hn::StoreN(sum, d, sums_ + lines.begin + i, n);
    });
  }

  HWY_INLINE void apply(float_rows const& update, float scale) {
    float_tag const d;
    double const rate = terms_.rate * options_.rate;
    double const wide = std::sqrt(HWY_MAX(1.0, static_cast<double>(rows_) / cols_));
    auto const size = hn::Set(d, static_cast<float>(rate * wide));
    auto const decay = hn::Set(d, static_cast<float>((form.cautious ? rate * wide : rate) * options_.decay));
    for (int r = mine_.begin; r < mine_.end; ++r) {
      float* const to = weight_ + std::int64_t{r} * cols_;
      auto const by = hn::Set(d, scale * (form.normalised && by_rows() ? scales_[r] : 1.0F));
      for_row(cols_, [&](int i, std::size_t n) HWY_ATTR {
        auto const p = hn::LoadN(d, to + i, n);
        auto u = hn::Mul(hn::LoadN(d, row(update, r) + i, n), by);
        if (form.normalised && !by_rows()) u = hn::Mul(u, hn::LoadN(d, scales_ + i, n));
        auto shrink = hn::Mul(decay, p);
        if (form.cautious) shrink = hn::IfThenElseZero(hn::Ge(hn::Mul(u, p), hn::Zero(d)), shrink);
        hn::StoreN(hn::Sub(p, hn::MulAdd(size, u, shrink)), d, to + i, n);
      });
    }
  }

  static double total(float const* x, int count) {
    double sum = 0.0;
    for (int i = 0; i < count; ++i) sum += static_cast<double>(x[i]);
    return sum;
  }

  worker const& self_;
  muon_options<Form> const& options_;
  update_terms const& terms_;
  int rows_, cols_;
  float* weight_;
  float const* gradient_;
  float* mean_;
  float* square_;
  work_range mine_;
  float *first_, *second_;  // matrices
  float_rows squares_[4]{};
  float *sums_, *scales_;  // of rows or columns
};

/// A step of Muon over a parameter, matrix by matrix, all workers at each.
template <muon_form Form>
HWY_NOINLINE void move_parameter(worker const& self, muon_options<Form> const& options, moved_parameter const& p,
                                 update_terms const& terms) {
  for (int layer = 0; layer < p.layers; ++layer) muon_matrix<Form>(self, options, p, layer, terms).move();
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
