#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/train/groups.hpp"

namespace constformer {

/// Where one state of a parameter lies among all states: that of layer i begins at offset + i·step.
struct state_place {
  std::string_view name;    ///< as its optimizer names it; empty: the parameter has no such state
  std::int64_t offset = 0;  ///< floats
  std::int64_t step = 0;    ///< floats, `size` and what fills up a cache line
  std::int64_t size = 0;    ///< values of a layer
};

/// What optimizers keep of a model's parameters, and what they work in.
template <std::size_t Entries>
struct optimizer_layout {
  std::array<std::array<state_place, most_states>, Entries> places{};  ///< by entry of the parameter table, then state
  std::int64_t floats = 0;                                             ///< of all states
  std::int64_t scratch = 0;                                            ///< floats that an update works in
};

namespace detail {

template <class Options, std::size_t Entries>
constexpr void lay_out(optimizer_layout<Entries>& out, std::size_t entry, parameter_entry const& p) {
  static_assert(Options::states.size() <= most_states);
  for (std::size_t s = 0; s < Options::states.size(); ++s) {
    state_place& place = out.places[entry][s];
    place = {Options::states[s], out.floats, 0, Options::state_size(s, p.rows, p.cols)};
    place.step = round_up(place.size, panel_rows);
    out.floats += place.step * p.layers;
  }
  if constexpr (requires { Options::scratch(p.rows, p.cols); })
    out.scratch = std::max(out.scratch, Options::scratch(p.rows, p.cols));
}

}  // namespace detail

/// The layout of the states of `Model`, whose groups are `Groups`; only what learns has any.
template <class Model, auto const& Groups, parameter_filter const* Trains = nullptr>
[[nodiscard]] constexpr auto layout_optimizers() {
  constexpr auto const& table = parameter_table<Model>;
  constexpr auto const& group = grouped<Model, Groups, Trains>::table.group;
  optimizer_layout<table.size()> out;
  for (std::size_t i = 0; i < table.size(); ++i)
    [&]<std::size_t... G>(std::index_sequence<G...>) {
      auto const one = [&]<std::size_t At>() {
        using options = std::remove_cvref_t<decltype(std::get<At>(Groups).options)>;
        if (group[i] == static_cast<int>(At)) detail::lay_out<options>(out, i, table[i]);
      };
      (one.template operator()<G>(), ...);
    }(std::make_index_sequence<detail::group_count<Groups>>());
  return out;
}

}  // namespace constformer
