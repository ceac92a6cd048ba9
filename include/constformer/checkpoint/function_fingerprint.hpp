#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "constformer/checkpoint/fingerprint.hpp"

namespace constformer {

namespace detail {

/// Where functions are told apart: at both signs, near 0, and far out.
inline constexpr std::array sampled_places{-7.0F, -2.5F, -1.0F, -0.3F, -0.01F, 0.0F, 0.02F, 0.6F, 1.0F, 3.0F, 11.0F};

// The function is named by its node: g++ 12 takes no lambda as a template argument.
template <auto const& Graph, std::size_t Id, std::size_t Place>
concept told_by_compiler =
    requires { typename std::bool_constant<(Graph.nodes[Id].function(sampled_places[Place]), true)>; };

template <auto const& Graph, std::size_t Id, std::size_t Place>
constexpr void add_sample(word_hash& hash) {
  hash.add(std::int64_t{told_by_compiler<Graph, Id, Place>});
  if constexpr (told_by_compiler<Graph, Id, Place>) {
    constexpr float at = Graph.nodes[Id].function(sampled_places[Place]);
    if constexpr (at == at)
      hash.add(at);
    else
      hash.add(std::int64_t{-1});  // many bits are no number
  }
}

}  // namespace detail

/// Adds what the function of a `pointwise` node is: its values at eleven places, as far as the compiler can tell them.
/// clang 19 can tell nothing of what calls std::exp and its like; such functions count as one.
template <auto const& Graph, std::size_t Id>
constexpr void add_function(detail::word_hash& hash) {
  [&]<std::size_t... Place>(std::index_sequence<Place...>) {
    (detail::add_sample<Graph, Id, Place>(hash), ...);
  }(std::make_index_sequence<detail::sampled_places.size()>());
}

}  // namespace constformer
