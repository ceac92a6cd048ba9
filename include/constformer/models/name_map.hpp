#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace constformer {

/// Where a checkpoint keeps one layer's tensors. Names are without `.weight` and `.bias`, unless the two lie under
/// different names; `*` stands for a layer's index.
struct name_rule {
  std::string_view layer;  ///< ours: the dotted path of a linear, norm or embedding in `transformer`, or of a parameter
  std::string_view tensor;  ///< the checkpoint's, after its prefix
  int part = 0;  ///< place among the layers that share this tensor, one after the other along the output axis
  bool transposed = false;  ///< stored as (in, out)
  /// The sharing layers' rows alternate head by head: query, key and value of head 0, of head 1 and so on.
  bool per_head = false;
  bool prefixed = true;  ///< the checkpoint's prefix ("model.", "transformer.", "bert.") stands before it
};

/// `rules`, those for the layers of `changes` replaced by these: a family that is near another.
template <std::size_t N, std::size_t M>
[[nodiscard]] constexpr std::array<name_rule, N> changed(std::array<name_rule, N> rules,
                                                         std::array<name_rule, M> const& changes) {
  for (name_rule const& change : changes)
    for (name_rule& rule : rules)
      if (rule.layer == change.layer) rule = change;
  return rules;
}

/// The rules of both.
template <std::size_t First, std::size_t Second>
[[nodiscard]] constexpr std::array<name_rule, First + Second> joined(std::array<name_rule, First> const& first,
                                                                     std::array<name_rule, Second> const& second) {
  std::array<name_rule, First + Second> out{};
  for (std::size_t i = 0; i < First; ++i) out[i] = first[i];
  for (std::size_t i = 0; i < Second; ++i) out[First + i] = second[i];
  return out;
}

/// All that differs between the checkpoints of families: names, packing, and what may be left unread.
struct name_map {
  /// One for each layer with tensors of its own; layers that share a tensor stand in order.
  std::span<name_rule const> rules;
  /// Buffers and heads that files carry and the model does not need, after the prefix.
  std::span<std::string_view const> ignored;
};

/// Whether `name` is `pattern`, where each `*` of the pattern stands for decimal digits, or for anything if it ends the
/// pattern.
[[nodiscard]] constexpr bool matches(std::string_view name, std::string_view pattern) {
  // Whole pieces are compared at once: constant evaluation pays per step, and a checkpoint has hundreds of names.
  for (std::size_t star = pattern.find('*'); star != std::string_view::npos; star = pattern.find('*')) {
    if (name.substr(0, star) != pattern.substr(0, star)) return false;
    name.remove_prefix(star);
    pattern.remove_prefix(star + 1);
    if (pattern.empty()) return true;
    std::size_t digits = 0;
    while (digits < name.size() && name[digits] >= '0' && name[digits] <= '9') ++digits;
    if (digits == 0) return false;
    name.remove_prefix(digits);
  }
  return name == pattern;
}

}  // namespace constformer
