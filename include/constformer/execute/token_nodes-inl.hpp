// Nodes that look rows up, choose them, or move them from token to token.
#if defined(CONSTFORMER_EXECUTE_TOKEN_NODES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_TOKEN_NODES_INL_HPP
#undef CONSTFORMER_EXECUTE_TOKEN_NODES_INL_HPP
#else
#define CONSTFORMER_EXECUTE_TOKEN_NODES_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/execute/cached_program.hpp"
#include "constformer/execute/pass_frame.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/execute/tables.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/graph/shape.hpp"
#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Row r where `keeps(r)`, else zeros.
template <class S, class Keeps>
HWY_INLINE void keep_rows(worker const& self, pass_frame const& f, Keeps const& keeps) {
  S::for_rows(self, f, [&](std::size_t r, float* out) {
    if (keeps(r)) return copy_floats(S::first::at(f, r), S::columns, out);
    zero_floats(S::columns, out);
  });
}

/// Rows of a table by ids.
template <>
struct operation<node_kind::gather> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      float const* const from =
          S::first::data(f) + static_cast<std::int64_t>(S::second::ids(f)[r] + S::n.index) * S::columns;
      store_row(out, S::columns, [&](int i, std::size_t count) HWY_ATTR { return hn::LoadN(d, from + i, count); });
    });
  }
};

/// Rows of dy are added to those of the table in the order of tokens; a worker has columns of its own.
template <>
struct operation<node_kind::gather_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    work_range const mine = self.share(S::inner, lanes);
    float* const out = S::data(f);
    if (!S::place.adds && !f.adds)
      for (int id = 0; id < S::n.shape.axes[0].extent; ++id)
        for (int i = mine.begin; i < mine.end; ++i) out[static_cast<std::int64_t>(id) * S::inner + i] = 0.0F;
    for (int r = 0; r < S::first::rows(f); ++r) {
      float const* const dy = S::first::at(f, static_cast<std::size_t>(r));
      float* const row =
          out + static_cast<std::int64_t>(S::second::ids(f)[r] + static_cast<int>(S::n.factor)) * S::inner;
      for (int i = mine.begin; i < mine.end; i += lanes) {
        auto const count = static_cast<std::size_t>(HWY_MIN(lanes, mine.end - i));
        hn::StoreN(hn::Add(hn::LoadN(d, row + i, count), hn::LoadN(d, dy + i, count)), d, row + i, count);
      }
    }
  }
};

/// a in some layers, zeros in the others.
template <>
struct operation<node_kind::sometimes> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    bool const now = S::program::graph.sets[S::n.index].contains(f.layer);
    keep_rows<S>(self, f, [now](std::size_t) { return now; });
  }
};

/// a, zeros at position 0.
template <>
struct operation<node_kind::skip_first> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    keep_rows<S>(self, f, [&](std::size_t r) { return S::second::ids(f)[r] != 0; });
  }
};

/// The row before, or after backwards, if it is of the same sequence.
template <>
struct operation<node_kind::shift> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    if constexpr (keeps_rows<typename S::program> && S::n.shape.rows == row_kind::token) return kept<S>(self, f);
    std::int32_t const* const positions = S::second::ids(f);
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      std::size_t const from = S::n.index > 0 ? r - 1 : r + 1;
      bool const inside =
          S::n.index > 0 ? positions[r] != 0 : from < static_cast<std::size_t>(S::rows(f)) && positions[from] != 0;
      if (inside) return copy_floats(S::first::at(f, from), S::columns, out);
      zero_floats(S::columns, out);
    });
  }

 private:
  // The row before of the same sequence, be it of this batch or kept.
  template <class S>
  static HWY_INLINE void kept(worker const& self, pass_frame const& f) {
    S::for_places(self, f, [&](int s, std::size_t r, int position) {
      float* const out = S::data(f) + r * S::stride;
      copy_floats(S::first::at(f, r), S::columns, S::first::kept(f, s, position));
      if (position == 0) return zero_floats(S::columns, out);
      copy_floats(position == f.cache.pasts[s] ? S::first::kept(f, s, position - 1) : S::first::at(f, r - 1),
                  S::columns, out);
    });
  }
};

/// The first row of each sequence.
template <>
struct operation<node_kind::first_row> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t s, float* out) {
      copy_floats(S::first::at(f, static_cast<std::size_t>(f.batch.start(static_cast<int>(s)))), S::columns, out);
    });
  }
};

/// The rows that are asked for.
template <>
struct operation<node_kind::wanted_rows> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      copy_floats(S::first::at(f, static_cast<std::size_t>(f.batch.wanted[r])), S::columns, out);
    });
  }
};

/// dy in the first row of each sequence, else zeros.
template <>
struct operation<node_kind::first_row_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    work_range const mine = self.share(f.batch.sequences);
    for (int s = mine.begin; s < mine.end; ++s)
      for (int r = f.batch.start(s); r < f.batch.start(s + 1); ++r) {
        float* const out = S::data(f) + static_cast<std::size_t>(r) * S::stride;
        if (r == f.batch.start(s))
          copy_floats(S::first::at(f, static_cast<std::size_t>(s)), S::columns, out);
        else
          zero_floats(S::columns, out);
      }
  }
};

/// Rows of a fixed table of positions.
template <>
struct operation<node_kind::sinusoid> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float const* const table = f.tables + program_tables<typename S::program>::sinusoid_at(S::id);
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      copy_floats(table + static_cast<std::int64_t>(S::first::ids(f)[r]) * S::columns, S::columns, out);
    });
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
